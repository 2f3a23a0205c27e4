import type { QueryResult, StateQuery } from "../../../components/state/query.ts";
import { indexedPaths, isCovered, type QueryOptions } from "../../../components/state/query-indexes.ts";
import type {
  Consistency,
  Durability,
  DurableStore,
  Item,
  QueryableStore,
  WriteBatch,
  WriteOutcome,
} from "../../../components/state/store.ts";
import { ComponentError } from "../../../errors/component-error.ts";
import type { Clock } from "../../../platform.ts";
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

interface Waiting<Asked, Answered> {
  readonly asked: Asked;
  resolve(answer: Answered): void;
  reject(error: ComponentError): void;
}

type WaitingRead = Waiting<readonly string[], readonly (Item | undefined)[]>;
type WaitingWrite = Waiting<WriteBatch, WriteOutcome>;

/** Bounds how long one script holds up the server's other clients; one batch is never parted. */
const GROUP_LIMIT = 500;
const REPLICA_TIMEOUT_MS = 1_000;

/**
 * State in Dapr's hashes. What is asked in one turn of the event loop goes out as one script, and no script waits for
 * the one before it.
 */
export class RedisStore implements DurableStore, QueryableStore {
  readonly durability: Durability;
  readonly #name: string;
  readonly #client: RedisClient;
  readonly #options: RedisStoreOptions;
  readonly #clock: Clock;
  readonly #index: RedisIndex | undefined;
  readonly #readScript: RedisScript;
  readonly #writeScript: RedisScript;
  readonly #strongScript: RedisScript | undefined;
  #reads: WaitingRead[] = [];
  #writes: WaitingWrite[] = [];
  #scheduled = false;
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
    this.#writeScript = client.script(WRITE_SCRIPT);
    this.#strongScript = options.replication?.client.script(WRITE_SCRIPT);
  }

  async get(key: string, _consistency: Consistency | undefined): Promise<Item | undefined> {
    return (await this.bulkGet([key]))[0];
  }

  bulkGet(keys: readonly string[]): Promise<readonly (Item | undefined)[]> {
    return this.#enqueue(this.#reads, keys);
  }

  write(batch: WriteBatch): Promise<WriteOutcome> {
    return this.#enqueue(this.#writes, batch);
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
    if (this.#closed === undefined) {
      this.#send();
      const { replication } = this.#options;
      this.#closed = Promise.all([this.#client.close(), replication?.client.close()]).then(() => undefined);
    }
    return this.#closed;
  }

  #enqueue<Asked, Answered>(queue: Waiting<Asked, Answered>[], asked: Asked): Promise<Answered> {
    return new Promise((resolve, reject) => {
      if (this.#closed !== undefined) {
        return reject(new ComponentError("UNAVAILABLE", "the Redis store is closed"));
      }
      queue.push({ asked, resolve, reject });
      if (this.#scheduled) return;
      this.#scheduled = true;
      // Requests that came with the same reading of the sockets are still to be dispatched in this turn.
      setImmediate(() => this.#send());
    });
  }

  #send(): void {
    this.#scheduled = false;
    const [writes, reads] = [this.#writes, this.#reads];
    this.#writes = [];
    this.#reads = [];
    const strong = ({ asked }: WaitingWrite) =>
      this.#strongScript !== undefined && asked.consistency === "strong";
    const sizeOf = ({ asked }: WaitingWrite) => asked.operations.length;
    for (const group of grouped(
      writes.filter((write) => !strong(write)),
      sizeOf,
    )) {
      this.#settle(group, (asked) => this.#write(asked, this.#writeScript));
    }
    for (const group of grouped(writes.filter(strong), sizeOf)) {
      this.#settle(group, (asked) => this.#writeStrongly(asked));
    }
    for (const group of grouped(reads, ({ asked }) => asked.length)) {
      this.#settle(group, (asked) => this.#read(asked));
    }
  }

  /** Hands each of a group its own answer, or its own failure. */
  async #settle<Asked, Answered>(
    group: readonly Waiting<Asked, Answered>[],
    run: (asked: readonly Asked[]) => Promise<readonly (() => Answered)[]>,
  ): Promise<void> {
    let answers: readonly (() => Answered)[];
    try {
      answers = await run(group.map(({ asked }) => asked));
    } catch (error) {
      const refusal = this.#client.error(error);
      // Redis runs no script of which one key is forbidden: the others are not to suffer for it.
      const one = refusal.code === "PERMISSION_DENIED" && group.length > 1;
      for (const waiting of group) {
        if (one) this.#settle([waiting], run);
        else waiting.reject(refusal);
      }
      return;
    }
    for (const [i, { resolve, reject }] of group.entries()) {
      try {
        resolve((answers[i] as () => Answered)());
      } catch (error) {
        reject(this.#client.error(error));
      }
    }
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

  async #writeStrongly(batches: readonly WriteBatch[]): Promise<(() => WriteOutcome)[]> {
    const { client, replicas } = this.#options.replication as Replication;
    const [outcomes, reached] = await Promise.all([
      this.#write(batches, this.#strongScript as RedisScript),
      client.call("WAIT", replicas, REPLICA_TIMEOUT_MS),
    ]);
    if (Number(reached) >= replicas) return outcomes;
    throw new ComponentError(
      "DEADLINE_EXCEEDED",
      `written, but after ${REPLICA_TIMEOUT_MS} ms only ${reached} of ${replicas} replicas have it`,
    );
  }
}

/** Parts of a queue, each of a bounded size but for one entry that is larger by itself. */
function grouped<T>(queue: readonly T[], sizeOf: (entry: T) => number): T[][] {
  const groups: T[][] = [];
  let size = 0;
  for (const entry of queue) {
    if (groups.length === 0 || size + sizeOf(entry) > GROUP_LIMIT) {
      groups.push([]);
      size = 0;
    }
    groups.at(-1)?.push(entry);
    size += sizeOf(entry);
  }
  return groups;
}
