import { ComponentError, ETagError } from "../../errors/component-error.ts";
import type { ComponentContext } from "../component.ts";
import { rawMembers } from "../dapr/raw-members.ts";
import { remoteMetadata } from "../dapr/remote-metadata.ts";
import { remoteName } from "../dapr/remote-name.ts";
import { RemoteSidecar } from "../dapr/remote-sidecar.ts";
import { etagFault, firstRefused } from "../dapr/state-refusal.ts";
import { inRequests, isConditional, saveBody, transactionBody } from "../dapr/state-requests.ts";
import {
  type Consistency,
  type Delete,
  defineStore,
  type Item,
  type Operation,
  type Store,
  type WriteBatch,
  type WriteOutcome,
} from "./store.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** The longest name in a URL: sidecars refuse a request whose head has more than some 4 KiB. */
const LONGEST_NAME = 2_000;

/** A state store of another sidecar. Nothing is cached: it may have other writers. */
class DaprStore implements Store {
  readonly #remote: RemoteSidecar;
  readonly #context: ComponentContext;

  constructor(remote: RemoteSidecar, context: ComponentContext) {
    this.#remote = remote;
    this.#context = context;
  }

  async get(key: string, consistency: Consistency | undefined): Promise<Item | undefined> {
    const path = this.#itemPath(key);
    if (path === undefined) return (await this.bulkGet([key]))[0];
    const query = consistency === undefined ? "" : `?consistency=${consistency}`;
    const { status, headers, body, filtered } = await this.#remote.call({
      method: "GET",
      path: path + query,
    });
    if (status === 204) return undefined;
    const etag = headers.get("etag") ?? undefined;
    // daprd exposes no header to pages: there the ETag stands in an answer in bulk alone.
    if (etag === undefined && filtered) return (await this.bulkGet([key]))[0];
    return { value: body, etag, expiresAt: instant(headers.get("metadata.ttlexpiretime")) };
  }

  async bulkGet(keys: readonly string[]): Promise<readonly (Item | undefined)[]> {
    if (keys.length === 0) return [];
    const names = keys.map(remoteName);
    const { body } = await this.#remote.call({
      method: "POST",
      path: `${this.#path}/bulk`,
      body: encoder.encode(JSON.stringify({ keys: [...new Set(names)] })),
    });
    const found = this.#items(decoder.decode(body));
    // A reader owns its item, also where a key was asked for twice.
    return names.map((name) => {
      const item = found.get(name);
      return item && { ...item, value: item.value.slice() };
    });
  }

  async write(batch: WriteBatch): Promise<WriteOutcome> {
    const { operations, atomic, consistency, requestId } = batch;
    if (operations.length === 0) return [];
    for (const operation of operations) this.#assertJson(operation);
    if (atomic) return await this.#transact(batch);
    const outcome: (ETagError | undefined)[] = [];
    for (const [i, together] of inRequests(operations).entries()) {
      const refusal = await this.#save(together, consistency, requestId && `${requestId}/${i}`);
      outcome.push(...together.map(() => refusal));
    }
    return outcome;
  }

  close(): Promise<void> {
    return this.#remote.close();
  }

  get #path(): string {
    return `/v1.0/state/${this.#remote.component}`;
  }

  /** Where an item is read and deleted; undefined for a key that no URL can hold. */
  #itemPath(key: string): string | undefined {
    const name = encodeURIComponent(remoteName(key));
    return name === "." || name === ".." || name.length > LONGEST_NAME ? undefined : `${this.#path}/${name}`;
  }

  /** Why the one operation of the request was refused; undefined where all of them were applied. */
  async #save(
    together: readonly Operation[],
    consistency: Consistency | undefined,
    requestId: string | undefined,
  ): Promise<ETagError | undefined> {
    const [first] = together as [Operation];
    try {
      if (first.kind === "upsert") {
        const body = saveBody(together, consistency);
        await this.#remote.call({ method: "POST", path: this.#path, body, requestId });
      } else await this.#delete(first, consistency, requestId);
      return undefined;
    } catch (error) {
      const kind = isConditional(first) ? etagFault(error) : undefined;
      if (kind === undefined) throw error;
      return new ETagError(kind, first.key);
    }
  }

  async #delete(operation: Delete, consistency: Consistency | undefined, requestId?: string): Promise<void> {
    const { key, etag, concurrency } = operation;
    const path = this.#itemPath(key);
    if (path === undefined) {
      const body = transactionBody([operation], consistency);
      await this.#remote.call({ method: "POST", path: `${this.#path}/transaction`, body, requestId });
      return;
    }
    const options = new URLSearchParams();
    if (concurrency !== undefined) options.set("concurrency", concurrency);
    if (consistency !== undefined) options.set("consistency", consistency);
    const query = options.size === 0 ? "" : `?${options}`;
    const headers = etag === undefined ? {} : { "if-match": etag };
    await this.#remote.call({ method: "DELETE", path: path + query, headers, requestId });
  }

  async #transact({ operations, consistency, requestId }: WriteBatch): Promise<WriteOutcome> {
    try {
      const body = transactionBody(operations, consistency);
      await this.#remote.call({ method: "POST", path: `${this.#path}/transaction`, body, requestId });
      return operations.map(() => undefined);
    } catch (error) {
      const kind = etagFault(error);
      if (kind === undefined) throw error;
      return await this.#blame(operations, kind, error);
    }
  }

  /** The answer to a transaction does not say which ETag was refused: the items, read again, do. */
  async #blame(
    operations: readonly Operation[],
    kind: ETagError["kind"],
    error: unknown,
  ): Promise<WriteOutcome> {
    const keys = [...new Set(operations.map(({ key }) => key))];
    const items = await this.bulkGet(keys);
    const refused = firstRefused(operations, new Map(keys.map((key, i) => [key, items[i]])));
    if (refused === undefined) {
      const message = `${ComponentError.from(error).message}; which operation it was is not known, as the items have changed since`;
      throw new ComponentError("ABORTED", message, { cause: error });
    }
    return operations.map(({ key }, i) => (i === refused ? new ETagError(kind, key) : undefined));
  }

  /** The items of an answer in bulk, by their names there; those that are missing are not in it. */
  #items(answer: string): ReadonlyMap<string, Item> {
    const items = new Map<string, Item>();
    for (const members of rawMembers(answer)) {
      const { key, etag, metadata, error } = parsed(members);
      if (error !== undefined && error !== "") {
        throw new ComponentError("UNKNOWN", `the sidecar at ${this.#remote.url} answered: ${error}`);
      }
      const data = members.get("data");
      if (key === undefined || data === undefined) continue;
      const expiresAt = instant(metadata?.ttlExpireTime);
      items.set(key, { value: encoder.encode(data), etag, expiresAt });
    }
    return items;
  }

  #assertJson(operation: Operation): void {
    if (operation.kind === "delete" || this.#context.core.isJson(operation.value)) return;
    throw new ComponentError(
      "INVALID_ARGUMENT",
      `component ${this.#context.name}: another sidecar's HTTP API keeps JSON only; write bytes as a string in base64`,
    );
  }
}

interface BulkMembers {
  readonly key?: string;
  readonly etag?: string;
  readonly error?: string;
  readonly metadata?: Readonly<Record<string, string>>;
}

/** What of an answer's item is not the value. */
function parsed(members: ReadonlyMap<string, string>): BulkMembers {
  const plain = [...members].filter(([name]) => name !== "data");
  return Object.fromEntries(plain.map(([name, text]) => [name, JSON.parse(text) as unknown]));
}

/** Milliseconds of an RFC 3339 time. */
function instant(time: string | null | undefined): number | undefined {
  const ms = time ? Date.parse(time) : Number.NaN;
  return Number.isNaN(ms) ? undefined : ms;
}

/** `state.dapr`. */
export const daprStore = defineStore({
  type: "state.dapr",
  version: "v1",
  summary:
    "A state store of another Dapr sidecar, so that browsers and machines share one. JSON values; ETags and transactions as its store has them.",
  metadata: remoteMetadata,
  features: ["ETAG", "TRANSACTIONAL", "TTL"],
  open: async (metadata, context) => new DaprStore(new RemoteSidecar(metadata, context), context),
});
