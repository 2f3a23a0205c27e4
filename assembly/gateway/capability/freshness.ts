/** For how long an answer is good by what it says (RFC 9111), in milliseconds; a sidecar's response-cache.ts has the same rules. */
import { indexOf } from "../text";
import { Field, FieldList } from "../wasi/fields";
import { POST } from "../wasi/incoming";
import { combined, directive, has, secondsAt } from "./list-field";
import { fieldNamed } from "./message";
import { readHttpTime } from "./time";

const SECOND: i64 = 1000;
const DAY: i64 = 86400 * SECOND;
const STAR: u8 = 0x2a;

/** The answer's status, as a number. */
export function statusOf(answer: FieldList): i32 {
  return <i32>secondsOf(fieldNamed(answer, ":status"));
}

/** How old it was when it came. */
export function ageOf(answer: FieldList): i64 {
  return secondsOf(combined(answer, "age")) * SECOND;
}

/** For how long it may be used where its server fails (RFC 5861), once it is no longer fresh. */
export function staleIfError(answer: FieldList): i64 {
  return max<i64>(directive(combined(answer, "cache-control"), "stale-if-error"), 0) * SECOND;
}

/** For how long it is fresh, since it was made; -1: it may not be kept. */
export function lifetimeOf(part: FieldList, method: i32, answer: FieldList, time: i64): i64 {
  const says = combined(answer, "cache-control");
  const expires = combined(answer, "expires");
  // Who named himself is told nothing that somebody else was, unless the server says that it is for all.
  const isShared = combined(part, "authorization") != null;
  const isPublic = has(says, "public");
  const forAll: i64 = isShared ? directive(says, "s-maxage") : -1;
  const seconds = forAll < 0 ? directive(says, "max-age") : forAll;
  const isExplicit = seconds >= 0 || expires != null;
  if (method > POST || method < 0 || (method == POST && !isExplicit)) return -1;
  if (!isUnderstood(statusOf(answer), isExplicit || isPublic)) return -1;
  if (has(says, "no-store") || has(combined(part, "cache-control"), "no-store") || isForNobody(answer)) return -1;
  if (isShared && (has(says, "private") || !(isPublic || forAll >= 0))) return -1;

  if (has(says, "no-cache") || (says == null && has(combined(answer, "pragma"), "no-cache"))) return 0;
  if (isShared && has(says, "proxy-revalidate")) return 0;
  if (seconds >= 0) return seconds * SECOND;
  const least: i64 = has(says, "immutable") ? DAY : 0;
  const date = timeIn(combined(answer, "date")) || time;
  if (expires != null) {
    const end = timeIn(expires);
    return end < date ? 0 : max(least, end - date);
  }
  const modified = timeIn(combined(answer, "last-modified"));
  return modified && modified < date ? max(least, (date - modified) / 10) : least;
}

/** True for a status that may be kept; of some only where the answer says so itself. */
function isUnderstood(status: i32, isTold: bool): bool {
  switch (status) {
    case 200:
    case 203:
    case 204:
    case 300:
    case 301:
    case 308:
    case 404:
    case 405:
    case 410:
    case 414:
      return true;
    case 302:
    case 303:
    case 307:
      return isTold;
    default:
      return false;
  }
}

/** True where it is like no other by its `vary`. */
function isForNobody(answer: FieldList): bool {
  const vary = combined(answer, "vary");
  if (vary == null) return false;
  const end = vary.value + vary.valueLength;
  return indexOf(vary.value, end, STAR) < end;
}

function secondsOf(field: Field | null): i64 {
  return field == null ? 0 : secondsAt(field.value, field.value + field.valueLength);
}

function timeIn(field: Field | null): i64 {
  return field == null ? 0 : <i64>readHttpTime(field.value, field.valueLength);
}
