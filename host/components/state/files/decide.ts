import { ETagError } from "../../../errors/component-error.ts";
import {
  type Change,
  isConditional,
  type Operation,
  OUTCOME_TTL_MS,
  type WriteBatch,
  type WriteOutcome,
} from "../store.ts";
import type { Beside, StoredItem, StoredOutcome } from "./record.ts";

/** A batch whose large values are in files already. */
export interface PlacedBatch {
  readonly batch: WriteBatch;
  /** By operation. */
  readonly files: ReadonlyMap<Operation, Beside>;
}

export interface Contents {
  readonly items: ReadonlyMap<string, StoredItem>;
  readonly outcomes: ReadonlyMap<string, StoredOutcome>;
}

export interface Decided {
  readonly items: Map<string, StoredItem | undefined>;
  readonly outcomes: Map<string, StoredOutcome>;
  readonly results: readonly WriteOutcome[];
}

export function isLive(stored: { readonly expiresAt: number } | undefined, now: number): boolean {
  return stored !== undefined && (stored.expiresAt === 0 || stored.expiresAt > now);
}

/** Decides batches one after the other, each on what those before it left. `contents` is not changed. */
export function decide(
  batches: readonly PlacedBatch[],
  contents: Contents,
  id: string,
  now: number,
): Decided {
  const group = new Group(contents, id, now);
  const results = batches.map((batch) => group.run(batch));
  return { items: group.items, outcomes: group.outcomes, results };
}

class Group {
  items = new Map<string, StoredItem | undefined>();
  readonly outcomes = new Map<string, StoredOutcome>();
  readonly #contents: Contents;
  readonly #id: string;
  readonly #now: number;
  #versions = 0;

  constructor(contents: Contents, id: string, now: number) {
    this.#contents = contents;
    this.#id = id;
    this.#now = now;
  }

  run(placed: PlacedBatch): WriteOutcome {
    const { requestId, operations } = placed.batch;
    if (requestId === undefined) return this.#apply(placed);
    const known = this.outcomes.get(requestId) ?? this.#contents.outcomes.get(requestId);
    if (known !== undefined && isLive(known, this.#now)) {
      return operations.map(({ key }, i) => {
        const kind = known.errors[i] ?? null;
        return kind === null ? undefined : new ETagError(kind, key);
      });
    }
    const outcome = this.#apply(placed);
    const errors = outcome.map((error) => error?.kind ?? null);
    this.outcomes.set(requestId, { errors, expiresAt: this.#now + OUTCOME_TTL_MS });
    return outcome;
  }

  #apply({ batch: { operations, atomic }, files }: PlacedBatch): WriteOutcome {
    const before = atomic && operations.length > 1 ? new Map(this.items) : this.items;
    const outcome: (ETagError | undefined)[] = operations.map(() => undefined);
    for (const [i, operation] of operations.entries()) {
      if (this.#fits(operation)) {
        if (operation.kind !== "check") this.#effect(operation, files.get(operation));
        continue;
      }
      outcome[i] = new ETagError("mismatch", operation.key);
      if (!atomic) continue;
      this.items = before;
      break;
    }
    return outcome;
  }

  #fits(operation: Operation): boolean {
    if (!isConditional(operation)) return true;
    const { key, etag } = operation;
    const item = this.items.has(key) ? this.items.get(key) : this.#contents.items.get(key);
    return (isLive(item, this.#now) ? item?.etag : undefined) === etag;
  }

  #effect(operation: Change, file: Beside | undefined): void {
    if (operation.kind === "delete") {
      this.items.set(operation.key, undefined);
      return;
    }
    const { key, value, ttlInSeconds, listed = false } = operation;
    this.items.set(key, {
      etag: `${this.#id}-${(this.#versions++).toString(36)}`,
      expiresAt: ttlInSeconds ? this.#now + ttlInSeconds * 1000 : 0,
      value: file ?? value,
      listed,
    });
  }
}
