/** A guest invokes an app. */
import { Call } from "../call";
import { mayCall } from "../door/access";
import { invokes } from "../door/api";
import { INVOKE } from "../../http/routes.gen";
import { invoke } from "../invoke";
import { Guest } from "../records.gen";
import { addressed } from "../target";
import { indexOf, same } from "../text";
import { FieldList } from "../wasi/fields";
import {
  hasPlainType,
  isFieldValue,
  methodOf,
  refuseAsForbidden,
  refuseAsWrong,
  required,
  typeOf,
} from "./call-parts";
import { addInner, addSegment, addToPath, beginInner, beginPath, endInner, isNoSegment, routeInner } from "./inner-call";
import { fieldNamed } from "./message";
import { ALL, tell } from "./results";

const SLASH: u8 = 0x2f;
const QUESTION_MARK: u8 = 0x3f;

export function callApp(guest: Guest, part: FieldList, until: u64): void {
  tell(ALL);
  const app = required(part, "app");
  if (app == null) return;
  const asked = required(part, "method");
  if (asked == null) return;
  let path = asked.value;
  const last = path + asked.valueLength;
  const end = indexOf(path, last, QUESTION_MARK);
  if (path < end && load<u8>(path) == SLASH) path++;
  const length = <i32>(end - path);
  if (!isPlainPath(path, end)) return refuseAsWrong("method is no plain path");
  if (!isGranted(guest, app.value, app.valueLength, path, length)) {
    return refuseAsForbidden("to invoke that method of ", app.value, app.valueLength);
  }
  const query = min(end + 1, last);
  if (!isQuery(query, last)) return refuseAsWrong("method has a query that is none");
  const method = methodOf(part);
  if (method < 0 || !hasPlainType(part)) return;
  if (isNoSegment(app.value, app.valueLength)) return refuseAsWrong("app is no name");

  const inner = beginInner(method, until);
  const type = typeOf(part);
  if (type != null) addInner(inner, "content-type", type.value, type.valueLength);
  const body = fieldNamed(part, ":body");
  if (body != null) {
    inner.given = body.value;
    inner.givenLength = body.valueLength;
  }
  inner.query = query;
  inner.queryLength = <i32>(last - query);
  invokeMethod(inner, app.value, app.valueLength, path, end);
}

/** Invokes a method of an app by the call that was begun for it, and ends that. Its segments are plain text. */
export function invokeMethod(inner: Call, app: usize, appLength: i32, path: usize, end: usize): void {
  beginPath("/v1.0/invoke/", appLength + <i32>(end - path));
  addSegment(app, appLength);
  addToPath("/method");
  for (let at = path; at <= end; ) {
    const stop = indexOf(at, end, SLASH);
    addToPath("/");
    addSegment(at, <i32>(stop - at));
    at = stop + 1;
  }
  const operation = routeInner(inner);
  const target = operation == INVOKE && invokes() ? addressed(inner, true) : null;
  if (target == null) refuseAsWrong("that method cannot be invoked");
  else if (mayCall(inner, target)) invoke(inner, target);
  endInner();
}

/** Without dot segments, controls and escapes of its own. */
function isPlainPath(path: usize, end: usize): bool {
  for (let at = path; at < end; at++) {
    const byte = load<u8>(at);
    if (byte <= 0x20 || byte == 0x7f || byte == 0x25 || byte == 0x23 || byte == 0x5c) return false;
  }
  return hasSegments(path, end);
}

/** True where no segment of it would be resolved. */
export function hasSegments(path: usize, end: usize): bool {
  for (let at = path; at <= end; ) {
    const stop = indexOf(at, end, SLASH);
    if (isNoSegment(at, <i32>(stop - at))) return false;
    at = stop + 1;
  }
  return true;
}

function isQuery(query: usize, end: usize): bool {
  for (let at = query; at < end; at++) {
    const byte = load<u8>(at);
    if (byte <= 0x20 || byte == 0x7f || byte == 0x23) return false;
  }
  return isFieldValue(query, <i32>(end - query));
}

function isGranted(guest: Guest, app: usize, appLength: i32, path: usize, length: i32): bool {
  for (let i: u32 = 0; i < guest.appsCount; i++) {
    const row = guest.app(i);
    if (!same(row.app, row.appLength, app, appLength)) continue;
    if (row.any || same(row.method, row.methodLength, path, length)) return true;
  }
  return false;
}
