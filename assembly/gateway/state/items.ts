import * as F from "../../json/fields";
import { ESCAPED, IS_NULL, Mark } from "../../json/shape";
import { unescapeText } from "../json-text";
import { allocate } from "../memory";
import { is } from "../text";
import { markAt, markCount } from "./scan-body";

/** What an item of a request asks for: texts that are there have a place, others 0. */
@unmanaged
export class Item {
  operation: usize;
  operationLength: i32;
  key: usize;
  keyLength: i32;
  value: usize;
  valueLength: i32;
  etag: usize;
  etagLength: i32;
  concurrency: usize;
  concurrencyLength: i32;
  consistency: usize;
  consistencyLength: i32;
  ttl: usize;
  ttlLength: i32;
  /** One more than the index of its metadata's mark, behind which its members' are; 0: it has none. */
  metadata: i32;
}

/** The same of a transaction itself. */
let ofAll: i32 = 0;
let first: usize = 0;
let count: i32 = 0;
/** The text of the last mark. */
let text: usize = 0;
let textLength: i32 = 0;

// @ts-ignore: decorator
@inline
export function itemCount(): i32 {
  return count;
}

// @ts-ignore: decorator
@inline
export function itemAt(index: i32): Item {
  return changetype<Item>(first + <usize>index * offsetof<Item>());
}

/** The item behind one, whatever was read since. */
// @ts-ignore: decorator
@inline
export function nextItem(item: Item): Item {
  return changetype<Item>(changetype<usize>(item) + offsetof<Item>());
}

// @ts-ignore: decorator
@inline
export function metadataOfAll(): i32 {
  return ofAll;
}

/** Makes records of the marks that the last scan kept, one for each item or operation, in their order. */
export function readItems(body: usize, inTransaction: bool): void {
  count = 0;
  ofAll = 0;
  const end = inTransaction ? F.OPERATION_END : F.ITEM_END;
  let items = 0;
  for (let i = 0; i < markCount(); i++) if (<i32>markAt(i).field == end) items++;
  first = allocate(<usize>(items + 1) * offsetof<Item>());
  memory.fill(first, 0, <usize>(items + 1) * offsetof<Item>());
  let isTtl = false;
  // The metadata of a transaction itself are nobody's.
  let isInItem = !inTransaction;
  for (let i = 0; i < markCount(); i++) {
    const mark = markAt(i);
    const item = itemAt(count);
    switch (<i32>mark.field) {
      case F.OPERATION_LIST:
        // A member that is there twice counts as its last.
        memory.fill(first, 0, <usize>(count + 1) * offsetof<Item>());
        count = 0;
        break;
      case F.OPERATION_NAME:
        keep(body, mark, item, offsetof<Item>("operation"));
        break;
      case F.REQUEST:
        forgetRequest(item);
        isInItem = !(mark.flags & IS_NULL);
        break;
      case F.KEY:
        keep(body, mark, item, offsetof<Item>("key"));
        break;
      case F.VALUE:
        item.value = body + mark.start;
        item.valueLength = <i32>(mark.end - mark.start);
        break;
      case F.ETAG:
        keep(body, mark, item, offsetof<Item>("etag"));
        break;
      case F.CONCURRENCY:
        keep(body, mark, item, offsetof<Item>("concurrency"));
        break;
      case F.CONSISTENCY:
        keep(body, mark, item, offsetof<Item>("consistency"));
        break;
      case F.METADATA:
        if (isInItem) {
          item.ttl = 0;
          item.metadata = i + 1;
        } else ofAll = i + 1;
        break;
      case F.MAP_NAME:
        read(body, mark);
        isTtl = isInItem && is(text, textLength, "ttlInSeconds");
        break;
      case F.MAP_VALUE:
        if (!isTtl) break;
        keep(body, mark, item, offsetof<Item>("ttl"));
        break;
      case F.ITEM_END:
        if (inTransaction) isInItem = false;
        else count++;
        break;
      case F.OPERATION_END:
        count++;
        break;
    }
  }
}

/** All but the operation's name. */
function forgetRequest(item: Item): void {
  memory.fill(changetype<usize>(item) + offsetof<Item>("key"), 0, offsetof<Item>() - offsetof<Item>("key"));
}

/** Puts a mark's text, and behind it its length, into a record. */
function keep(body: usize, mark: Mark, item: Item, at: usize): void {
  read(body, mark);
  store<usize>(changetype<usize>(item) + at, text);
  store<i32>(changetype<usize>(item) + at, textLength, offsetof<Item>("operationLength"));
}

/** The text of a string's mark; of null it is 0. */
function read(body: usize, mark: Mark): void {
  text = 0;
  textLength = 0;
  if (mark.flags & IS_NULL) return;
  const start = body + mark.start + 1;
  const end = body + mark.end - 1;
  text = start;
  textLength = <i32>(end - start);
  if (!(mark.flags & ESCAPED)) return;
  text = allocate(<usize>textLength);
  textLength = unescapeText(start, end, text);
}
