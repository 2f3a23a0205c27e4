import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { App, Dapr } from "../../demo/patterns/dapr.ts";
import type { BindingDefinition } from "../../host/components/bindings/binding.ts";
import { InMemoryBroker, inMemoryPubSub } from "../../host/components/pubsub/in-memory.ts";
import { FakeClock } from "../../host/fake-clock.ts";
import type { Instance, Member, Receiver, Transport } from "../../host/mesh/transport.ts";
import { createRuntime, type LocalRuntime } from "../../host/node/create-runtime.ts";
import { nodeRegistry } from "../../host/node/registry.ts";
import { consoleLog } from "../../host/web-platform.ts";

export type Program = (dapr: Dapr) => App;

interface Neighbour {
  readonly member: Member;
  readonly receive: Receiver;
}

export interface StartOptions {
  /** The app fails once its call of this number has been made; `crashed` is told of it. */
  readonly crashAfter?: number;
  readonly crashed?: () => Promise<void>;
  /** Beside `statestore` and `pubsub`. */
  readonly bindings?: readonly { readonly name: string; readonly definition: BindingDefinition }[];
}

/** Runtimes in this process on one broker and one mesh, each app with a database of its own that outlives it. */
export class Town {
  readonly clock = new FakeClock();
  readonly #registry = { ...nodeRegistry, pubsub: [inMemoryPubSub(new InMemoryBroker())] };
  readonly #folder = mkdtempSync(join(tmpdir(), "daprlet-town-"));
  readonly #neighbours = new Set<Neighbour>();
  readonly #running = new Set<LocalRuntime>();
  readonly #restarts: Promise<void>[] = [];

  /** Starts an instance of an app. */
  async start(
    appId: string,
    program: Program,
    { crashAfter, crashed, bindings = [] }: StartOptions = {},
  ): Promise<LocalRuntime> {
    let calls = 0;
    const dapr: Dapr = async (path, init) => {
      const answer = await runtime.fetch(path, init);
      if (++calls !== crashAfter) return answer;
      if (crashed !== undefined) this.#restarts.push(crashed());
      throw new Error("the app crashed");
    };
    const app = program(dapr);
    const runtime: LocalRuntime = await createRuntime({
      appId,
      clock: this.clock,
      registry: { ...this.#registry, bindings: bindings.map(({ definition }) => definition) },
      log: consoleLog("error", appId),
      transports: [this.#transport()],
      components: [
        {
          name: "statestore",
          type: "state.sqlite",
          metadata: { connectionString: join(this.#folder, `${appId}.db`) },
        },
        { name: "pubsub", type: "pubsub.in-memory" },
        ...bindings.map(({ name, definition: { type } }) => ({
          name,
          type,
          metadata: { direction: "input" },
        })),
      ],
      app: (request) => app.fetch(request),
    });
    this.#running.add(runtime);
    return runtime;
  }

  async end(runtime: LocalRuntime): Promise<void> {
    this.#running.delete(runtime);
    await runtime.stop();
  }

  /** Moves time on until `ask` answers what is wanted. */
  async until<T>(ask: () => Promise<T>, wanted: (value: T) => boolean): Promise<T> {
    for (let turn = 0; turn < 500; turn++) {
      const value = await ask();
      if (wanted(value)) return value;
      await this.clock.advance(1_000);
      // What reads a database or a stream needs turns of the event loop that no clock of ours counts.
      await new Promise((resolve) => setImmediate(resolve));
    }
    throw new Error(`it never came: ${JSON.stringify(await ask())}`);
  }

  /** Lets what is still under way end. */
  async rest(): Promise<void> {
    await Promise.all(this.#restarts);
    for (let turn = 0; turn < 5; turn++) {
      await this.clock.advance(30_000);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#restarts);
    await Promise.all([...this.#running].map((runtime) => this.end(runtime)));
    rmSync(this.#folder, { recursive: true });
  }

  #transport(): Transport {
    const neighbours = this.#neighbours;
    let own: Neighbour | undefined;
    return {
      name: "town",
      async join(member, receive) {
        own = { member, receive };
        neighbours.add(own);
      },
      async instances(appId) {
        const found = [...neighbours].filter((one) => one !== own && one.member.appId === appId);
        return found.map(
          ({ member, receive }): Instance => ({
            id: member.instance,
            appId,
            namespace: member.namespace,
            invoke: (request) => receive(request, (own as Neighbour).member),
          }),
        );
      },
      suspect: () => undefined,
      async close() {
        if (own !== undefined) neighbours.delete(own);
      },
    };
  }
}

/** What an app has stored. Read past the app, so that no crash of its own is met. */
export async function stored<T>(runtime: LocalRuntime, key: string): Promise<T | undefined> {
  const answer = await runtime.fetch(`/v1.0/state/statestore/${encodeURIComponent(key)}`);
  return answer.status === 200 ? ((await answer.json()) as T) : undefined;
}

/** Posts JSON to a sidecar. */
export async function post(runtime: LocalRuntime, path: string, body: unknown): Promise<number> {
  const headers = { "content-type": "application/json" };
  return (await runtime.fetch(path, { method: "POST", headers, body: JSON.stringify(body) })).status;
}
