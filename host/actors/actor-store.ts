import type { Item, Operation } from "../components/state/store.ts";

/** This instance does not own its actors any more: another one has taken over, and what it wrote last was not written. */
export class FencedError extends Error {
  constructor() {
    super(
      "the actors of this instance have been taken over by another one, since it was not heard of for too long",
    );
    this.name = "FencedError";
  }
}

/** The actor state store, as one instance that hosts actors uses it. Failures of the store are ComponentErrors. */
export interface ActorStore {
  /** For messages. */
  readonly name: string;
  get(key: string): Promise<Item | undefined>;
  bulkGet(keys: readonly string[]): Promise<readonly (Item | undefined)[]>;
  /**
   * All or nothing, and only while this instance owns its actors: the comparison of its epoch is part of the
   * transaction. Throws {@link FencedError} when it does not, and ETagError's first when an ETag of an operation does
   * not match.
   */
  commit(operations: readonly Operation[]): Promise<void>;
  /** As `ListingStore.list`. */
  list(from: string, to: string, limit: number): Promise<readonly string[]>;
}
