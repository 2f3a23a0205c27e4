import { toHex } from "../../hex.ts";
import type { Clock, Platform } from "../../platform.ts";
import { ListedKeys } from "./listed-keys.ts";
import type { MemoryIndex } from "./memory-index.ts";
import type { WriteOutcome } from "./store.ts";

export interface Entry {
  readonly value: Uint8Array;
  readonly etag: string;
  readonly expiresAt: number | undefined;
  readonly listed: boolean;
}

interface Recorded {
  readonly outcome: WriteOutcome;
  readonly until: number;
}

/** How often items past their time are let go. They are missing from that time on, collected or not. */
const COLLECT_MS = 60_000;

/** What an in-memory store keeps, and the one that replaces it goes on with. */
export class MemoryItems {
  readonly #clock: Clock;
  readonly #items = new Map<string, Entry>();
  /** By request id; in order of time, because all are kept equally long. */
  readonly outcomes = new Map<string, Recorded>();
  /** Keys that may expire. */
  readonly #mortal = new Set<string>();
  readonly #listed = new ListedKeys();
  /** One of each store that has one: they may declare other paths. */
  readonly #indexes = new Set<MemoryIndex>();
  /** Differs between lives, so that no ETag of an earlier one matches. */
  readonly #generation: string;
  #version = 0;
  #stores = 0;
  #cancelCollection: (() => void) | undefined;

  constructor({ clock, random }: Platform) {
    this.#clock = clock;
    this.#generation = `${toHex(random(new Uint8Array(6)))}-`;
  }

  /** From now on these are a store's, and its index is held to them. */
  join(index: MemoryIndex | undefined): void {
    this.#stores++;
    if (index === undefined) return;
    for (const [key, { value }] of this.#items) index.put(key, value);
    this.#indexes.add(index);
  }

  leave(index: MemoryIndex | undefined): void {
    if (index !== undefined) this.#indexes.delete(index);
    if (--this.#stores === 0) this.#cancelCollection?.();
  }

  keys(): Iterable<string> {
    return this.#items.keys();
  }

  /** Also where its time is over. */
  get(key: string): Entry | undefined {
    return this.#items.get(key);
  }

  live(key: string): Entry | undefined {
    const entry = this.#items.get(key);
    if (entry?.expiresAt === undefined || entry.expiresAt > this.#clock.now()) return entry;
    return undefined;
  }

  list(from: string, to: string, limit: number): readonly string[] {
    return this.#listed.first(from, to, limit, (key) => this.live(key) !== undefined);
  }

  newEtag(): string {
    this.#version++;
    return this.#generation + this.#version.toString(36);
  }

  put(key: string, entry: Entry | undefined): void {
    if (entry?.listed) this.#listed.add(key);
    else if (!this.#listed.isEmpty && this.#items.get(key)?.listed) this.#listed.delete(key);
    if (entry === undefined) this.#items.delete(key);
    else this.#items.set(key, entry);
    for (const index of this.#indexes) index.put(key, entry?.value);
    if (entry?.expiresAt === undefined) {
      if (this.#mortal.size > 0) this.#mortal.delete(key);
      return;
    }
    this.#mortal.add(key);
    this.#cancelCollection ??= this.#clock.after(COLLECT_MS, () => this.#collect());
  }

  #collect(): void {
    this.#cancelCollection = undefined;
    for (const key of this.#mortal) if (this.live(key) === undefined) this.put(key, undefined);
    if (this.#mortal.size > 0) {
      this.#cancelCollection = this.#clock.after(COLLECT_MS, () => this.#collect());
    }
  }
}
