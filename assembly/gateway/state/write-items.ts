import { Call } from "../call";
import { queryValue } from "../query";
import { Store } from "../records.gen";
import { addOperation } from "../store/batch";
import { ABSENT, DELETE, MATCH, NONE, SET } from "../store/record";
import { is } from "../text";
import { wallMillis } from "../wasi/clocks";
import { versionOf } from "./etag";
import { Item } from "./items";
import { keyLength, keyText, makeKey } from "./stored-key";

/** What a caller is told whose ETag is not that of the item. */
export const MISMATCH: string =
  "possible etag mismatch. error from state store: the item exists already, or was changed or deleted since it was read";

export const NULL: usize = memory.data<u8>([0x6e, 0x75, 0x6c, 0x6c]);

/** More than three thousand years: what is longer is a mistake. */
const LONGEST_TTL: i64 = 100000000000;
const BAD_TTL: i64 = -2;
const NO_TTL: i64 = 0;

/** The query's time to live, which overrides the items' own. */
let queryTtl: i64 = NO_TTL;
let isTtlInQuery: bool = false;

/** Reads what the query says of all items. */
export function readOptions(call: Call): void {
  const ttl = queryValue(call, "metadata.ttlInSeconds");
  isTtlInQuery = ttl != null;
  queryTtl = ttl != null ? seconds(ttl.start, ttl.length) : NO_TTL;
}

/** Seconds that an item is to live, as the query or itself says. */
export function ttlOf(item: Item): i64 {
  return isTtlInQuery ? queryTtl : item.ttl ? seconds(item.ttl, item.ttlLength) : NO_TTL;
}

/** Why an item cannot be written as it is, or an empty text. */
export function whyNot(item: Item): string {
  if (item.concurrency && item.concurrencyLength && !isConcurrency(item)) return "unrecognized concurrency model: expected first-write or last-write";
  if (item.consistency && item.consistencyLength && !isConsistency(item)) return "unrecognized consistency model: expected strong or eventual";
  if (ttlOf(item) == BAD_TTL) return "error parsing TTL: incorrect value for metadata 'ttlInSeconds': expected a whole number of seconds, -1 or greater";
  return "";
}

function isConcurrency(item: Item): bool {
  return is(item.concurrency, item.concurrencyLength, "first-write") || is(item.concurrency, item.concurrencyLength, "last-write");
}

function isConsistency(item: Item): bool {
  return is(item.consistency, item.consistencyLength, "strong") || is(item.consistency, item.consistencyLength, "eventual");
}

/** Whether what becomes of an item depends on what is there. */
export function isConditional(item: Item, deletes: bool): bool {
  return item.etagLength > 0 || (!deletes && is(item.concurrency, item.concurrencyLength, "first-write"));
}

/** Adds an item to the batch that was begun: false where it does not fit. */
export function addItem(row: Store, item: Item, deletes: bool): bool {
  makeKey(row, item.key, item.keyLength);
  const condition = item.etagLength > 0 ? MATCH : isConditional(item, deletes) ? ABSENT : NONE;
  const expected = condition == MATCH ? versionOf(item.etag, item.etagLength) : 0;
  if (deletes) return addOperation(DELETE, condition, keyText(), keyLength(), 0, 0, expected, 0);
  const ttl = ttlOf(item);
  const expires = ttl > 0 ? wallMillis() + <u64>ttl * 1000 : 0;
  const value = item.value ? item.value : NULL;
  const length = item.value ? item.valueLength : 4;
  return addOperation(SET, condition, keyText(), keyLength(), value, length, expected, expires);
}

/** Seconds to live; NO_TTL for ever, which -1 and an empty text ask for; or BAD_TTL. */
function seconds(text: usize, length: i32): i64 {
  if (length == 0) return NO_TTL;
  const sign = load<u8>(text);
  let at = text;
  const end = text + length;
  if (sign == 0x2b || sign == 0x2d) at++;
  if (at == end || end - at > 12) return BAD_TTL;
  let value: i64 = 0;
  for (; at < end; at++) {
    const digit = <i32>load<u8>(at) - 0x30;
    if (<u32>digit > 9) return BAD_TTL;
    value = value * 10 + digit;
  }
  if (sign == 0x2d) value = -value;
  if (value < -1 || value > LONGEST_TTL) return BAD_TTL;
  return max<i64>(value, NO_TTL);
}
