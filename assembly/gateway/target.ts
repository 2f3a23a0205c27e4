/** Whom a call addresses, in Dapr's order: the header, Basic credentials of that name, then the path's own form. */
import { normalise } from "../http/route";
import { INBOX } from "../memory";
import { unbase64 } from "./base64";
import { Call, findField } from "./call";
import { namesSite } from "./destination";
import { takeRoute } from "./routes";
import { allocate } from "./memory";
import { spanLength, takeSpan } from "./route-spans";
import { begins, indexOf, is, isLowered } from "./text";

const SLASH: u8 = 0x2f;
const COLON: u8 = 0x3a;
const SPACE: u8 = 0x20;

/** Longer ones name no app. */
const MOST_CREDENTIALS: i32 = 1024;

@unmanaged
export class Target {
  id: usize;
  idLength: i32;
  /** The normal form of the path at the callee, without a slash at its start. */
  method: usize;
  methodLength: i32;
  /** The path at the upstream as it goes on the wire, of what is no invocation; 0: it is one. */
  wire: usize;
  wireLength: i32;
  /** The body is a CloudEvent that was made here. */
  isEvent: bool;
}

/** Of an invocation: the last fields stay 0. */
const TARGET: usize = memory.data(32, 4);

/** The target of a request that was routed just before; `invocation`: in the path's own form. Null: it addresses none. */
export function addressed(call: Call, invocation: bool): Target | null {
  const target = changetype<Target>(TARGET);
  if (nameInHeader(call, target)) {
    keepSpan(0, TARGET + offsetof<Target>("method"));
    return target;
  }
  if (!invocation) return addressedAsPrinted(target);
  keepSpan(1, TARGET);
  keepSpan(2, TARGET + offsetof<Target>("method"));
  return target.idLength ? target : null;
}

/**
 * Of a path in the invocation's own form the router has judged the method alone. Addressed by a header, the rest belongs
 * to the method as well: false where that cannot be judged for sure.
 */
export function isJudged(call: Call): bool {
  memory.copy(INBOX, call.path, call.pathLength);
  return normalise(call.pathLength) == 0;
}

/** True where a header names an app. */
export function namesApp(call: Call): bool {
  return nameInHeader(call, changetype<Target>(TARGET));
}

/** True where a header names the app. */
export function nameInHeader(call: Call, target: Target): bool {
  const named = findField(call.fields, "dapr-app-id");
  if (named != null && named.valueLength) {
    target.id = named.value;
    target.idLength = named.valueLength;
    return true;
  }
  const authorization = findField(call.fields, "authorization");
  return authorization != null && nameInCredentials(authorization.value, authorization.valueLength, target);
}

/** `Basic` and `dapr-app-id:<id>` in base64, with exactly one colon. */
function nameInCredentials(value: usize, length: i32, target: Target): bool {
  if (length < 7 || length > MOST_CREDENTIALS || !isLowered(value, "basic")) return false;
  let at = value + 5;
  let end = value + length;
  if (load<u8>(at) != SPACE) return false;
  while (at < end && load<u8>(at) == SPACE) at++;
  while (end > at && load<u8>(end - 1) == SPACE) end--;
  const text = allocate(end - at);
  const size = unbase64(at, <i32>(end - at), text);
  if (size < 12 || !isLowered(text, "dapr-app-id")) return false;
  const last = text + size;
  const colon = indexOf(text, last, COLON);
  if (colon != text + 11 || indexOf(colon + 1, last, COLON) < last) return false;
  target.id = colon + 1;
  target.idLength = size - 12;
  return target.idLength > 0;
}

/**
 * The book's form, `/v1.0/invoke/<app>.<site>/<method>`, where the name ends with a site that is known; any other path by
 * the routes of the configuration.
 */
function addressedAsPrinted(target: Target): Target | null {
  keepSpan(0, TARGET + offsetof<Target>("method"));
  if (!begins(target.method, target.methodLength, "v1.0/invoke/")) return takeRoute(target) ? target : null;
  const end = target.method + target.methodLength;
  target.id = target.method + 12;
  const slash = indexOf(target.id, end, SLASH);
  target.idLength = <i32>(slash - target.id);
  if (!namesSite(target.id, target.idLength)) return null;
  target.method = min(slash + 1, end);
  target.methodLength = <i32>(end - target.method);
  return target;
}

/** Puts a text of the route, and its length, into a record. */
function keepSpan(index: i32, to: usize): void {
  store<i32>(to, spanLength(index), 4);
  store<usize>(to, takeSpan(index));
}

/** The app of a call whose path is refused, as far as it can be told, for the message; null: it names none. */
export function writtenTarget(call: Call): Target | null {
  const target = changetype<Target>(TARGET);
  if (nameInHeader(call, target)) return target;
  const end = call.path + call.pathLength;
  if (!begins(call.path, call.pathLength, "/v1.0/invoke/")) return null;
  target.id = call.path + 13;
  let at = indexOf(target.id, end, SLASH);
  while (at < end && !begins(at, <i32>(end - at), "/method/") && !is(at, <i32>(end - at), "/method")) {
    at = indexOf(at + 1, end, SLASH);
  }
  if (at == end || at == target.id) return null;
  target.idLength = <i32>(at - target.id);
  return target;
}
