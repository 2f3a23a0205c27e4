import type {
  Check,
  Delete,
  Item,
  ListingStore,
  Operation,
  Store,
  StoreFeature,
  Upsert,
  WriteBatch,
  WriteOutcome,
} from "../../../host/components/state/store.ts";
import { ETagError } from "../../../host/errors/component-error.ts";
import type { FakeClock } from "../../../host/fake-clock.ts";

/** What a case works on. */
export interface Use {
  readonly store: Store;
  readonly clock: FakeClock;
  /** Whether what is written outlives the store. */
  readonly durable: boolean;
  /** Closes the store and opens its data again where this run is about that; otherwise nothing. */
  again(): Promise<void>;
  another(): Promise<Store>;
}

export interface Case {
  readonly name: string;
  readonly needs: readonly StoreFeature[];
  /** True: needs a host that can open a second store on the same data. */
  readonly shared?: boolean;
  run(use: Use): Promise<void>;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

export const bytes = (text: string): Uint8Array => encoder.encode(text);

export function upsert(key: string, value: string | Uint8Array, more: Partial<Upsert> = {}): Upsert {
  return {
    kind: "upsert",
    key,
    value: typeof value === "string" ? bytes(value) : value,
    etag: undefined,
    concurrency: undefined,
    ttlInSeconds: undefined,
    contentType: undefined,
    ...more,
  };
}

export function remove(key: string, more: Partial<Delete> = {}): Delete {
  return { kind: "delete", key, etag: undefined, concurrency: undefined, ...more };
}

export function compare(key: string, etag: string | undefined): Check {
  return { kind: "check", key, etag };
}

/** Of a store with the feature ACTOR. */
export async function list(store: Store, from: string, to: string, limit = 1000): Promise<readonly string[]> {
  return await (store as ListingStore).list(from, to, limit);
}

export async function write(
  store: Store,
  operations: readonly Operation[],
  more: Partial<WriteBatch> = {},
): Promise<WriteOutcome> {
  return await store.write({
    operations,
    atomic: false,
    consistency: undefined,
    requestId: undefined,
    ...more,
  });
}

/** The outcome as text, operation by operation: `applied`, `mismatch` or `invalid`. */
export function told(outcome: WriteOutcome): string[] {
  return outcome.map((error) => {
    if (error === undefined) return "applied";
    check(error instanceof ETagError, `an outcome is an ETagError or undefined, not ${String(error)}`);
    return error.kind;
  });
}

/** Writes that must succeed. */
export async function put(
  store: Store,
  operations: readonly Operation[],
  more: Partial<WriteBatch> = {},
): Promise<void> {
  const outcome = await write(store, operations, more);
  equal(
    told(outcome),
    operations.map(() => "applied"),
    "every operation is applied",
  );
}

/** The stored text, or undefined where nothing is stored. */
export async function read(store: Store, key: string): Promise<string | undefined> {
  const item = await store.get(key, undefined);
  return item === undefined ? undefined : decoder.decode(item.value);
}

/** The item, which must be there. */
export async function item(store: Store, key: string): Promise<Item> {
  const found = await store.get(key, undefined);
  check(found !== undefined, `an item is stored under ${JSON.stringify(key.slice(0, 40))}`);
  return found;
}

/** The ETag of an item that must be there. */
export async function etag(store: Store, key: string): Promise<string> {
  const found = (await item(store, key)).etag;
  check(found !== undefined && found !== "", "a stored item has an ETag");
  return found;
}

export function check(condition: boolean, expectation: string): asserts condition {
  if (!condition) throw new Error(`expected that ${expectation}`);
}

function show(value: unknown): string {
  if (value instanceof Uint8Array) {
    return value.byteLength > 600
      ? `${value.byteLength} bytes ${value.reduce((sum, byte) => (sum * 31 + byte) % 2147483647, 7)}`
      : `bytes ${[...value].join(" ")}`;
  }
  return JSON.stringify(value, (_, inner) => (inner === undefined ? "(nothing)" : inner)) ?? "(nothing)";
}

/** Equality of plain values and bytes. */
export function equal(actual: unknown, expected: unknown, what: string): void {
  const [came, wanted] = [show(actual), show(expected)];
  if (came !== wanted) throw new Error(`${what}: expected ${wanted}, came ${came}`);
}
