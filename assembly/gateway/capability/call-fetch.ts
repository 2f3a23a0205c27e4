/** A guest fetches from an origin that was granted, without a user's name, without redirections to another. */
import { admits, reach } from "../invoke";
import { allocate } from "../memory";
import { Guest, OriginGrant } from "../records.gen";
import { add } from "../headers";
import { Target } from "../target";
import { begins, indexOf, is, put, same } from "../text";
import { FieldList } from "../wasi/fields";
import { isFieldName, isFieldValue, methodOf, refuseAsForbidden, refuseAsWrong } from "./call-parts";
import { beginInner, endInner } from "./inner-call";
import { fieldNamed } from "./message";
import { FETCHED, refuseCall, tell } from "./results";

const COLON: u8 = 0x3a;
const SLASH: u8 = 0x2f;
const HASH: u8 = 0x23;
const AT: u8 = 0x40;
const BACKSLASH: u8 = 0x5c;
const QUESTION_MARK: u8 = 0x3f;

/** Of the target: the last fields stay 0. */
const TARGET: usize = memory.data(32, 4);

export function fetchFrom(guest: Guest, part: FieldList, until: u64): void {
  tell(FETCHED);
  const url = fieldNamed(part, "url");
  const first: usize = url == null ? 0 : url.value;
  const last: usize = url == null ? 0 : indexOf(first, first + url.valueLength, HASH);
  const path: usize = url == null ? 0 : pathAfter(first, last);
  if (path == 0) return refuseAsWrong("url is no absolute URL without a user");
  const origin = originOf(guest, first, <i32>(path - first));
  if (origin == null) return refuseAsForbidden("to fetch from ", first, <i32>(path - first));
  const method = methodOf(part);
  if (method < 0) return;

  const inner = beginInner(method, until, part.count);
  if (addHeaders(part, inner.fields)) {
    const body = fieldNamed(part, ":body");
    if (body != null && method > 1) {
      inner.given = body.value;
      inner.givenLength = body.valueLength;
    }
    const target = changetype<Target>(TARGET);
    target.wire = path;
    target.wireLength = <i32>(last - path);
    if (path == last || load<u8>(path) == QUESTION_MARK) {
      target.wire = allocate(target.wireLength + 1);
      memory.copy(put(target.wire, "/"), path, target.wireLength);
      target.wireLength++;
    }
    if (admits(inner) && !reach(inner, target, origin.place(0))) {
      refuseCall(500, "ERR_CAPABILITY_RESULT", "the server did not answer");
    }
  } else refuseAsWrong("a header of the call is none");
  endInner();
}

/** Where the path begins behind scheme and authority; 0: that is no URL, or one with a user. */
function pathAfter(url: usize, end: usize): usize {
  for (let at = url; at < end; at++) {
    const byte = load<u8>(at);
    if (byte <= 0x20 || byte >= 0x7f || byte == BACKSLASH) return 0;
  }
  const colon = indexOf(url, end, COLON);
  if (colon == url || end - colon < 3 || load<u16>(colon + 1) != 0x2f2f) return 0;
  let at = colon + 3;
  for (; at < end; at++) {
    const byte = load<u8>(at);
    if (byte == AT) return 0;
    if (byte == SLASH || byte == QUESTION_MARK) break;
  }
  return at;
}

function originOf(guest: Guest, origin: usize, length: i32): OriginGrant | null {
  for (let i: u32 = 0; i < guest.originsCount; i++) {
    const row = guest.origin(i);
    if (same(row.origin, row.originLength, origin, length)) return row;
  }
  return null;
}

/** Adds the call's headers but those that speak for the gateway; false where one is none. */
function addHeaders(part: FieldList, list: FieldList): bool {
  for (let i = 0; i < part.count; i++) {
    const field = part.at(i);
    const name = field.name;
    const length = field.nameLength;
    if (length && load<u8>(name) == COLON) continue;
    if (is(name, length, "url")) continue;
    if (!isFieldName(name, length) || !isFieldValue(field.value, field.valueLength)) return false;
    if (!isReserved(name, length)) add(list, name, length, field.value, field.valueLength);
  }
  return true;
}

/** What else is the connection's own is left out where the request is made. */
function isReserved(name: usize, length: i32): bool {
  return (
    is(name, length, "host") ||
    is(name, length, "cookie") ||
    is(name, length, "cookie2") ||
    is(name, length, "origin") ||
    is(name, length, "referer") ||
    is(name, length, "user-agent") ||
    is(name, length, "via") ||
    is(name, length, "content-length") ||
    begins(name, length, "forwarded") ||
    begins(name, length, "x-forwarded-") ||
    begins(name, length, "sec-") ||
    begins(name, length, "proxy-") ||
    begins(name, length, "dapr") ||
    begins(name, length, "access-control-")
  );
}
