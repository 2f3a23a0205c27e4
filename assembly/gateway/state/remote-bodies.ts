/**
 * Bodies of the state API with the names that keys have at another sidecar. They are written anew from what was read, so
 * that no member which that sidecar takes in another way, or the last of two, can name a key that is not the caller's.
 */
import { MAP_NAME, MAP_VALUE, SAVE_ROOT, TRANSACTION_ROOT } from "../../json/fields";
import { BY_METHOD, Call, NEVER } from "../call";
import { addBytes, addString, addWord, beginText, textLength, textStart } from "../growing-text";
import { memberOf, skipSpace, skipValue } from "../json-text";
import { Store } from "../records.gen";
import { is } from "../text";
import { wholeBody } from "../whole-body";
import { askedKey, askedKeyLength, nextKey, readKeys } from "./bulk-keys";
import { Item, itemAt, itemCount, metadataOfAll } from "./items";
import { makeName, nameSize, nameText } from "./remote-names";
import { malformed, readRequest } from "./request-items";
import { markAt, markCount } from "./scan-body";
import { isIllegal } from "./stored-key";
import { isConditional } from "./write-items";

const BRACE: u8 = 0x7b;

/** Puts items in the place of the body. False where the caller was told what is wrong with it. */
export function renameItems(call: Call, row: Store): bool {
  if (!readRequest(call, SAVE_ROOT, "an array of items", true)) return false;
  beginText();
  call.repeats = BY_METHOD;
  for (let i = 0; i < itemCount(); i++) {
    addWord(i ? "," : "[");
    if (!addItem(call, row, itemAt(i), true)) return false;
  }
  return give(call, itemCount() ? "]" : "[]");
}

/** The same of a transaction. */
export function renameOperations(call: Call, row: Store): bool {
  if (!readRequest(call, TRANSACTION_ROOT, "an object with operations", false)) return false;
  beginText();
  call.repeats = BY_METHOD;
  addWord('{"operations":[');
  for (let i = 0; i < itemCount(); i++) {
    const item = itemAt(i);
    addWord(i ? ',{"operation":' : '{"operation":');
    addString(item.operation, item.operationLength);
    addWord(',"request":');
    if (!addItem(call, row, item, false)) return false;
    addWord("}");
  }
  addWord("]");
  addMetadata(metadataOfAll(), wholeBody());
  return give(call, "}");
}

/** The same of keys that are asked for in bulk. */
export function renameKeys(call: Call, row: Store): bool {
  if (!readKeys(call)) return false;
  beginText();
  addWord('{"keys":[');
  for (let comma = false; nextKey(); comma = true) {
    if (isIllegal(call, row, askedKey(), askedKeyLength())) return false;
    makeName(row, askedKey(), askedKeyLength());
    if (comma) addWord(",");
    addString(nameText(), nameSize());
  }
  addWord("]");
  const body = skipSpace(wholeBody());
  if (load<u8>(body) == BRACE) {
    addMember(body, "parallelism");
    addMember(body, "metadata");
  }
  return give(call, "}");
}

function give(call: Call, end: string): bool {
  addWord(end);
  call.given = textStart();
  call.givenLength = textLength();
  return true;
}

function addMember(object: usize, name: string): void {
  const value = memberOf(object, name);
  if (value == 0) return;
  addWord(',"');
  addWord(name);
  addWord('":');
  addBytes(value, <i32>(skipValue(value) - value));
}

/** False where the caller was told what is wrong with the item. */
function addItem(call: Call, row: Store, item: Item, saves: bool): bool {
  if (item.keyLength == 0) {
    malformed(call, saves, '"key" is a required field');
    return false;
  }
  if (isIllegal(call, row, item.key, item.keyLength)) return false;
  if (isConditional(item, is(item.operation, item.operationLength, "delete"))) call.repeats = NEVER;
  makeName(row, item.key, item.keyLength);
  writeItem(item, wholeBody(), nameText(), nameSize());
  return true;
}

/** Adds an item of that body with another key in the place of its own. */
export function writeItem(item: Item, body: usize, key: usize, length: i32): void {
  addWord('{"key":');
  addString(key, length);
  if (item.value) {
    addWord(',"value":');
    addBytes(item.value, item.valueLength);
  }
  addText(',"etag":', item.etag, item.etagLength);
  if (item.concurrency || item.consistency) {
    addWord(',"options":{');
    addText('"concurrency":', item.concurrency, item.concurrencyLength);
    if (item.concurrency && item.consistency) addWord(",");
    addText('"consistency":', item.consistency, item.consistencyLength);
    addWord("}");
  }
  addMetadata(item.metadata, body);
  addWord("}");
}

function addText(name: string, text: usize, length: i32): void {
  if (text == 0) return;
  addWord(name);
  addString(text, length);
}

/** Adds the members whose marks stand from that index on, as they are. */
function addMetadata(from: i32, body: usize): void {
  if (from == 0 || from == markCount() || markAt(from).field != <u8>MAP_NAME) return;
  addWord(',"metadata":{');
  for (let i = from; i < markCount(); i++) {
    const mark = markAt(i);
    const isName = mark.field == <u8>MAP_NAME;
    if (!isName && mark.field != <u8>MAP_VALUE) break;
    if (isName && i > from) addWord(",");
    addBytes(body + mark.start, <i32>(mark.end - mark.start));
    if (isName) addWord(":");
  }
  addWord("}");
}
