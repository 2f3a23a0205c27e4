import { reasonOf } from "../../errors/reason-of.ts";
import type { ComponentContext } from "../component.ts";
import { jsonObject, metadataQuery, texts } from "../dapr/remote-json.ts";
import { positive, remoteMetadata } from "../dapr/remote-metadata.ts";
import { RemoteSidecar } from "../dapr/remote-sidecar.ts";
import { duration } from "../metadata-schema.ts";
import {
  type ConfigurationItem,
  type ConfigurationItems,
  type ConfigurationStore,
  type ConfigurationSubscription,
  defineConfigurationStore,
} from "./configuration-store.ts";

class DaprConfigurationStore implements ConfigurationStore {
  readonly #remote: RemoteSidecar;
  readonly #context: ComponentContext;
  readonly #intervalMs: number;
  readonly #subscriptions = new Set<ConfigurationSubscription>();
  /** Why the last poll failed; undefined where it did not. */
  #cause: string | undefined;

  constructor(remote: RemoteSidecar, intervalMs: number, context: ComponentContext) {
    this.#remote = remote;
    this.#intervalMs = intervalMs;
    this.#context = context;
  }

  async get(keys: readonly string[], metadata: ReadonlyMap<string, string>): Promise<ConfigurationItems> {
    const names = new URLSearchParams(keys.map((key) => ["key", key])).toString();
    const query = `${metadataQuery(metadata)}${metadata.size === 0 ? "?" : "&"}${names}`;
    const answer = await this.#remote.call({
      method: "GET",
      path: `/v1.0/configuration/${this.#remote.component}${query}`,
    });
    if (answer.status === 204) return new Map();
    const items = [...jsonObject(this.#remote, answer)];
    return new Map(items.map(([key, item]) => [key, this.#item(item)]));
  }

  /** The other sidecar would post updates to its own app, so what is there is read again and again. */
  async subscribe(
    keys: readonly string[],
    metadata: ReadonlyMap<string, string>,
    changed: (items: ConfigurationItems) => Promise<void>,
  ): Promise<ConfigurationSubscription> {
    const { clock } = this.#context.platform;
    let known = await this.get(keys, metadata);
    let closed = false;
    let underWay: Promise<void> = Promise.resolve();
    const poll = async () => {
      const next = await this.#poll(keys, metadata);
      const changes = next === undefined ? new Map() : difference(known, next);
      known = next ?? known;
      if (changes.size > 0 && !closed) await changed(changes);
    };
    const wait = () =>
      clock.after(this.#intervalMs, () => {
        underWay = poll()
          .catch(() => undefined)
          .then(() => {
            if (!closed) cancel = wait();
          });
      });
    let cancel = wait();
    const subscription: ConfigurationSubscription = {
      close: async () => {
        closed = true;
        cancel();
        this.#subscriptions.delete(subscription);
        await underWay;
      },
    };
    this.#subscriptions.add(subscription);
    return subscription;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#subscriptions].map((subscription) => subscription.close()));
    await this.#remote.close();
  }

  async #poll(
    keys: readonly string[],
    metadata: ReadonlyMap<string, string>,
  ): Promise<ConfigurationItems | undefined> {
    try {
      const items = await this.get(keys, metadata);
      this.#cause = undefined;
      return items;
    } catch (error) {
      const cause = reasonOf(error);
      // Said once, not at each poll.
      if (cause !== this.#cause) {
        this.#context.log.warn("updates are late: the configuration could not be read", { cause });
      }
      this.#cause = cause;
      return undefined;
    }
  }

  #item(given: unknown): ConfigurationItem {
    const { metadata, ...rest } = Object(given) as Record<string, unknown>;
    const members = texts(this.#remote, rest);
    const value = members.get("value") ?? "";
    return { value, version: members.get("version") ?? "", metadata: texts(this.#remote, metadata) };
  }
}

/** What of `next` is not as it was, and what is gone with an empty value. */
function difference(before: ConfigurationItems, next: ConfigurationItems): ConfigurationItems {
  const changes = new Map(
    [...next].filter(([key, item]) => {
      const old = before.get(key);
      return old?.value !== item.value || old.version !== item.version;
    }),
  );
  for (const [key, { version, metadata }] of before) {
    if (!next.has(key)) changes.set(key, { value: "", version, metadata });
  }
  return changes;
}

/** `configuration.dapr`. */
export const daprConfigurationStore = defineConfigurationStore({
  type: "configuration.dapr",
  version: "v1",
  summary: "A configuration store of another Dapr sidecar. Subscribers are told what a poll finds changed.",
  metadata: {
    ...remoteMetadata,
    pollInterval: duration("How often a subscription reads the configuration again.", 5_000),
  },
  features: [],
  async open(metadata, context) {
    const intervalMs = positive(context.name, "pollInterval", metadata.pollInterval ?? 5_000);
    return new DaprConfigurationStore(new RemoteSidecar(metadata, context), intervalMs, context);
  },
});
