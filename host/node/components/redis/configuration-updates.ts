import type { ComponentContext } from "../../../components/component.ts";
import type {
  ConfigurationItem,
  ConfigurationItems,
  ConfigurationSubscription,
} from "../../../components/configuration/configuration-store.ts";
import { type BackOff, backOffMs } from "../../../components/pubsub/back-off.ts";
import { type Log, type Platform, sleep } from "../../../platform.ts";
import { readItems } from "./configuration-items.ts";
import { keyChannel, tellOfKeys } from "./keyspace.ts";
import type { RedisClient } from "./redis-client.ts";

type Changed = (items: ConfigurationItems) => Promise<void>;

export interface Watched {
  /** None: all. */
  readonly keys: readonly string[];
  readonly database: number;
}

const retry: BackOff = { initialMs: 50, maxMs: 2_000 };
const gone: ConfigurationItem = { value: "", version: "", metadata: new Map() };

/**
 * One subscription, on a connection of its own: the server tells of a key, its value is read, and what differs from
 * what was told last is told. After the connection was lost, everything is compared.
 */
export class ConfigurationUpdates implements ConfigurationSubscription {
  readonly #commands: RedisClient;
  readonly #listener: RedisClient;
  readonly #watched: Watched;
  readonly #changed: Changed;
  readonly #platform: Platform;
  readonly #log: Log;
  readonly #closing = new AbortController();
  #known: Map<string, ConfigurationItem> = new Map();
  #turn: Promise<void> = Promise.resolve();
  /** Keys to look at in a turn that has not begun. */
  #next: Set<string> | undefined;
  #everything = false;
  /** In a row, of reading what changed. */
  #failures = 0;
  #retries = false;

  private constructor(
    commands: RedisClient,
    listener: RedisClient,
    watched: Watched,
    changed: Changed,
    { platform, log }: ComponentContext,
  ) {
    this.#commands = commands;
    this.#listener = listener;
    this.#watched = watched;
    this.#changed = changed;
    this.#platform = platform;
    this.#log = log;
  }

  /** Resolves once no change is missed any more. Throws a ComponentError, with nothing left open. */
  static async start(
    commands: RedisClient,
    watched: Watched,
    changed: Changed,
    context: ComponentContext,
  ): Promise<ConfigurationUpdates> {
    const listener = await commands.another({ waits: true });
    const updates = new ConfigurationUpdates(commands, listener, watched, changed, context);
    const { raw } = listener;
    const prefix = keyChannel(watched.database, "").length;
    raw.on("message", (channel: string) => updates.#look([channel.slice(prefix)]));
    raw.on("pmessage", (_: string, channel: string) => updates.#look([channel.slice(prefix)]));
    raw.on("ready", () => void updates.#again());
    try {
      const begun = updates.#begin();
      // What is told meanwhile is looked at once there is something to compare it with.
      updates.#turn = begun.catch(() => undefined);
      await begun;
      return updates;
    } catch (error) {
      await listener.close();
      throw commands.error(error);
    }
  }

  async #begin(): Promise<void> {
    await this.#listen();
    this.#known = new Map(await readItems(this.#commands, this.#watched.keys));
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#listener.close();
    await this.#turn;
  }

  async #listen(): Promise<void> {
    const { keys, database } = this.#watched;
    await tellOfKeys(this.#commands, this.#log);
    if (keys.length === 0) await this.#listener.raw.psubscribe(keyChannel(database, "*"));
    else await this.#listener.raw.subscribe(...keys.map((key) => keyChannel(database, key)));
  }

  async #again(): Promise<void> {
    const { signal } = this.#closing;
    for (let failures = 1; !signal.aborted; failures++) {
      try {
        await this.#listen();
        return this.#look([]);
      } catch (error) {
        const { code, message: cause } = this.#commands.error(error);
        if (code !== "UNAVAILABLE" && failures === 1) {
          this.#log.warn("configuration updates cannot be had again yet; trying on", { cause });
        }
      }
      const { clock } = this.#platform;
      await sleep(clock, backOffMs(retry, failures, this.#platform), signal).catch(() => undefined);
    }
  }

  /** Tells what changed of these keys, or of all for none, after what is being told; what comes meanwhile goes along. */
  #look(keys: readonly string[]): void {
    const waits = this.#next !== undefined;
    this.#next ??= new Set();
    if (keys.length === 0) this.#everything = true;
    for (const key of keys) this.#next.add(key);
    if (waits) return;
    this.#turn = this.#turn
      .then(() => new Promise((resolve) => setImmediate(resolve)))
      .then(() => {
        const some = this.#everything ? [] : [...(this.#next ?? [])];
        this.#next = undefined;
        this.#everything = false;
        return this.#tell(some);
      })
      .then(
        () => {
          this.#failures = 0;
        },
        (error: unknown) => void this.#retry(error),
      );
  }

  /** What could not be read is compared with everything else, once it can. */
  async #retry(error: unknown): Promise<void> {
    const { signal } = this.#closing;
    if (this.#retries || signal.aborted) return;
    this.#retries = true;
    const { code, message: cause } = this.#commands.error(error);
    if (++this.#failures === 1 && code !== "UNAVAILABLE") {
      this.#log.warn("configuration updates cannot be read; trying on", { cause });
    }
    const wait = backOffMs(retry, this.#failures, this.#platform);
    await sleep(this.#platform.clock, wait, signal).catch(() => undefined);
    this.#retries = false;
    await this.#again();
  }

  async #tell(keys: readonly string[]): Promise<void> {
    if (this.#closing.signal.aborted) return;
    const all = keys.length === 0;
    const present = await readItems(this.#commands, all ? this.#watched.keys : keys);
    const changes = new Map<string, ConfigurationItem>();
    for (const [key, item] of present) {
      const before = this.#known.get(key);
      if (before?.value !== item.value || before.version !== item.version) changes.set(key, item);
    }
    for (const key of all ? this.#known.keys() : keys) {
      if (this.#known.has(key) && !present.has(key)) changes.set(key, gone);
    }
    for (const [key, item] of changes) {
      if (item === gone) this.#known.delete(key);
      else this.#known.set(key, item);
    }
    // The runtime tells of a handler that fails.
    if (changes.size > 0 && !this.#closing.signal.aborted)
      await this.#changed(changes).catch(() => undefined);
  }
}
