/** The keys that a body asks for in bulk, one after the other. */
import { SKIP } from "../../json/fields";
import { Call } from "../call";
import { memberOf, skipElement, skipSpace, skipValue, unescapeText } from "../json-text";
import { allocate } from "../memory";
import { wholeBody } from "../whole-body";
import { malformed, readShape } from "./request-items";

const QUOTE: u8 = 0x22;
const OPENING: u8 = 0x5b;
const CLOSING: u8 = 0x5d;
const BRACE: u8 = 0x7b;
const NULL: u8 = 0x6e;

/** Where the next one is; 0: the body has no list. */
let at: usize = 0;
let key: usize = 0;
let length: i32 = 0;

/** The key that {@link nextKey} found. */
// @ts-ignore: decorator
@inline
export function askedKey(): usize {
  return key;
}

// @ts-ignore: decorator
@inline
export function askedKeyLength(): i32 {
  return length;
}

/** Reads the body. False where the caller was told what is wrong with it. */
export function readKeys(call: Call): bool {
  at = 0;
  if (!readShape(call, SKIP, "a JSON value", false)) return false;
  const body = skipSpace(wholeBody());
  if (load<u8>(body) == NULL) return true;
  if (load<u8>(body) != BRACE) return mistaken(call, "expected an object");
  const keys = memberOf(body, "keys");
  if (!keys || load<u8>(keys) == NULL) return true;
  if (load<u8>(keys) != OPENING || !areTexts(keys)) return mistaken(call, "expected an array of strings for keys");
  at = skipSpace(keys + 1);
  return true;
}

/** False where there are no more. */
export function nextKey(): bool {
  if (!at || load<u8>(at) == CLOSING) return false;
  const end = skipValue(at);
  key = allocate(end - at);
  length = unescapeText(at + 1, end - 1, key);
  at = skipElement(at);
  return true;
}

function mistaken(call: Call, cause: string): bool {
  malformed(call, false, cause);
  return false;
}

function areTexts(list: usize): bool {
  for (let at = skipSpace(list + 1); load<u8>(at) != CLOSING; at = skipElement(at)) {
    if (load<u8>(at) != QUOTE) return false;
  }
  return true;
}
