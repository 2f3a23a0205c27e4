import { FIELDS } from "../memory";
import { nameHigh, nameLow } from "./name";

/** Kinds of JSON value, one bit each. */
export const STRING: i32 = 1;
export const OBJECT: i32 = 2;
export const ARRAY: i32 = 4;
export const SCALAR: i32 = 8;
export const NULL: i32 = 16;
export const ANY: i32 = 31;

/** Where a container stands. `SKIP` is anything whose members nobody asked for. */
export const SKIP: i32 = 0;
export const SAVE_ROOT: i32 = 1;
export const ITEMS: i32 = 2;
export const ITEM: i32 = 3;
export const OPTIONS: i32 = 4;
export const MAP: i32 = 5;
export const TRANSACTION_ROOT: i32 = 6;
export const TRANSACTION: i32 = 7;
export const OPERATIONS: i32 = 8;
export const OPERATION: i32 = 9;
export const EVENT_ROOT: i32 = 10;
export const EVENT: i32 = 11;
export const BINDING_ROOT: i32 = 12;
export const BINDING: i32 = 13;
export const BULK_ROOT: i32 = 14;
export const ENTRY: i32 = 15;
/** No field names it, so it needs no half byte. */
export const ENTRIES: i32 = 16;

/** What a mark or a fault is about. The host has the same numbers. */
export const ROOT: i32 = 1;
export const ELEMENT: i32 = 2;
export const KEY: i32 = 3;
export const VALUE: i32 = 4;
export const ETAG: i32 = 5;
export const ITEM_OPTIONS: i32 = 6;
export const CONCURRENCY: i32 = 7;
export const CONSISTENCY: i32 = 8;
export const METADATA: i32 = 9;
export const MAP_NAME: i32 = 10;
export const MAP_VALUE: i32 = 11;
export const OPERATION_LIST: i32 = 12;
export const OPERATION_NAME: i32 = 13;
export const REQUEST: i32 = 14;
export const ITEM_END: i32 = 15;
export const OPERATION_END: i32 = 16;
export const EVENT_END: i32 = 17;
/** Any value, and nothing of it is followed: who wants it reads it by itself. */
export const RETRY_POLICY: i32 = 18;
export const ENTRY_ID: i32 = 19;
export const CONTENT_TYPE: i32 = 20;
/** The first attribute of an event; the order is that of `cloudevents/attributes.ts`. */
export const ATTRIBUTE: i32 = 32;

/**
 *   ┌──────────────────────┬──────────────────────┬────────┬────────┬────────┬────────┬─────┐
 *   │ u64 name, bytes 0…7  │ u64 name, bytes 8…15 │ u8     │ u8     │ u8     │ u8     │ u32 │
 *   │                      │                      │ length │ field  │ expects│ where  │  0  │
 *   └──────────────────────┴──────────────────────┴────────┴────────┴────────┴────────┴─────┘
 *
 * `where` holds the context in which the name is known (low half) and the one that its container opens (high).
 */
@unmanaged
export class Field {
  low: u64;
  high: u64;
  length: u8;
  field: u8;
  expects: u8;
  where: u8;
  unused: u32;

  @inline
  get child(): i32 {
    return <i32>this.where >> 4;
  }
}

let fields: i32 = 0;

/** The record of a field that is defined. */
// @ts-ignore: decorator
@inline
export function fieldAt(index: i32): usize {
  return FIELDS + <usize>index * offsetof<Field>();
}

/** Names that are matched without case stand here in lower case. */
function define(context: i32, name: string, field: i32, expects: i32, child: i32 = SKIP): void {
  const record = fieldAt(fields++);
  for (let i = 0; i < name.length; i++) store<u8>(record + i, <u8>name.charCodeAt(i));
  const entry = changetype<Field>(record);
  entry.length = <u8>name.length;
  entry.field = <u8>field;
  entry.expects = <u8>expects;
  entry.where = <u8>(context | (child << 4));
}

/** The field of the name just read, or null. Names of a request are matched without case, as Dapr's are. */
export function fieldOf(context: i32, length: i32): Field | null {
  const fold = context != EVENT;
  const low = nameLow(fold);
  const high = nameHigh(fold);
  for (let i: i32 = 0; i < fields; i++) {
    const entry = changetype<Field>(fieldAt(i));
    if (entry.low != low || entry.high != high || <i32>entry.length != length) continue;
    if ((<i32>entry.where & 15) == context) return entry;
  }
  return null;
}

// At most 32 of them: FIELDS has no more room.
define(ITEM, "key", KEY, STRING | NULL);
define(ITEM, "value", VALUE, ANY);
define(ITEM, "etag", ETAG, STRING | NULL);
define(ITEM, "options", ITEM_OPTIONS, OBJECT | NULL, OPTIONS);
define(ITEM, "metadata", METADATA, OBJECT | NULL, MAP);
define(OPTIONS, "concurrency", CONCURRENCY, STRING | NULL);
define(OPTIONS, "consistency", CONSISTENCY, STRING | NULL);
define(OPTIONS, "retrypolicy", RETRY_POLICY, ANY);
define(TRANSACTION, "operations", OPERATION_LIST, ARRAY | NULL, OPERATIONS);
define(TRANSACTION, "metadata", METADATA, OBJECT | NULL, MAP);
define(OPERATION, "operation", OPERATION_NAME, STRING | NULL);
define(OPERATION, "request", REQUEST, OBJECT | NULL, ITEM);

/** Record of an event's first attribute: the others follow in the order of `cloudevents/attributes.ts`. */
export const FIRST_ATTRIBUTE: i32 = 12;

define(EVENT, "id", ATTRIBUTE + 0, ANY);
define(EVENT, "source", ATTRIBUTE + 1, ANY);
define(EVENT, "type", ATTRIBUTE + 2, ANY);
define(EVENT, "subject", ATTRIBUTE + 3, ANY);
define(EVENT, "time", ATTRIBUTE + 4, ANY);
define(EVENT, "datacontenttype", ATTRIBUTE + 5, ANY);
define(EVENT, "topic", ATTRIBUTE + 6, ANY);
define(EVENT, "pubsubname", ATTRIBUTE + 7, ANY);
define(EVENT, "traceparent", ATTRIBUTE + 8, ANY);
define(EVENT, "tracestate", ATTRIBUTE + 9, ANY);
define(EVENT, "expiration", ATTRIBUTE + 10, ANY);
define(EVENT, "traceid", ATTRIBUTE + 11, ANY);
define(EVENT, "specversion", ATTRIBUTE + 12, ANY);

define(BINDING, "operation", OPERATION_NAME, STRING | NULL);
define(BINDING, "data", VALUE, ANY);
define(BINDING, "metadata", METADATA, OBJECT | NULL, MAP);

define(ENTRY, "entryid", ENTRY_ID, STRING | NULL);
define(ENTRY, "event", VALUE, ANY);
define(ENTRY, "contenttype", CONTENT_TYPE, STRING | NULL);
define(ENTRY, "metadata", METADATA, OBJECT | NULL, MAP);
