import { ComponentError, ETagError } from "../../errors/component-error.ts";
import type { Clock, Platform } from "../../platform.ts";
import { MemoryIndex } from "./memory-index.ts";
import type { KeyedItem, QueryResult, StateQuery } from "./query.ts";
import { indexedPaths, isCovered, type QueryOptions, queryMetadata } from "./query-indexes.ts";
import { evaluateQuery, selectPage } from "./query-page.ts";
import {
  type DurableStore,
  defineStore,
  type Item,
  type Operation,
  OUTCOME_TTL_MS,
  type QueryableStore,
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

class InMemoryStore implements DurableStore, QueryableStore {
  readonly durability = "memory";
  readonly #name: string;
  readonly #clock: Clock;
  readonly #queries: QueryOptions;
  readonly #index: MemoryIndex | undefined;
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

  constructor(name: string, queries: QueryOptions, platform: Platform) {
    this.#name = name;
    this.#clock = platform.clock;
    this.#queries = queries;
    const paths = indexedPaths(queries.queryIndexes);
    this.#index = paths.length === 0 ? undefined : new MemoryIndex(paths);
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

  query(query: StateQuery): QueryResult {
    this.#assertOpen();
    if (!isCovered(this.#name, query, this.#queries)) return evaluateQuery(query, this.#all());
    const rows = this.#index?.rowsFor(query, (key) => this.#live(key) !== undefined) ?? [];
    const { rows: found, token } = selectPage(query, rows);
    return { items: found.map(({ key }) => ({ key, ...(this.#copy(this.#live(key)) as Item) })), token };
  }

  *#all(): Generator<KeyedItem> {
    for (const key of this.#items.keys()) {
      const item = this.#copy(this.#live(key));
      if (item !== undefined) yield { key, ...item };
    }
  }

  close(): Promise<void> {
    this.#closed = true;
    this.#cancelCollection?.();
    this.#items.clear();
    this.#index?.clear();
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
    const expiresAt = ttlInSeconds ? this.#clock.now() + ttlInSeconds * 1000 : undefined;
    this.#version++;
    this.#put(key, { value, etag: this.#generation + this.#version.toString(36), expiresAt });
  }

  #put(key: string, entry: Entry | undefined): void {
    if (entry === undefined) this.#items.delete(key);
    else this.#items.set(key, entry);
    this.#index?.put(key, entry?.value);
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
      this.#index?.put(key, undefined);
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
  metadata: queryMetadata,
  features: ["ETAG", "TRANSACTIONAL", "TTL", "OUTCOME", "DURABILITY", "ACTOR", "QUERY_API"],
  open: (metadata, { name, platform }) => Promise.resolve(new InMemoryStore(name, metadata, platform)),
});
