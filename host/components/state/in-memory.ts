import { ComponentError, ETagError } from "../../errors/component-error.ts";
import type { Clock, Platform } from "../../platform.ts";
import {
  type DurableStore,
  defineStore,
  type Item,
  type Operation,
  OUTCOME_TTL_MS,
  type WriteBatch,
  type WriteOutcome,
} from "./store.ts";

interface Entry {
  readonly value: Uint8Array;
  readonly etag: string;
  readonly expiresAt: number | undefined;
}

interface Recorded {
  readonly outcome: WriteOutcome;
  readonly until: number;
}

/** How often items past their time are let go. They are missing from that time on, collected or not. */
const COLLECT_MS = 60_000;

class InMemoryStore implements DurableStore {
  readonly durability = "memory";
  readonly #clock: Clock;
  readonly #items = new Map<string, Entry>();
  /** In order of time, because all are kept equally long. */
  readonly #outcomes = new Map<string, Recorded>();
  /** Keys that may expire. */
  readonly #mortal = new Set<string>();
  /** Differs between openings, so that no ETag of an earlier life matches. */
  readonly #generation: string;
  #version = 0;
  #closed = false;
  #cancelCollection: (() => void) | undefined;

  constructor(platform: Platform) {
    this.#clock = platform.clock;
    const random = platform.random(new Uint8Array(6));
    this.#generation = `${Array.from(random, (byte) => byte.toString(16).padStart(2, "0")).join("")}-`;
  }

  get(key: string): Item | undefined {
    this.#assertOpen();
    return this.#copy(this.#live(key));
  }

  bulkGet(keys: readonly string[]): readonly (Item | undefined)[] {
    this.#assertOpen();
    return keys.map((key) => this.#copy(this.#live(key)));
  }

  write(batch: WriteBatch): WriteOutcome {
    this.#assertOpen();
    const { requestId } = batch;
    if (requestId === undefined) return this.#apply(batch);
    const now = this.#clock.now();
    for (const [id, { until }] of this.#outcomes) {
      if (until > now) break;
      this.#outcomes.delete(id);
    }
    const recorded = this.#outcomes.get(requestId);
    if (recorded !== undefined) return recorded.outcome;
    const outcome = this.#apply(batch);
    this.#outcomes.set(requestId, { outcome, until: now + OUTCOME_TTL_MS });
    return outcome;
  }

  close(): Promise<void> {
    this.#closed = true;
    this.#cancelCollection?.();
    this.#items.clear();
    this.#mortal.clear();
    this.#outcomes.clear();
    return Promise.resolve();
  }

  #assertOpen(): void {
    if (this.#closed) throw new ComponentError("UNAVAILABLE", "the in-memory store is closed");
  }

  #live(key: string): Entry | undefined {
    const entry = this.#items.get(key);
    if (entry?.expiresAt === undefined || entry.expiresAt > this.#clock.now()) return entry;
    return undefined;
  }

  #copy(entry: Entry | undefined): Item | undefined {
    if (entry === undefined) return undefined;
    return { value: entry.value.slice(), etag: entry.etag, expiresAt: entry.expiresAt };
  }

  #apply({ operations, atomic }: WriteBatch): WriteOutcome {
    const outcome: (ETagError | undefined)[] = new Array(operations.length).fill(undefined);
    const undo: [string, Entry | undefined][] = [];
    for (const [i, operation] of operations.entries()) {
      const refusal = this.#check(operation);
      if (refusal === undefined) {
        if (atomic) undo.push([operation.key, this.#items.get(operation.key)]);
        this.#effect(operation);
        continue;
      }
      outcome[i] = refusal;
      if (!atomic) continue;
      for (const [key, entry] of undo.reverse()) this.#put(key, entry);
      break;
    }
    return outcome;
  }

  #check({ kind, key, etag, concurrency }: Operation): ETagError | undefined {
    if (etag === undefined && (kind === "delete" || concurrency !== "first-write")) return undefined;
    const current = this.#live(key);
    const matches = etag === undefined ? current === undefined : current?.etag === etag;
    return matches ? undefined : new ETagError("mismatch", key);
  }

  #effect(operation: Operation): void {
    if (operation.kind === "delete") {
      this.#put(operation.key, undefined);
      return;
    }
    const { key, value, ttlInSeconds } = operation;
    const expiresAt = ttlInSeconds === undefined ? undefined : this.#clock.now() + ttlInSeconds * 1000;
    this.#version++;
    this.#put(key, { value, etag: this.#generation + this.#version.toString(36), expiresAt });
  }

  #put(key: string, entry: Entry | undefined): void {
    if (entry === undefined) this.#items.delete(key);
    else this.#items.set(key, entry);
    if (entry?.expiresAt === undefined) {
      if (this.#mortal.size > 0) this.#mortal.delete(key);
      return;
    }
    this.#mortal.add(key);
    this.#cancelCollection ??= this.#clock.after(COLLECT_MS, () => this.#collect());
  }

  #collect(): void {
    this.#cancelCollection = undefined;
    for (const key of this.#mortal) {
      if (this.#live(key) !== undefined) continue;
      this.#items.delete(key);
      this.#mortal.delete(key);
    }
    if (this.#mortal.size > 0) {
      this.#cancelCollection = this.#clock.after(COLLECT_MS, () => this.#collect());
    }
  }
}

/** Items in this runtime's memory: gone when it ends. */
export const inMemoryStore = defineStore({
  type: "state.in-memory",
  version: "v1",
  summary: "Items in the memory of the runtime, gone when it ends.",
  metadata: {},
  features: ["ETAG", "TRANSACTIONAL", "TTL", "OUTCOME", "DURABILITY", "ACTOR"],
  open: (_, context) => Promise.resolve(new InMemoryStore(context.platform)),
});
