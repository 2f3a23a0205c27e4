import type { QueryResult, StateQuery } from "../../../components/state/query.ts";
import { indexedPaths, isCovered, type QueryOptions } from "../../../components/state/query-indexes.ts";
import type {
  Consistency,
  Durability,
  DurableStore,
  Item,
  ListingStore,
  QueryableStore,
  WriteBatch,
  WriteOutcome,
} from "../../../components/state/store.ts";
import { ComponentError } from "../../../errors/component-error.ts";
import type { Clock } from "../../../platform.ts";
import { GroupedCalls } from "./grouped-calls.ts";
import { LIST_SCRIPT, LISTED_KEY } from "./list-script.ts";
import { scopeOf } from "./query/members.ts";
import { RedisIndex } from "./query/redis-index.ts";
import { runQuery } from "./query/run-query.ts";
import { scanKeys } from "./query/scan-keys.ts";
import { READ_SCRIPT, type ReadAnswer, readItem } from "./read-script.ts";
import type { RedisClient, RedisScript } from "./redis-client.ts";
import { WRITE_SCRIPT, writeArguments, writeOutcome } from "./write-script.ts";

export interface RedisStoreOptions {
  readonly durability: Durability;
  /** Of writes that say nothing; 0: for ever. */
  readonly ttlInSeconds: number;
  readonly queries: QueryOptions;
  /** Where the server has replicas. */
  readonly replication: Replication | undefined;
}

export interface Replication {
  /** How many a strong write waits for. */
  readonly replicas: number;
  /** A connection for those writes: until the replicas have them, Redis answers nothing else on it. */
  readonly client: RedisClient;
}

const REPLICA_TIMEOUT_MS = 1_000;

/**
 * State in Dapr's hashes. What is asked in one turn of the event loop goes out as one script, and no script waits for
 * the one before it.
 */
export class RedisStore implements DurableStore, QueryableStore, ListingStore {
  readonly durability: Durability;
  readonly #name: string;
  readonly #client: RedisClient;
  readonly #options: RedisStoreOptions;
  readonly #clock: Clock;
  readonly #index: RedisIndex | undefined;
  readonly #readScript: RedisScript;
  readonly #listScript: RedisScript;
  readonly #reads: GroupedCalls<readonly string[], readonly (Item | undefined)[]>;
  readonly #writes: GroupedCalls<WriteBatch, WriteOutcome>;
  readonly #strongWrites: GroupedCalls<WriteBatch, WriteOutcome> | undefined;
  #closed: Promise<void> | undefined;

  constructor(name: string, client: RedisClient, options: RedisStoreOptions, clock: Clock) {
    this.durability = options.durability;
    this.#name = name;
    this.#client = client;
    this.#options = options;
    this.#clock = clock;
    const paths = indexedPaths(options.queries.queryIndexes);
    this.#index = paths.length === 0 ? undefined : new RedisIndex(client, paths);
    this.#readScript = client.script(READ_SCRIPT);
    this.#listScript = client.script(LIST_SCRIPT);
    this.#reads = new GroupedCalls(
      client,
      (keys) => keys.length,
      (asked) => this.#read(asked),
    );
    const sizeOf = ({ operations }: WriteBatch) => operations.length;
    const write = client.script(WRITE_SCRIPT);
    this.#writes = new GroupedCalls(client, sizeOf, (batches) => this.#write(batches, write));
    const { replication } = options;
    if (replication === undefined) return;
    const strongWrite = replication.client.script(WRITE_SCRIPT);
    this.#strongWrites = new GroupedCalls(replication.client, sizeOf, (batches) =>
      this.#writeStrongly(batches, strongWrite, replication),
    );
  }

  async get(key: string, _consistency: Consistency | undefined): Promise<Item | undefined> {
    return (await this.bulkGet([key]))[0];
  }

  async bulkGet(keys: readonly string[]): Promise<readonly (Item | undefined)[]> {
    this.#assertOpen();
    return await this.#reads.ask(keys);
  }

  async list(from: string, to: string, limit: number): Promise<readonly string[]> {
    this.#assertOpen();
    const keys = (await this.#listScript([LISTED_KEY], [from, to, limit])) as readonly Buffer[];
    return keys.map((key) => key.toString());
  }

  async write(batch: WriteBatch): Promise<WriteOutcome> {
    this.#assertOpen();
    const strong = batch.consistency === "strong" ? this.#strongWrites : undefined;
    return await (strong ?? this.#writes).ask(batch);
  }

  async query(query: StateQuery): Promise<QueryResult> {
    const covered = isCovered(this.#name, query, this.#options.queries);
    const index = covered ? this.#index : undefined;
    const { keyPrefix } = query;
    const everywhere = { parts: scanKeys(this.#client, keyPrefix), isPast: () => false };
    return await runQuery(
      query,
      (await index?.walk(query)) ?? everywhere,
      (keys) => this.bulkGet(keys),
      async (keys) => index?.forget(keys, scopeOf(keyPrefix)),
    );
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    for (const calls of [this.#writes, this.#strongWrites, this.#reads]) calls?.send();
    await Promise.all([this.#client.close(), this.#options.replication?.client.close()]);
  }

  #assertOpen(): void {
    if (this.#closed !== undefined) throw new ComponentError("UNAVAILABLE", "the Redis store is closed");
  }

  async #read(asked: readonly (readonly string[])[]): Promise<(() => readonly (Item | undefined)[])[]> {
    const answers = (await this.#readScript(asked.flat(), [])) as readonly ReadAnswer[];
    const now = this.#clock.now();
    let at = 0;
    return asked.map((keys) => {
      const from = at;
      at += keys.length;
      return () => keys.map((key, i) => readItem(key, answers[from + i] ?? null, now));
    });
  }

  async #write(batches: readonly WriteBatch[], script: RedisScript): Promise<(() => WriteOutcome)[]> {
    const { keys, args } = writeArguments(batches, this.#options.ttlInSeconds, this.#index);
    const answers = (await script(keys, args)) as readonly Buffer[];
    return batches.map((batch, i) => () => writeOutcome(batch, (answers[i] as Buffer).toString()));
  }

  async #writeStrongly(
    batches: readonly WriteBatch[],
    script: RedisScript,
    { client, replicas }: Replication,
  ): Promise<(() => WriteOutcome)[]> {
    const [outcomes, reached] = await Promise.all([
      this.#write(batches, script),
      client.call("WAIT", replicas, REPLICA_TIMEOUT_MS),
    ]);
    if (Number(reached) >= replicas) return outcomes;
    throw new ComponentError(
      "DEADLINE_EXCEEDED",
      `written, but after ${REPLICA_TIMEOUT_MS} ms only ${reached} of ${replicas} replicas have it`,
    );
  }
}
