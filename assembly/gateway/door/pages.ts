/**
 * Which pages may call. Browsers attach `Origin` and `Sec-Fetch-Site` to what pages send, and pages cannot change them.
 * Programs send neither; a person at the address bar sends `Sec-Fetch-Site: none`.
 */
import { Call, findField } from "../call";
import { addLiteral, addNamed, removeNamed } from "../headers";
import { head } from "../table";
import { indexOf, is, same } from "../text";
import { FieldList } from "../wasi/fields";

const SLASH: u8 = 0x2f;

let origin: usize = 0;
let length: i32 = 0;
/** True where the page may read the answer. */
let granted: bool = false;

/** False where a page calls that may not. */
export function mayPageCall(call: Call): bool {
  const given = findField(call.fields, "origin");
  granted = false;
  length = 0;
  if (given != null) {
    origin = given.value;
    length = given.valueLength;
    return (granted = isListed());
  }
  const site = findField(call.fields, "sec-fetch-site");
  if (site == null || is(site.value, site.valueLength, "none")) return true;
  const referer = findField(call.fields, "referer");
  if (referer == null) return head().anyOrigin != 0;
  origin = referer.value;
  length = originLength(referer.value, referer.valueLength);
  return isListed();
}

/** The origin that was looked at last: where it is, and its length; 0: there was none. */
export function pageOrigin(): usize {
  return origin;
}

export function pageOriginLength(): i32 {
  return length;
}

/** Of `scheme://host:port/…`, what is before the path. */
function originLength(url: usize, size: i32): i32 {
  const end = url + size;
  const scheme = indexOf(url, end, SLASH);
  if (end - scheme < 2 || load<u8>(scheme + 1) != SLASH) return 0;
  return <i32>(indexOf(scheme + 2, end, SLASH) - url);
}

function isListed(): bool {
  const table = head();
  if (table.anyOrigin) return true;
  for (let i: u32 = 0; i < table.originsCount; i++) {
    const listed = table.origin(i);
    if (length && same(listed.text, listed.textLength, origin, length)) return true;
  }
  return false;
}

/** True where the request asks whether a page may send another one. */
export function isPreflight(call: Call): bool {
  return granted && call.method == OPTIONS && findField(call.fields, "access-control-request-method") != null;
}

/** The number of the method on wasi:http. */
const OPTIONS: i32 = 6;

/** What every answer tells the browser, where pages may call at all; `Vary` also without one, for caches' sake. */
export function addGrants(list: FieldList): void {
  const table = head();
  if (table.originsCount == 0 && !table.anyOrigin) return;
  if (granted) {
    if (table.anyOrigin) addLiteral(list, "access-control-allow-origin", "*");
    else addNamed(list, "access-control-allow-origin", origin, length);
    addLiteral(list, "access-control-expose-headers", "*");
  }
  addLiteral(list, "vary", "Origin");
}

/** An upstream's fields: who may read its answer, the gateway says. */
export function granting(list: FieldList): FieldList {
  if (granted) {
    removeNamed(list, "access-control-allow-origin");
    removeNamed(list, "access-control-allow-credentials");
    removeNamed(list, "access-control-expose-headers");
  }
  addGrants(list);
  return list;
}

/** What the answer to a preflight says beside that. */
export function addPreflightGrants(call: Call, list: FieldList): void {
  const method = findField(call.fields, "access-control-request-method");
  if (method != null && isCommon(method.value, method.valueLength)) {
    addNamed(list, "access-control-allow-methods", method.value, method.valueLength);
  }
  const asked = findField(call.fields, "access-control-request-headers");
  if (asked != null) addNamed(list, "access-control-allow-headers", asked.value, asked.valueLength);
  const nearby = findField(call.fields, "access-control-request-private-network");
  if (nearby != null && is(nearby.value, nearby.valueLength, "true")) {
    addLiteral(list, "access-control-allow-private-network", "true");
  }
}

function isCommon(method: usize, size: i32): bool {
  return (
    is(method, size, "GET") ||
    is(method, size, "HEAD") ||
    is(method, size, "POST") ||
    is(method, size, "PUT") ||
    is(method, size, "PATCH") ||
    is(method, size, "DELETE")
  );
}
