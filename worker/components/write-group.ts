import {
  type Change,
  type Delete,
  isConditional,
  type Operation,
  OUTCOME_TTL_MS,
  type Upsert,
  type WriteBatch,
  type WriteOutcome,
} from "../../host/components/state/store.ts";
import { ETagError } from "../../host/errors/component-error.ts";
import type { Incarnation } from "../storage/incarnation.ts";
import type { StoredItem, StoredOutcome, Tombstone } from "./state-layout.ts";

/** How far back a write by an earlier incarnation may lie and still be the first run of a repeated request. */
const REPETITION_AGE_MS = 5 * 60_000;
/** How long after a worker's start requests of the one before may still come again. */
const REPETITION_WINDOW_MS = 60_000;
const TOMBSTONE_TTL_MS = REPETITION_AGE_MS + REPETITION_WINDOW_MS;

/** What a group of batches has to know of the database before it can be decided. */
export interface Needs {
  readonly items: ReadonlySet<string>;
  readonly tombstones: ReadonlySet<string>;
  readonly outcomes: ReadonlySet<string>;
}

/** What the database holds of {@link Needs}. */
export interface Found {
  readonly items: Map<string, StoredItem | undefined>;
  readonly tombstones: Map<string, Tombstone | undefined>;
  readonly outcomes: Map<string, StoredOutcome | undefined>;
}

/** What to put, and (undefined) what to delete. */
export interface Changes {
  readonly items: Map<string, StoredItem | undefined>;
  readonly tombstones: Map<string, Tombstone | undefined>;
  readonly outcomes: Map<string, StoredOutcome | undefined>;
  readonly results: readonly WriteOutcome[];
}

export interface Writer {
  readonly incarnation: Incarnation | undefined;
  readonly now: number;
  /** An ETag that no store has ever given. */
  etag(): string;
}

export function needsOf(batches: readonly WriteBatch[]): Needs {
  const items = new Set<string>();
  const tombstones = new Set<string>();
  const outcomes = new Set<string>();
  for (const { operations, requestId } of batches) {
    if (requestId !== undefined) outcomes.add(requestId);
    for (const operation of operations) {
      if (!isConditional(operation)) continue;
      items.add(operation.key);
      if (operation.kind === "delete" && operation.etag !== undefined) tombstones.add(operation.key);
    }
  }
  return { items, tombstones, outcomes };
}

/** Decides a group of batches, one after the other, each on what those before it left. Pure: `found` is not changed. */
export function decide(batches: readonly WriteBatch[], found: Found, writer: Writer): Changes {
  const group = new Group(found, writer);
  const results = batches.map((batch) => group.run(batch));
  return { ...group.changes, results };
}

class Group {
  readonly changes = {
    items: new Map<string, StoredItem | undefined>(),
    tombstones: new Map<string, Tombstone | undefined>(),
    outcomes: new Map<string, StoredOutcome | undefined>(),
  };
  readonly #found: Found;
  readonly #writer: Writer;

  constructor(found: Found, writer: Writer) {
    this.#found = found;
    this.#writer = writer;
  }

  run(batch: WriteBatch): WriteOutcome {
    const { operations, requestId } = batch;
    if (requestId === undefined) return this.#apply(batch);
    const known = this.#outcome(requestId);
    if (known !== undefined) return replay(operations, known);
    const outcome = this.#apply(batch);
    this.changes.outcomes.set(requestId, {
      errors: outcome.map((error) => error?.kind ?? null),
      expiresAt: this.#writer.now + OUTCOME_TTL_MS,
    });
    return outcome;
  }

  #apply({ operations, atomic }: WriteBatch): WriteOutcome {
    if (!atomic || !operations.some(isConditional)) {
      return operations.map((operation) => this.#operate(operation));
    }
    const items = new Map(this.changes.items);
    const tombstones = new Map(this.changes.tombstones);
    const outcome: (ETagError | undefined)[] = operations.map(() => undefined);
    for (const [i, operation] of operations.entries()) {
      const error = this.#operate(operation);
      if (error === undefined) continue;
      restore(this.changes.items, items);
      restore(this.changes.tombstones, tombstones);
      outcome[i] = error;
      break;
    }
    return outcome;
  }

  #operate(operation: Operation): ETagError | undefined {
    const { kind, key, etag } = operation;
    if (isConditional(operation)) {
      const item = this.#item(key);
      if (item?.etag !== etag) {
        const repeats = kind !== "check" && this.#repeats(operation, item);
        return repeats ? undefined : new ETagError("mismatch", key);
      }
    }
    if (kind === "delete") this.#delete(operation);
    else if (kind === "upsert") this.#put(operation);
    return undefined;
  }

  #put(operation: Upsert): void {
    const { incarnation, now } = this.#writer;
    const { value, ttlInSeconds, contentType, etag } = operation;
    this.changes.items.set(operation.key, {
      value: value.byteLength === value.buffer.byteLength ? value : value.slice(),
      etag: this.#writer.etag(),
      ...(ttlInSeconds && { expiresAt: now + ttlInSeconds * 1000 }),
      ...(contentType !== undefined && { contentType }),
      ...(etag !== undefined &&
        incarnation !== undefined && { replaced: etag, incarnation: incarnation.id, writtenAt: now }),
    });
  }

  #delete({ key, etag }: Delete): void {
    const { incarnation, now } = this.#writer;
    this.changes.items.set(key, undefined);
    if (etag === undefined || incarnation === undefined) return;
    this.changes.tombstones.set(key, {
      etag,
      incarnation: incarnation.id,
      writtenAt: now,
      expiresAt: now + TOMBSTONE_TTL_MS,
    });
  }

  /**
   * A browser dispatches the requests that were open in a stopped worker again, and nothing in them says so. An ETag
   * write that finds exactly its own effect, left by an earlier incarnation of the worker shortly before this one
   * started, is therefore taken for such a repetition, once in each incarnation (that one may be stopped before it
   * answered, too). Within one incarnation it is a mismatch as ever.
   */
  #repeats(operation: Change, item: StoredItem | undefined): boolean {
    const { incarnation, now } = this.#writer;
    const { kind, key, etag } = operation;
    if (incarnation === undefined || etag === undefined) return false;
    if (now - incarnation.startedAt > REPETITION_WINDOW_MS) return false;
    const earlier = (trace: { readonly incarnation?: string; readonly writtenAt?: number }) =>
      trace.incarnation !== undefined &&
      trace.incarnation !== incarnation.id &&
      trace.writtenAt !== undefined &&
      trace.writtenAt <= incarnation.startedAt &&
      trace.writtenAt >= incarnation.startedAt - REPETITION_AGE_MS;
    // From now on the trace is this incarnation's: so a twin is refused, and the next worker knows it again.
    const mark = { incarnation: incarnation.id, writtenAt: now };
    if (kind === "delete") {
      const tombstone = this.#tombstone(key);
      if (item !== undefined || tombstone?.etag !== etag || !earlier(tombstone)) return false;
      this.changes.tombstones.set(key, { ...tombstone, ...mark, expiresAt: now + TOMBSTONE_TTL_MS });
      return true;
    }
    if (item?.replaced !== etag || !earlier(item) || !equal(item.value, operation.value)) return false;
    this.changes.items.set(key, { ...item, ...mark });
    return true;
  }

  #item(key: string): StoredItem | undefined {
    const item = this.changes.items.has(key) ? this.changes.items.get(key) : this.#found.items.get(key);
    return isLive(item, this.#writer.now) ? item : undefined;
  }

  #tombstone(key: string): Tombstone | undefined {
    return this.changes.tombstones.has(key)
      ? this.changes.tombstones.get(key)
      : this.#found.tombstones.get(key);
  }

  #outcome(requestId: string): StoredOutcome | undefined {
    const outcome = this.changes.outcomes.get(requestId) ?? this.#found.outcomes.get(requestId);
    return isLive(outcome, this.#writer.now) ? outcome : undefined;
  }
}

/** False for what expired: it counts as missing, whether or not it has been swept. */
export function isLive(stored: { readonly expiresAt?: number } | undefined, now: number): boolean {
  return stored !== undefined && (stored.expiresAt === undefined || stored.expiresAt > now);
}

function replay(operations: readonly Operation[], { errors }: StoredOutcome): WriteOutcome {
  return operations.map(({ key }, i) => {
    const kind = errors[i] ?? null;
    return kind === null ? undefined : new ETagError(kind, key);
  });
}

function restore<T>(changes: Map<string, T>, before: ReadonlyMap<string, T>): void {
  changes.clear();
  for (const [key, value] of before) changes.set(key, value);
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.byteLength === b.byteLength && a.every((byte, i) => byte === b[i]);
}
