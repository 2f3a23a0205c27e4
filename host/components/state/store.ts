import type { ETagError } from "../../errors/component-error.ts";
import type { Component, Definition, Durability } from "../component.ts";
import type { MetadataSchema } from "../metadata-schema.ts";
import type { QueryResult, StateQuery } from "./query.ts";

export type Concurrency = "first-write" | "last-write";
export type Consistency = "strong" | "eventual";

/** Keys are complete here: the API has put the prefix on. */
export interface Upsert {
  readonly kind: "upsert";
  readonly key: string;
  /** Stored and answered byte for byte. The store owns the array from here on. */
  readonly value: Uint8Array;
  readonly etag: string | undefined;
  readonly concurrency: Concurrency | undefined;
  /**
   * Seconds to live from now. 0 keeps the item for ever and takes an earlier TTL away; so does undefined, but in a
   * store whose metadata give what is written so a TTL.
   */
  readonly ttlInSeconds: number | undefined;
  readonly contentType: string | undefined;
  /** {@link ListingStore.list} finds the key, until the item is deleted, expires, or is written without this. */
  readonly listed?: true;
}

export interface Delete {
  readonly kind: "delete";
  readonly key: string;
  readonly etag: string | undefined;
  readonly concurrency: Concurrency | undefined;
}

/**
 * Changes nothing, and is refused where the stored ETag is another one: in an atomic batch, so is all of the batch. For
 * stores with the feature ACTOR.
 */
export interface Check {
  readonly kind: "check";
  readonly key: string;
  /** Undefined: nothing may be stored. */
  readonly etag: string | undefined;
}

/** What changes something. */
export type Change = Upsert | Delete;
export type Operation = Change | Check;

/** Whether an operation asks for the stored item's ETag to be its own; undefined there: for no item to be stored. */
export function isConditional(operation: Operation): boolean {
  if (operation.etag !== undefined || operation.kind === "check") return true;
  return operation.kind === "upsert" && operation.concurrency === "first-write";
}

export interface WriteBatch {
  /** They act in this order, and each sees the effects of those before it, also in an atomic batch. */
  readonly operations: readonly Operation[];
  /** True: all or nothing. False: each operation on its own. */
  readonly atomic: boolean;
  readonly consistency: Consistency | undefined;
  /**
   * With an id the outcome is recorded in the same transaction as the effect, and a later batch with the same id is
   * answered from the record instead of running twice. Kept for {@link OUTCOME_TTL_MS}. An id names one batch: the
   * API never gives the same one to other operations.
   */
  readonly requestId: string | undefined;
}

/** How long an outcome is remembered for its request's repetition. */
export const OUTCOME_TTL_MS = 10 * 60_000;

/**
 * In the order of the operations: undefined where it was applied, else why not. An atomic batch is either all
 * undefined, or nothing of it was applied and the first operation that failed says why.
 */
export type WriteOutcome = readonly (ETagError | undefined)[];

export interface Item {
  /** Belongs to whoever asked: the store keeps no reference to it. */
  readonly value: Uint8Array;
  /** Unquoted; never reused for another version of the same key, deletion included. */
  readonly etag: string | undefined;
  /** Milliseconds since the epoch; undefined when the item does not expire. */
  readonly expiresAt: number | undefined;
}

/** A value at once, where a store can answer without waiting, or a promise of it. Failures may come either way. */
export type Answer<T> = T | Promise<T>;

/**
 * Where a state block keeps its items. `write` resolves after the effect is as durable as `consistency` asks, never
 * before; every failure but an ETag's is thrown as a ComponentError, and then nothing is known to be written.
 * ETag rules: with an ETag, it must equal the stored one (a missing item does not match); without, `first-write`
 * only creates, and everything else overwrites; a delete without one deletes, whatever the concurrency. An expired
 * item is a missing one. What a closed store is asked for fails with a ComponentError.
 */
export interface Store extends Component {
  get(key: string, consistency: Consistency | undefined): Answer<Item | undefined>;
  /** One answer for each key, in order. */
  bulkGet(keys: readonly string[]): Answer<readonly (Item | undefined)[]>;
  write(batch: WriteBatch): Answer<WriteOutcome>;
}

export type { Durability };

/** A store that can tell how long what it keeps will stay. */
export interface DurableStore extends Store {
  readonly durability: Durability;
}

/** A store that finds items by what is in their values. */
export interface QueryableStore extends Store {
  /**
   * What `evaluateQuery` answers, by an index that the component's `queryIndexes` declares. Throws FAILED_PRECONDITION
   * where none covers the query and the component does not allow a scan.
   */
  query(query: StateQuery): Answer<QueryResult>;
}

/** A store that keeps what actors need: their state, fenced by a {@link Check}, and what is due in the order of time. */
export interface ListingStore extends Store {
  /**
   * The first `limit` keys from `from` up to, and without, `to`, in the order of their bytes. Promised are those of
   * live items that were written as `listed`; a store may know others too, so callers list a key space of their own. Of
   * characters beyond U+FFFF a store may find another place among those from U+E000 on. It costs what it answers,
   * whatever number of keys there is.
   */
  list(from: string, to: string, limit: number): Answer<readonly string[]>;
}

export type StoreFeature =
  | "ETAG"
  | "TRANSACTIONAL"
  | "TTL"
  | "OUTCOME"
  | "DURABILITY"
  | "ACTOR"
  | "QUERY_API";

type Featured<F extends StoreFeature> = ("DURABILITY" extends F ? DurableStore : Store) &
  ("QUERY_API" extends F ? QueryableStore : Store) &
  ("ACTOR" extends F ? ListingStore : Store);

export interface StoreDefinition<
  M extends MetadataSchema = MetadataSchema,
  F extends StoreFeature = StoreFeature,
> extends Definition<Featured<F>, M> {
  readonly type: `state.${string}`;
  readonly features: readonly F[];
  /** The most operations one transaction may hold; undefined: no limit. */
  readonly maxOperations?: number;
  /** It takes JSON only, and may spell it anew. */
  readonly jsonOnly?: true;
}

export function defineStore<const M extends MetadataSchema, const F extends StoreFeature>(
  definition: StoreDefinition<M, F>,
): StoreDefinition {
  return definition as unknown as StoreDefinition;
}
