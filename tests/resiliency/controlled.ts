import { defineBinding } from "../../host/components/bindings/binding.ts";
import { defineConfigurationStore } from "../../host/components/configuration/configuration-store.ts";
import { defineLockStore } from "../../host/components/lock/lock-store.ts";
import { definePubSub } from "../../host/components/pubsub/pubsub.ts";
import type { Registry } from "../../host/components/registry.ts";
import { defineSecretStore } from "../../host/components/secretstores/secret-store.ts";
import { defineStore, type WriteBatch } from "../../host/components/state/store.ts";
import { type Code, ComponentError } from "../../host/errors/component-error.ts";

/** What components of a test do when they are called: fail with a code, hang, or work. */
export class Control {
  /** When each call came. */
  readonly calls: number[] = [];
  readonly batches: WriteBatch[] = [];
  now: () => number = () => 0;
  /** What the calls do, one after the other; the last goes on. */
  script: readonly (Code | "works" | "hangs" | Error)[] = ["works"];

  async call<T>(answer: T): Promise<T> {
    this.calls.push(this.now());
    const does = this.script[Math.min(this.calls.length, this.script.length) - 1];
    if (does === "hangs") return new Promise(() => undefined);
    if (does instanceof Error) throw does;
    if (does !== undefined && does !== "works") throw new ComponentError(does, `it fails: ${does}`);
    return answer;
  }
}

/** One component of each family, all under one control; each remembers its private state, as real ones do. */
export function controlledRegistry(control: Control): Registry {
  const base = { version: "v1", summary: "A test's.", metadata: {} } as const;
  class Each {
    readonly #control = control;
    readonly operations = ["create"];
    get = () => this.#control.call(undefined);
    bulkGet = (keys: readonly string[]) => this.#control.call(keys.map(() => undefined));
    write(batch: WriteBatch) {
      this.#control.batches.push(batch);
      return this.#control.call(batch.operations.map(() => undefined));
    }
    publish() {
      return this.#control.call(undefined);
    }
    subscribe = async () => ({ close: async () => undefined });
    invoke() {
      return this.#control.call(undefined);
    }
    tryLock() {
      return this.#control.call(true);
    }
    unlock() {
      return this.#control.call(0 as const);
    }
    close = async () => undefined;
  }
  const open = async () => new Each() as never;
  class Settings extends Each {
    override get = (() => control.call(new Map())) as never;
  }
  return {
    state: [defineStore({ ...base, type: "state.controlled", features: ["OUTCOME"], open })],
    pubsub: [definePubSub({ ...base, type: "pubsub.controlled", features: [], open })],
    bindings: [defineBinding({ ...base, type: "bindings.controlled", features: ["OUTPUT_BINDING"], open })],
    lock: [defineLockStore({ ...base, type: "lock.controlled", features: [], open })],
    secretstores: [
      defineSecretStore({
        ...base,
        type: "secretstores.controlled",
        features: [],
        open: async () => new Settings() as never,
      }),
    ],
    configuration: [
      defineConfigurationStore({
        ...base,
        type: "configuration.controlled",
        features: [],
        open: async () => new Settings() as never,
      }),
    ],
  };
}

export const component = (type: string, name = "c") =>
  `apiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata:\n  name: ${name}\nspec:\n  type: ${type}\n  version: v1\n`;

/** A Resiliency of the spec's two halves, each as YAML in one line. */
export const resiliency = (policies: string, targets = "{}", name = "r") =>
  `---\napiVersion: dapr.io/v1alpha1\nkind: Resiliency\nmetadata:\n  name: ${name}\nspec:\n  policies: ${policies}\n  targets: ${targets}\n`;
