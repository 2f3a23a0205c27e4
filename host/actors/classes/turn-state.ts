import type { StateChange } from "./actor-sidecar.ts";

/** The state of one actor, as a method sees it: only during a turn. */
export interface ActorState {
  /** The value under the key; undefined where there is none. Only this key is read from the store, and once a turn. */
  get<T = unknown>(key: string): Promise<T | undefined>;
  has(key: string): Promise<boolean>;
  /**
   * Any JSON. Written at the end of the turn, with all other changes of it or not at all, and before the caller is
   * answered; as it is then, should it be changed meanwhile.
   */
  set(key: string, value: unknown, options?: { readonly ttlInSeconds?: number }): void;
  delete(key: string): void;
}

/** What a turn knows of one key. */
type Entry =
  | { readonly kind: "read"; readonly value: unknown }
  | { readonly kind: "set"; readonly value: unknown; readonly ttlInSeconds: number | undefined }
  | { readonly kind: "delete"; readonly value?: undefined };

/** JSON text of a key, or undefined. */
type Load = (key: string) => Promise<Uint8Array | undefined>;

/** State during one turn. The turn of a call that comes back to an actor sees what the one around it has changed. */
export class TurnState implements ActorState {
  readonly #entries = new Map<string, Entry | Promise<Entry>>();
  readonly #load: Load;
  readonly #around: TurnState | undefined;

  constructor(load: Load, around: TurnState | undefined) {
    this.#load = load;
    this.#around = around;
  }

  async get<T>(key: string): Promise<T | undefined> {
    return (await this.#entry(key)).value as T | undefined;
  }

  async has(key: string): Promise<boolean> {
    return (await this.get(key)) !== undefined;
  }

  set(key: string, value: unknown, { ttlInSeconds }: { readonly ttlInSeconds?: number } = {}): void {
    if (value === undefined || typeof value === "function" || typeof value === "symbol") {
      throw new TypeError(`state.set("${key}"): the value must be JSON; delete("${key}") removes it`);
    }
    if (ttlInSeconds !== undefined && !(Number.isInteger(ttlInSeconds) && ttlInSeconds > 0)) {
      throw new RangeError(`state.set("${key}"): ttlInSeconds must be a positive whole number`);
    }
    this.#entries.set(named(key), { kind: "set", value, ttlInSeconds });
  }

  delete(key: string): void {
    this.#entries.set(named(key), { kind: "delete" });
  }

  /** In the order in which keys were first touched. */
  get changes(): readonly StateChange[] {
    const changes: StateChange[] = [];
    for (const [key, entry] of this.#entries) {
      if (entry instanceof Promise || entry.kind === "read") continue;
      if (entry.kind === "delete") changes.push({ operation: "delete", request: { key } });
      else {
        const { value, ttlInSeconds: ttl } = entry;
        const metadata = ttl === undefined ? {} : { metadata: { ttlInSeconds: String(ttl) } };
        changes.push({ operation: "upsert", request: { key, value, ...metadata } });
      }
    }
    return changes;
  }

  /** Its changes are in the store: the turns around it see them as read. */
  committed(): void {
    for (const [key, entry] of this.#entries) {
      if (entry instanceof Promise || entry.kind === "read") continue;
      const read: Entry = { kind: "read", value: entry.value };
      for (let turn = this.#around; turn !== undefined; turn = turn.#around) turn.#entries.set(key, read);
    }
  }

  #entry(key: string): Entry | Promise<Entry> {
    const known = this.#known(named(key));
    if (known !== undefined) return known;
    const reading = this.#read(key);
    this.#entries.set(key, reading);
    return reading;
  }

  #known(key: string): Entry | Promise<Entry> | undefined {
    return this.#entries.get(key) ?? (this.#around === undefined ? undefined : this.#around.#known(key));
  }

  async #read(key: string): Promise<Entry> {
    try {
      const text = await this.#load(key);
      const value = text === undefined ? undefined : JSON.parse(new TextDecoder().decode(text));
      const entry: Entry = { kind: "read", value };
      // It may have been set meanwhile.
      if (this.#entries.get(key) instanceof Promise) this.#entries.set(key, entry);
      return entry;
    } catch (error) {
      if (this.#entries.get(key) instanceof Promise) this.#entries.delete(key);
      throw error;
    }
  }
}

function named(key: string): string {
  if (typeof key !== "string" || key === "")
    throw new TypeError("a key of state must be text, and not empty");
  return key;
}
