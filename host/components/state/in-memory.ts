import { ComponentError, ETagError } from "../../errors/component-error.ts";
import type { Clock, Platform } from "../../platform.ts";
import { MemoryIndex } from "./memory-index.ts";
import { type Entry, MemoryItems } from "./memory-items.ts";
import type { KeyedItem, QueryResult, StateQuery } from "./query.ts";
import { indexedPaths, isCovered, type QueryOptions, queryMetadata } from "./query-indexes.ts";
import { evaluateQuery, selectPage } from "./query-page.ts";
import {
  type Change,
  type DurableStore,
  defineStore,
  type Item,
  isConditional,
  type ListingStore,
  type Operation,
  OUTCOME_TTL_MS,
  type QueryableStore,
  type WriteBatch,
  type WriteOutcome,
} from "./store.ts";

class InMemoryStore implements DurableStore, QueryableStore, ListingStore {
  readonly durability = "memory";
  readonly #name: string;
  readonly #clock: Clock;
  readonly #queries: QueryOptions;
  readonly #index: MemoryIndex | undefined;
  /** Shared with the store that replaces this one. */
  readonly memory: MemoryItems;
  #closed = false;

  constructor(name: string, queries: QueryOptions, { clock }: Platform, memory: MemoryItems) {
    this.#name = name;
    this.#clock = clock;
    this.#queries = queries;
    const paths = indexedPaths(queries.queryIndexes);
    this.#index = paths.length === 0 ? undefined : new MemoryIndex(paths);
    this.memory = memory;
    memory.join(this.#index);
  }

  get(key: string): Item | undefined {
    this.#assertOpen();
    return this.#copy(this.memory.live(key));
  }

  bulkGet(keys: readonly string[]): readonly (Item | undefined)[] {
    this.#assertOpen();
    return keys.map((key) => this.#copy(this.memory.live(key)));
  }

  write(batch: WriteBatch): WriteOutcome {
    this.#assertOpen();
    const { requestId } = batch;
    if (requestId === undefined) return this.#apply(batch);
    const now = this.#clock.now();
    for (const [id, { until }] of this.memory.outcomes) {
      if (until > now) break;
      this.memory.outcomes.delete(id);
    }
    const recorded = this.memory.outcomes.get(requestId);
    if (recorded !== undefined) return recorded.outcome;
    const outcome = this.#apply(batch);
    this.memory.outcomes.set(requestId, { outcome, until: now + OUTCOME_TTL_MS });
    return outcome;
  }

  query(query: StateQuery): QueryResult {
    this.#assertOpen();
    if (!isCovered(this.#name, query, this.#queries)) return evaluateQuery(query, this.#all());
    const rows = this.#index?.rowsFor(query, (key) => this.memory.live(key) !== undefined) ?? [];
    const { rows: found, token } = selectPage(query, rows);
    return {
      items: found.map(({ key }) => ({ key, ...(this.#copy(this.memory.live(key)) as Item) })),
      token,
    };
  }

  list(from: string, to: string, limit: number): readonly string[] {
    this.#assertOpen();
    return this.memory.list(from, to, limit);
  }

  *#all(): Generator<KeyedItem> {
    for (const key of this.memory.keys()) {
      const item = this.#copy(this.memory.live(key));
      if (item !== undefined) yield { key, ...item };
    }
  }

  close(): Promise<void> {
    if (!this.#closed) this.memory.leave(this.#index);
    this.#closed = true;
    return Promise.resolve();
  }

  #assertOpen(): void {
    if (this.#closed) throw new ComponentError("UNAVAILABLE", "the in-memory store is closed");
  }

  #copy(entry: Entry | undefined): Item | undefined {
    if (entry === undefined) return undefined;
    return { value: entry.value.slice(), etag: entry.etag, expiresAt: entry.expiresAt };
  }

  #apply({ operations, atomic }: WriteBatch): WriteOutcome {
    const outcome: (ETagError | undefined)[] = new Array(operations.length).fill(undefined);
    const undo: [string, Entry | undefined][] = [];
    for (const [i, operation] of operations.entries()) {
      const refusal = this.#refusal(operation);
      if (refusal === undefined) {
        if (operation.kind === "check") continue;
        if (atomic) undo.push([operation.key, this.memory.get(operation.key)]);
        this.#effect(operation);
        continue;
      }
      outcome[i] = refusal;
      if (!atomic) continue;
      for (const [key, entry] of undo.reverse()) this.memory.put(key, entry);
      break;
    }
    return outcome;
  }

  #refusal(operation: Operation): ETagError | undefined {
    const { key, etag } = operation;
    if (!isConditional(operation) || this.memory.live(key)?.etag === etag) return undefined;
    return new ETagError("mismatch", key);
  }

  #effect(operation: Change): void {
    if (operation.kind === "delete") {
      this.memory.put(operation.key, undefined);
      return;
    }
    const { key, value, ttlInSeconds, listed = false } = operation;
    const expiresAt = ttlInSeconds ? this.#clock.now() + ttlInSeconds * 1000 : undefined;
    this.memory.put(key, { value, etag: this.memory.newEtag(), expiresAt, listed });
  }
}

/** Items in this runtime's memory: gone when it ends. What replaces the component goes on with them. */
export const inMemoryStore = defineStore({
  type: "state.in-memory",
  version: "v1",
  summary: "Items in the memory of the runtime, gone when it ends.",
  metadata: queryMetadata,
  features: ["ETAG", "TRANSACTIONAL", "TTL", "OUTCOME", "DURABILITY", "ACTOR", "QUERY_API"],
  open: async (metadata, { name, platform, predecessor }) => {
    const memory = predecessor instanceof InMemoryStore ? predecessor.memory : new MemoryItems(platform);
    return new InMemoryStore(name, metadata, platform, memory);
  },
});
