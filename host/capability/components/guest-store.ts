import type { Durability } from "../../components/component.ts";
import type { QueryResult, StateQuery } from "../../components/state/query.ts";
import { isCovered, type QueryOptions } from "../../components/state/query-indexes.ts";
import { evaluateQuery } from "../../components/state/query-page.ts";
import type {
  Change,
  Consistency,
  DurableStore,
  Item,
  ListingStore,
  Operation,
  QueryableStore,
  StoreFeature,
  WriteBatch,
  WriteOutcome,
} from "../../components/state/store.ts";
import { ComponentError, ETagError } from "../../errors/component-error.ts";
import { type MessageField, partsOf, textField, textOf } from "../message.ts";
import type { ComponentAnswer, GuestComponent } from "./guest-component.ts";
import { itemOf } from "./guest-item.ts";
import { scanned } from "./guest-scan.ts";

/** What a package's store may promise. */
export const storeFeatures = [
  "ETAG",
  "TTL",
  "TRANSACTIONAL",
  "OUTCOME",
  "DURABILITY",
  "ACTOR",
  "QUERY_API",
] as const satisfies readonly StoreFeature[];

/** Keys of one `bulkGet`: what it answers has to fit into an answer. */
const MOST_KEYS = 64;

function conditions({ key, etag }: Operation): MessageField[] {
  const fields = [textField("key", key)];
  if (etag !== undefined) fields.push(textField("etag", etag));
  return fields;
}

function fieldsOf(operation: Change): readonly MessageField[] {
  const fields = conditions(operation);
  // Without an ETag it deletes, whatever its concurrency.
  if (operation.kind === "delete") return fields;
  const { concurrency, ttlInSeconds, contentType, listed, value } = operation;
  if (concurrency !== undefined) fields.push(textField("concurrency", concurrency));
  if (ttlInSeconds !== undefined) fields.push(textField("ttl", String(ttlInSeconds)));
  if (contentType !== undefined) fields.push(textField("content-type", contentType));
  if (listed === true) fields.push(textField("listed", "true"));
  return [...fields, [":body", value]];
}

/** One operation of several. */
function partOf(operation: Operation): readonly MessageField[] {
  if (operation.kind === "check") return [textField(":write", "check"), ...conditions(operation)];
  return [textField(":write", operation.kind === "upsert" ? "set" : "delete"), ...fieldsOf(operation)];
}

/** A state store that a package is: one key at a time, several of them where it says so. */
export class GuestStore implements ListingStore, QueryableStore, DurableStore {
  readonly #guest: GuestComponent;
  readonly #features: ReadonlySet<string>;
  readonly #queries: QueryOptions;
  readonly #kept: () => Durability;

  constructor(
    guest: GuestComponent,
    features: readonly string[],
    queries: QueryOptions,
    kept: () => Durability,
  ) {
    this.#guest = guest;
    this.#features = new Set(features);
    this.#queries = queries;
    this.#kept = kept;
  }

  get durability(): Durability {
    return this.#kept();
  }

  async get(key: string, consistency?: Consistency): Promise<Item | undefined> {
    const fields = [textField("key", key)];
    if (consistency !== undefined) fields.push(textField("consistency", consistency));
    const answer = await this.#guest.answer("get", fields);
    if (answer.status === 204 || answer.status === 404) return undefined;
    if (answer.status !== 200) throw this.#guest.failure(answer);
    return { ...itemOf(answer.fields), value: answer.body };
  }

  async bulkGet(keys: readonly string[]): Promise<readonly (Item | undefined)[]> {
    if (!this.#features.has("BULK")) return await Promise.all(keys.map((key) => this.get(key)));
    const found: (Item | undefined)[] = [];
    for (let from = 0; from < keys.length; from += MOST_KEYS) {
      const some = keys.slice(from, from + MOST_KEYS);
      const items = await this.#items(
        "bulkGet",
        some.map((key) => textField("key", key)),
      );
      if (items.length !== some.length) throw this.#broken("bulkGet", "another number of items than of keys");
      for (const item of items) found.push(textOf(item, ":item") === "200" ? itemOf(item) : undefined);
    }
    return found;
  }

  async list(from: string, to: string, limit: number): Promise<readonly string[]> {
    const asked = [textField("from", from), textField("to", to), textField("limit", String(limit))];
    return (await this.#items("list", asked)).slice(0, limit).map((item) => textOf(item, ":item") ?? "");
  }

  /** What a query means, the host knows; of the package it reads all that may match, index or not. */
  async query(query: StateQuery): Promise<QueryResult> {
    isCovered(this.#guest.name, query, this.#queries);
    return evaluateQuery(query, await scanned(this.#guest, query.keyPrefix));
  }

  async write(batch: WriteBatch): Promise<WriteOutcome> {
    const { operations, atomic } = batch;
    const remembered = this.#features.has("OUTCOME") && batch.requestId !== undefined;
    if (remembered || (atomic && operations.length > 1) || operations.some(({ kind }) => kind === "check"))
      return await this.#together(batch);
    const outcome: (ETagError | undefined)[] = [];
    for (const operation of operations) outcome.push(await this.#one(operation as Change));
    return outcome;
  }

  async close(): Promise<void> {
    this.#guest.close();
  }

  async #one(operation: Change): Promise<ETagError | undefined> {
    const name = operation.kind === "upsert" ? "set" : "delete";
    const answer = await this.#guest.answer(name, fieldsOf(operation));
    if (answer.status < 300) return undefined;
    if (answer.status === 409) return new ETagError("mismatch", operation.key);
    throw this.#guest.failure(answer);
  }

  /** `transaction`: all or none; `batch`: each on its own, and all remembered by the request's id. */
  async #together({ operations, atomic, requestId }: WriteBatch): Promise<WriteOutcome> {
    if (!this.#features.has("TRANSACTIONAL"))
      throw new ComponentError(
        "UNIMPLEMENTED",
        "a package's store without TRANSACTIONAL writes one key at a time",
      );
    const id = requestId === undefined ? [] : [textField("request-id", requestId)];
    const fields = [...id, ...operations.flatMap(partOf)];
    if (!atomic) {
      const items = await this.#items("batch", fields);
      if (items.length !== operations.length)
        throw this.#broken("batch", "another number of outcomes than of operations");
      return operations.map(({ key }, i) =>
        textOf(items[i] ?? [], ":item") === "409" ? new ETagError("mismatch", key) : undefined,
      );
    }
    const answer = await this.#guest.answer("transaction", fields);
    if (answer.status < 300) return operations.map(() => undefined);
    if (answer.status !== 409) throw this.#guest.failure(answer);
    const failed = this.#failedOf(answer, operations.length);
    return operations.map(({ key }, i) => (i === failed ? new ETagError("mismatch", key) : undefined));
  }

  #failedOf({ fields }: ComponentAnswer, operations: number): number {
    const failed = textOf(fields, "failed") ?? "0";
    if (/^\d{1,5}$/.test(failed) && Number(failed) < operations) return Number(failed);
    throw this.#broken("transaction", "a failed operation that is none");
  }

  async #items(
    operation: string,
    asked: readonly MessageField[],
  ): Promise<readonly (readonly MessageField[])[]> {
    const answer = await this.#guest.answer(operation, asked);
    if (answer.status !== 200) throw this.#guest.failure(answer);
    const first = answer.fields.findIndex(([name]) => name === ":item");
    return first === -1 ? [] : partsOf(answer.fields.slice(first), ":item");
  }

  #broken(operation: string, what: string): ComponentError {
    return new ComponentError("INTERNAL", `its package answered ${operation} with ${what}`);
  }
}
