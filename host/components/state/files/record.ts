import { joinBytes } from "../../../join-bytes.ts";

/** A value too large to stand in a record: a file beside it. */
export interface Beside {
  readonly file: string;
  readonly size: number;
}

export interface StoredItem {
  readonly etag: string;
  /** Milliseconds since the epoch; 0: never. */
  readonly expiresAt: number;
  readonly value: Uint8Array | Beside;
  readonly listed: boolean;
}

/** How a batch with an id ended: for each operation the kind of its ETag's error, or null. */
export interface StoredOutcome {
  readonly errors: readonly ("mismatch" | "invalid" | null)[];
  readonly expiresAt: number;
}

/** What one commit changes; or, in a snapshot, all there is. */
export interface Changes {
  /** Undefined: deleted. */
  readonly items: ReadonlyMap<string, StoredItem | undefined>;
  readonly outcomes: ReadonlyMap<string, StoredOutcome>;
  /** Values that belong to no item and will be removed: whoever was about to commit one writes it again. */
  readonly lost: readonly string[];
}

export interface Record extends Changes {
  /** Tells it from every other; of a snapshot, the id of the last record in it. */
  readonly id: string;
  /** The id of the record before it. */
  readonly after: string;
}

type Row = readonly [key: string, etag: string, size: number, expiresAt: number, file?: string];

interface Head {
  readonly id: string;
  readonly after: string;
  readonly items: readonly (Row | readonly [key: string])[];
  readonly outcomes: readonly (readonly [id: string, errors: StoredOutcome["errors"], expiresAt: number])[];
  readonly lost: readonly string[];
  /** The places of rows whose items are listed; where there are any. */
  readonly listed?: readonly number[];
}

const NEWLINE = 10;

export function isBeside(value: Uint8Array | Beside | undefined): value is Beside {
  return value !== undefined && "file" in value;
}

/** One line of JSON, and behind it the bytes of the values that stand in the record, in the order of its rows. */
export function encodeRecord({ id, after, items, outcomes, lost }: Record): Uint8Array {
  const values: Uint8Array[] = [];
  const listed: number[] = [];
  const rows = [...items].map(([key, item], i): Row | readonly [string] => {
    if (item === undefined) return [key];
    if (item.listed) listed.push(i);
    const { etag, value, expiresAt } = item;
    if (isBeside(value)) return [key, etag, value.size, expiresAt, value.file];
    values.push(value);
    return [key, etag, value.byteLength, expiresAt];
  });
  const head: Head = {
    id,
    after,
    items: rows,
    outcomes: [...outcomes].map(([id, { errors, expiresAt }]) => [id, errors, expiresAt]),
    lost,
    ...(listed.length > 0 && { listed }),
  };
  const line = new TextEncoder().encode(`${JSON.stringify(head)}\n`);
  return joinBytes([line, ...values]);
}

/** Undefined for bytes that are no whole record. */
export function decodeRecord(bytes: Uint8Array): Record | undefined {
  let at = bytes.indexOf(NEWLINE) + 1;
  let head: Head;
  try {
    head = JSON.parse(new TextDecoder().decode(bytes.subarray(0, at)));
  } catch {
    return undefined;
  }
  const items = new Map<string, StoredItem | undefined>();
  const listed = new Set(head.listed);
  for (const [i, row] of head.items.entries()) {
    if (row.length === 1) {
      items.set(row[0], undefined);
      continue;
    }
    const [key, etag, size, expiresAt, file] = row;
    // A copy: a view would keep the whole record in memory.
    const value = file === undefined ? bytes.slice(at, at + size) : { file, size };
    if (file === undefined) at += size;
    items.set(key, { etag, expiresAt, value, listed: listed.has(i) });
  }
  if (at !== bytes.byteLength) return undefined;
  const outcomes = head.outcomes.map(([id, errors, expiresAt]) => [id, { errors, expiresAt }] as const);
  return { id: head.id, after: head.after, items, outcomes: new Map(outcomes), lost: head.lost };
}
