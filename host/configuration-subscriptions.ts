import { AppUnreachableError } from "./channel/app-channel.ts";
import type {
  ConfigurationItems,
  ConfigurationSubscription,
} from "./components/configuration/configuration-store.ts";
import { backOffMs } from "./components/pubsub/back-off.ts";
import { ComponentError } from "./errors/component-error.ts";
import { reasonOf } from "./errors/reason-of.ts";
import { sleep, withTimeout } from "./platform.ts";
import type { Sidecar } from "./sidecar.ts";

/** What the app subscribed to. Plain data and Maps: it can be stored. */
export interface KeptSubscription {
  readonly id: string;
  readonly store: string;
  readonly keys: readonly string[];
  readonly metadata: ReadonlyMap<string, string>;
}

/** Where an app's subscriptions outlive its runtime: in pages, whose worker the browser ends whenever it likes. */
export interface SubscriptionRecords {
  load(): Promise<readonly KeptSubscription[]>;
  keep(subscription: KeptSubscription): Promise<void>;
  forget(id: string): Promise<void>;
}

interface Entry {
  readonly kept: KeptSubscription;
  /** Undefined while it waits for the app, or for its store. */
  open: Promise<ConfigurationSubscription> | undefined;
}

/** Each is remembered, and told of every change. */
const mostSubscriptions = 1_000;
/** Between two attempts to subscribe again. */
const resubscribe = { initialMs: 500, maxMs: 30_000 };

const encoder = new TextEncoder();

/** Items as Dapr writes them: what is empty is left out. */
export function itemsJson(items: ConfigurationItems): Record<string, object> {
  return Object.fromEntries(
    [...items].map(([key, { value, version, metadata }]) => [
      key,
      {
        ...(value !== "" && { value }),
        ...(version !== "" && { version }),
        ...(metadata.size > 0 && { metadata: Object.fromEntries(metadata) }),
      },
    ]),
  );
}

function same(a: Omit<KeptSubscription, "id">, b: Omit<KeptSubscription, "id">): boolean {
  const text = ({ store, keys, metadata }: Omit<KeptSubscription, "id">) =>
    JSON.stringify([store, [...keys].sort(), [...metadata].sort()]);
  return text(a) === text(b);
}

/** A key may hold slashes, which stay, as in Dapr. */
const escaped = (text: string) => text.split("/").map(encodeURIComponent).join("/");

/** The app's subscriptions to configuration: updates are posted to it, one call for each key (dapr-http-api §2.5). */
export class ConfigurationSubscriptions {
  readonly #sidecar: () => Sidecar;
  readonly #records: SubscriptionRecords | undefined;
  readonly #entries = new Map<string, Entry>();
  readonly #closing = new AbortController();
  /** Ends the calls to the app. */
  readonly #calls = new AbortController();

  constructor(sidecar: () => Sidecar, records: SubscriptionRecords | undefined) {
    this.#sidecar = sidecar;
    this.#records = records;
  }

  /** Reads what the app subscribed to before. What cannot be read is logged and counts as nothing. */
  async load(): Promise<void> {
    try {
      for (const kept of (await this.#records?.load()) ?? [])
        this.#entries.set(kept.id, { kept, open: undefined });
    } catch (error) {
      this.#sidecar().log.error("the app's subscriptions to configuration are lost", {
        cause: reasonOf(error),
      });
    }
  }

  /** The app can be told now: subscriptions of an earlier life go on. */
  start(): void {
    for (const entry of this.#entries.values()) if (entry.open === undefined) void this.#reopen(entry);
  }

  /**
   * Answers the subscription's id. Where subscriptions outlive the runtime, one that is there already is answered: a page
   * subscribes anew whenever it is loaded. Throws what the store throws, or that there are too many, and keeps nothing then.
   */
  async subscribe(subscription: Omit<KeptSubscription, "id">): Promise<string> {
    const there = this.#records && [...this.#entries.values()].find(({ kept }) => same(kept, subscription));
    if (there !== undefined) {
      await there.open;
      return there.kept.id;
    }
    if (this.#entries.size >= mostSubscriptions) {
      throw new ComponentError(
        "RESOURCE_EXHAUSTED",
        `the app has ${mostSubscriptions} subscriptions already, the most that its sidecar keeps; unsubscribe from those that it needs no longer`,
      );
    }
    const kept = { ...subscription, id: this.#sidecar().platform.uuid() };
    const entry: Entry = { kept, open: this.#open(kept) };
    this.#entries.set(kept.id, entry);
    try {
      await entry.open;
      await this.#records?.keep(kept);
    } catch (error) {
      await this.#end(entry);
      throw error;
    }
    return kept.id;
  }

  /** False where that store has no such subscription. */
  async unsubscribe(store: string, id: string): Promise<boolean> {
    const entry = this.#entries.get(id);
    if (entry?.kept.store !== store) return false;
    await this.#records?.forget(id);
    await this.#end(entry);
    return true;
  }

  /** Those of stores that were replaced go on with the new ones; those of a store that is gone wait for its return. */
  async moved(stores: readonly string[]): Promise<void> {
    const touched = [...this.#entries.values()].filter(({ kept }) => stores.includes(kept.store));
    await Promise.all(
      touched.map(async (entry) => {
        const before = entry.open;
        entry.open = undefined;
        await this.#reopen(entry);
        await (await before?.catch(() => undefined))?.close();
      }),
    );
  }

  /** No more updates; those under way are awaited for so long and then cancelled. */
  async close(drainMs: number): Promise<void> {
    this.#closing.abort();
    const closed = Promise.all(
      [...this.#entries.values()].map(async ({ open }) => (await open?.catch(() => undefined))?.close()),
    );
    this.#entries.clear();
    const { clock } = this.#sidecar().platform;
    await withTimeout(clock, drainMs, closed, () => new Error("late")).catch(() => this.#calls.abort());
  }

  async #open(kept: KeptSubscription): Promise<ConfigurationSubscription> {
    const { id, store, keys, metadata } = kept;
    const component = this.#sidecar().components.configuration.get(store)?.component;
    if (component === undefined)
      throw new ComponentError("NOT_FOUND", `configuration store ${store} is not loaded`);
    return await component.subscribe(keys, metadata, (items) => this.#tell(kept, items), id);
  }

  /** Resolves after the first attempt; the others follow in the background. */
  async #reopen(entry: Entry, failures = 0): Promise<void> {
    const { id, store } = entry.kept;
    const { platform, log, components } = this.#sidecar();
    if (!components.configuration.has(store)) return;
    const open = this.#open(entry.kept);
    entry.open = open;
    try {
      await open;
    } catch (error) {
      if (this.#entries.get(id) !== entry || entry.open !== open) return;
      log.error(
        `could not subscribe to configuration store ${store} again; trying again: ${reasonOf(error)}`,
      );
      const wait = backOffMs(resubscribe, failures + 1, platform);
      void sleep(platform.clock, wait, this.#closing.signal).then(
        () => (entry.open === open ? this.#reopen(entry, failures + 1) : undefined),
        () => undefined,
      );
    }
  }

  async #end(entry: Entry): Promise<void> {
    this.#entries.delete(entry.kept.id);
    const open = await entry.open?.catch(() => undefined);
    await (open?.end?.() ?? open?.close());
  }

  /**
   * What the app does not take is logged and not told again, as in Dapr. Rejects where the app was not reached: a store
   * that remembers how far its subscriptions have come counts the update as not told.
   */
  async #tell({ id, store }: KeptSubscription, items: ConfigurationItems): Promise<void> {
    const { app, log } = this.#sidecar();
    const body = encoder.encode(JSON.stringify({ id, items: itemsJson(items) }));
    for (const key of items.keys()) {
      try {
        const answer = await app?.invoke({
          method: "POST",
          path: `/configuration/${escaped(store)}/${escaped(key)}`,
          query: "",
          headers: ["content-type", "application/json"],
          body,
          signal: this.#calls.signal,
        });
        if (answer?.body instanceof ReadableStream) await answer.body.cancel();
        if (answer?.status === 200) continue;
        log.error(
          `the app answered ${answer?.status} to an update of key ${key} of configuration store ${store}`,
        );
      } catch (error) {
        log.error(`the app cannot be told of key ${key} of configuration store ${store}: ${reasonOf(error)}`);
        if (error instanceof AppUnreachableError || this.#calls.signal.aborted) throw error;
      }
    }
  }
}
