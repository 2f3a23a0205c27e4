import { CHUNK, INBOX, OUTBOX, RESULT, answer } from "../memory";
import { clean } from "./clean";
import { unescape } from "./percent";
import { INVOKE, METHODS, OTHER_METHOD } from "./routes.gen";
import { PARAMS, match } from "./trie";

/** What a route answers instead of an operation. */
export const NO_ROUTE: i32 = -1;
export const MALFORMED_ESCAPE: i32 = -2;
export const FORBIDDEN_CHARACTER: i32 = -3;

const PERCENT: u8 = 0x25;
const PLUS: u8 = 0x2b;
const SLASH: u8 = 0x2f;

/** The three uses of the outbox. A clean path can be one byte longer than its source. */
const ENCODED: usize = OUTBOX;
const NORMAL: usize = OUTBOX + <usize>CHUNK;
const DECODED: usize = OUTBOX + 2 * <usize>CHUNK;

const PREFIX: usize = memory.data<u8>([0x2f, 0x76, 0x31, 0x2e, 0x30, 0x2f, 0x69, 0x6e, 0x76, 0x6f, 0x6b, 0x65, 0x2f]);
const PREFIX_LENGTH: i32 = 13;
const SPLIT: usize = memory.data<u8>([0x2f, 0x6d, 0x65, 0x74, 0x68, 0x6f, 0x64, 0x2f]);
const SPLIT_LENGTH: i32 = 8;

/**
 * Routes the encoded path in the inbox. `method` is a position in the list of verbs, any other number is a verb
 * outside it. The answer is: count of parameters, span of the normal path, span of each parameter. A span that
 * lies in the inbox needed no decoding.
 */
export function route(method: i32, length: i32): i32 {
  const plain = isPlain(INBOX, length);
  let encoded = INBOX;
  let size = length;
  if (!plain) {
    encoded = ENCODED;
    size = clean(INBOX, length, ENCODED);
  }
  const bit = <u32>method < <u32>METHODS ? 1 << method : OTHER_METHOD;
  const operation = match(encoded, size, bit);
  if (operation < 0) return fallback(length, plain);
  if (!decodeParams()) return MALFORMED_ESCAPE;
  if (plain) span(0, INBOX + 1, length - 1);
  else if (normal(length) == MALFORMED_ESCAPE) return MALFORMED_ESCAPE;
  return operation;
}

/** Cleans an invocation method in the inbox. Answers 0 and its span, or a fault. */
export function normalise(length: i32): i32 {
  return normal(length);
}

/** What no row matches: a service invocation, whose target may contain slashes, or no operation at all. */
function fallback(length: i32, plain: bool): i32 {
  answer(0, 0);
  // Where the path is plain, decoding and cleaning would change nothing.
  let decoded = INBOX;
  let size = length;
  let status = 0;
  if (plain) {
    span(0, INBOX + 1, length - 1);
    if (isForbidden(INBOX, length)) status = FORBIDDEN_CHARACTER;
  } else {
    decoded = DECODED;
    status = normal(length);
    if (status == MALFORMED_ESCAPE) return MALFORMED_ESCAPE;
    size = unescape(INBOX, length, DECODED, false);
  }
  const invoked = invocation(decoded, size);
  if (invoked != NO_ROUTE) return invoked;
  return status ? status : NO_ROUTE;
}

/** Splits `/v1.0/invoke/<id>/method/<method>` at the first `/method/`. The id alone is decoded once more. */
function invocation(path: usize, size: i32): i32 {
  const end = path + size;
  let at = path;
  while (at + 1 < end && load<u8>(at, 1) == SLASH) at++;
  if (!startsWith(at, end, PREFIX, PREFIX_LENGTH)) return NO_ROUTE;
  at += PREFIX_LENGTH;
  while (at < end && load<u8>(at) == SLASH) at++;
  const id = at;
  while (at < end && !startsWith(at, end, SPLIT, SPLIT_LENGTH)) at++;
  if (at == end) return NO_ROUTE;

  let idText = id;
  let idSize = <i32>(at - id);
  if (needsUnescape(id, idSize, true)) {
    idText = ENCODED;
    idSize = unescape(id, idSize, ENCODED, true);
    if (idSize < 0) return MALFORMED_ESCAPE;
  }
  const slash = at + SPLIT_LENGTH - 1;
  let method = slash;
  let methodSize = <i32>(end - slash);
  if (!isPlain(method, methodSize)) {
    method = ENCODED + idSize;
    methodSize = clean(slash, methodSize, method);
  }
  answer(0, 2);
  span(1, idText, idSize);
  span(2, method + 1, methodSize > 0 ? methodSize - 1 : 0);
  if (isForbidden(method, methodSize)) return FORBIDDEN_CHARACTER;
  return INVOKE;
}

/** Decodes each parameter that needs it. False for a malformed escape. */
function decodeParams(): bool {
  let free = DECODED;
  for (let i = 0, n = load<i32>(RESULT); i < n; i++) {
    const slot = RESULT + (<usize>(PARAMS + (i << 1)) << 2);
    const start = <usize>load<i32>(slot);
    const length = load<i32>(slot, 4);
    if (!needsUnescape(start, length, true)) continue;
    const size = unescape(start, length, free, true);
    if (size < 0) return false;
    store<i32>(slot, <i32>free);
    store<i32>(slot, size, 4);
    free += size;
  }
  return true;
}

/**
 * Decodes the inbox, then cleans what came out, so that an encoded dot segment cannot survive. Answers 0 or a fault;
 * where a character is forbidden, the span is there all the same.
 */
function normal(length: i32): i32 {
  const size = unescape(INBOX, length, NORMAL + 1, false);
  if (size < 0) return MALFORMED_ESCAPE;
  const cleaned = clean(NORMAL + 1, size, NORMAL);
  span(0, NORMAL + 1, cleaned > 0 ? cleaned - 1 : 0);
  return isForbidden(NORMAL, cleaned) ? FORBIDDEN_CHARACTER : 0;
}

/** Span 0 is the path, the parameters follow. */
function span(index: i32, start: usize, length: i32): void {
  answer(1 + (index << 1), <i32>start);
  answer(2 + (index << 1), length);
}

/** True for a path that cleaning and decoding would leave as it is. */
function isPlain(path: usize, length: i32): bool {
  if (length < 2 || load<u8>(path) != SLASH) return false;
  const end = path + length;
  for (let at = path; at < end; at++) {
    const byte = load<u8>(at);
    if (byte == PERCENT) return false;
    if (byte != SLASH) continue;
    if (at + 1 == end) return false;
    const next = load<u8>(at, 1);
    if (next == SLASH || next == 0x2e) return false;
  }
  return true;
}

function needsUnescape(start: usize, length: i32, query: bool): bool {
  for (let at = start, end = start + length; at < end; at++) {
    const byte = load<u8>(at);
    if (byte == PERCENT || (query && byte == PLUS)) return true;
  }
  return false;
}

/** Controls, and what would end the path of a request that is made of it. */
function isForbidden(start: usize, length: i32): bool {
  for (let at = start, end = start + length; at < end; at++) {
    const byte = load<u8>(at);
    if (byte < 0x20 || byte == 0x7f || byte == 0x23 || byte == 0x3f) return true;
  }
  return false;
}

function startsWith(at: usize, end: usize, text: usize, length: i32): bool {
  if (at + length > end) return false;
  for (let i: usize = 0, n = <usize>length; i < n; i++) if (load<u8>(at + i) != load<u8>(text + i)) return false;
  return true;
}
