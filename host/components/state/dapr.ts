import { ComponentError, ETagError } from "../../errors/component-error.ts";
import type { ComponentContext } from "../component.ts";
import { OfflineCalls } from "../dapr/offline-calls.ts";
import type { OpenQueue } from "../dapr/offline-queue.ts";
import { RemoteItems } from "../dapr/remote-items.ts";
import { offlineMetadata, remoteMetadata } from "../dapr/remote-metadata.ts";
import { RemoteSidecar } from "../dapr/remote-sidecar.ts";
import { queryItems } from "../dapr/state-query.ts";
import { etagFault, firstRefused } from "../dapr/state-refusal.ts";
import { inRequests, saveBody, transactionBody, type WriteRequest } from "../dapr/state-requests.ts";
import type { QueryResult, StateQuery } from "./query.ts";
import {
  type Change,
  type Consistency,
  type Delete,
  defineStore,
  type Item,
  isConditional,
  type Operation,
  type QueryableStore,
  type StoreDefinition,
  type WriteBatch,
  type WriteOutcome,
} from "./store.ts";

/** A state store of another sidecar. */
class DaprStore implements QueryableStore {
  readonly #remote: RemoteSidecar;
  readonly #items: RemoteItems;
  readonly #offline: OfflineCalls | undefined;
  readonly #context: ComponentContext;

  constructor(remote: RemoteSidecar, offline: OfflineCalls | undefined, context: ComponentContext) {
    this.#remote = remote;
    this.#items = new RemoteItems(remote);
    this.#offline = offline;
    this.#context = context;
  }

  get facts(): ReadonlyMap<string, string> {
    return this.#offline?.facts ?? new Map();
  }

  async get(key: string, consistency: Consistency | undefined): Promise<Item | undefined> {
    const queued = await this.#offline?.latest(key);
    if (queued !== undefined) return queuedItem(queued.value);
    const item = await this.#items.get(key, consistency);
    this.#offline?.reached();
    return item;
  }

  async bulkGet(keys: readonly string[]): Promise<readonly (Item | undefined)[]> {
    const queued = await Promise.all(keys.map((key) => this.#offline?.latest(key)));
    const found = [...(await this.#items.bulkGet(keys.filter((_, i) => queued[i] === undefined)))];
    return queued.map((waiting) => (waiting === undefined ? found.shift() : queuedItem(waiting.value)));
  }

  async query(query: StateQuery): Promise<QueryResult> {
    const waiting = this.#offline?.waiting ?? 0;
    if (waiting === 0) return await queryItems(this.#remote, query);
    throw new ComponentError(
      "UNAVAILABLE",
      `${waiting} writes wait for the sidecar at ${this.#remote.url}, and a query would not find them; query once it has taken them`,
    );
  }

  async write(batch: WriteBatch): Promise<WriteOutcome> {
    const { atomic, consistency, requestId } = batch;
    const operations = batch.operations.map((operation) => this.#carried(operation));
    if (operations.length === 0) return [];
    if (atomic) return await this.#transact(operations, batch);
    const outcome: (ETagError | undefined)[] = [];
    for (const [i, together] of inRequests(operations).entries()) {
      const refusal = await this.#save(together, consistency, requestId && `${requestId}/${i}`);
      outcome.push(...together.map(() => refusal));
    }
    return outcome;
  }

  async close(): Promise<void> {
    await this.#remote.close();
    await this.#offline?.close();
  }

  /** Why the one operation of the request was refused; undefined where all of them were applied, or are queued. */
  async #save(
    together: readonly Change[],
    consistency: Consistency | undefined,
    requestId: string | undefined,
  ): Promise<ETagError | undefined> {
    const [first] = together as [Change];
    const outdated = this.#offline && (await outdatedBy(this.#offline, together));
    if (outdated !== undefined) return new ETagError("mismatch", first.key);
    const request =
      first.kind === "upsert"
        ? ({ method: "POST", path: this.#items.path, body: saveBody(together, consistency) } as const)
        : this.#deletion(first, consistency);
    try {
      await this.#send(request, together, requestId);
      return undefined;
    } catch (error) {
      const kind = isConditional(first) ? etagFault(error) : undefined;
      if (kind === undefined) throw error;
      return new ETagError(kind, first.key);
    }
  }

  #deletion(operation: Delete, consistency: Consistency | undefined): WriteRequest {
    const { key, etag, concurrency } = operation;
    const path = this.#items.pathOf(key);
    if (path === undefined) return this.#transaction([operation], consistency);
    const options = new URLSearchParams();
    if (concurrency !== undefined) options.set("concurrency", concurrency);
    if (consistency !== undefined) options.set("consistency", consistency);
    const query = options.size === 0 ? "" : `?${options}`;
    return {
      method: "DELETE",
      path: path + query,
      ...(etag !== undefined && { headers: { "if-match": etag } }),
    };
  }

  #transaction(operations: readonly Change[], consistency: Consistency | undefined): WriteRequest {
    const path = `${this.#items.path}/transaction`;
    return { method: "POST", path, body: transactionBody(operations, consistency) };
  }

  async #transact(
    operations: readonly Change[],
    { consistency, requestId }: WriteBatch,
  ): Promise<WriteOutcome> {
    const outdated = this.#offline && (await outdatedBy(this.#offline, operations));
    if (outdated !== undefined) return refusedAt(operations, outdated, "mismatch");
    try {
      await this.#send(this.#transaction(operations, consistency), operations, requestId);
      return operations.map(() => undefined);
    } catch (error) {
      const kind = etagFault(error);
      if (kind === undefined) throw error;
      return await this.#blame(operations, kind, error);
    }
  }

  /** The answer to a transaction does not say which ETag was refused: the items, read again, do. */
  async #blame(
    operations: readonly Change[],
    kind: ETagError["kind"],
    error: unknown,
  ): Promise<WriteOutcome> {
    const keys = [...new Set(operations.map(({ key }) => key))];
    const items = await this.#items.bulkGet(keys);
    const refused = firstRefused(operations, new Map(keys.map((key, i) => [key, items[i]])));
    if (refused !== undefined) return refusedAt(operations, refused, kind);
    const { message } = ComponentError.from(error);
    throw new ComponentError(
      "ABORTED",
      `${message}; which operation it was is not known, as the items have changed since`,
      { cause: error },
    );
  }

  async #send(
    request: WriteRequest,
    operations: readonly Change[],
    requestId: string | undefined,
  ): Promise<void> {
    if (this.#offline === undefined) {
      await this.#remote.call({ ...request, requestId });
      return;
    }
    const writes = operations.map((operation): [string, Uint8Array | undefined] => [
      operation.key,
      operation.kind === "upsert" ? operation.value : undefined,
    ]);
    await this.#offline.send({ ...request, requestId, writes: new Map(writes) });
  }

  #carried(operation: Operation): Change {
    const { core, name } = this.#context;
    if (operation.kind === "check") {
      throw new ComponentError(
        "UNIMPLEMENTED",
        `component ${name}: another sidecar's HTTP API compares no ETags without a write; keep actors in a store of this sidecar`,
      );
    }
    if (operation.kind === "delete" || core.isJson(operation.value)) return operation;
    throw new ComponentError(
      "INVALID_ARGUMENT",
      `component ${name}: another sidecar's HTTP API keeps JSON only; write bytes as a string in base64`,
    );
  }
}

/** The first operation with a condition that does not hold once what is queued has been written. */
async function outdatedBy(offline: OfflineCalls, operations: readonly Change[]): Promise<number | undefined> {
  const own = new Set<string>();
  for (const [i, operation] of operations.entries()) {
    if (isConditional(operation) && !own.has(operation.key)) {
      const queued = await offline.latest(operation.key);
      if (queued !== undefined && (operation.etag ?? queued.value) !== undefined) return i;
    }
    own.add(operation.key);
  }
  return undefined;
}

/** What is queued has no ETag before the sidecar has it. */
function queuedItem(value: Uint8Array | undefined): Item | undefined {
  return value && { value, etag: undefined, expiresAt: undefined };
}

function refusedAt(operations: readonly Change[], at: number, kind: ETagError["kind"]): WriteOutcome {
  return operations.map(({ key }, i) => (i === at ? new ETagError(kind, key) : undefined));
}

/** `state.dapr`; `queue` is where a host has one for what is written offline. */
export function daprStore(queue?: OpenQueue): StoreDefinition {
  return defineStore({
    type: "state.dapr",
    version: "v1",
    summary:
      "A state store of another Dapr sidecar, so that browsers and machines share one. JSON values; ETags and transactions as its store has them.",
    metadata: { ...remoteMetadata, ...offlineMetadata },
    features: ["ETAG", "TRANSACTIONAL", "TTL", "QUERY_API"],
    jsonOnly: true,
    async open(metadata, context) {
      const remote = new RemoteSidecar(metadata, context);
      const offline = await OfflineCalls.open(metadata.offline, queue, remote, context);
      return new DaprStore(remote, offline, context);
    },
  });
}
