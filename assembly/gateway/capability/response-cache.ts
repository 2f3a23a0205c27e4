/**
 * Answers of servers by the rules of RFC 9111, of one gateway alone. Beyond them a POST is answered from what is kept where the
 * answer to the same body said for how long it is good: to ask what is in a picture changes nothing.
 *
 * Of a request, a `fetch` of guests: first what is fresh; else it is asked with conditions, and what came is handed in; where
 * the server failed, there may be something despite that. Each takes the request as its caller made it.
 */
import { add, addNamed } from "../headers";
import { allocate } from "../memory";
import { begins, is, isLowered, putNumber, same } from "../text";
import { Field, FieldList } from "../wasi/fields";
import { GET, HEAD, POST } from "../wasi/incoming";
import { methodNumber } from "./call-parts";
import { ageOf, lifetimeOf, staleIfError, statusOf } from "./freshness";
import { find, forget, isFor, Kept, newList, put, putBack, takeOut } from "./kept-answers";
import { combined, directive, has } from "./list-field";
import { fieldNamed } from "./message";

const OF_ALL: i32 = -1;

let cached: bool = false;

/** True where what the last of these answered was kept before. */
export function isCachedAnswer(): bool {
  return cached;
}

/** What is kept and may be used without asking; null: none. Times are milliseconds since 1970. */
export function freshAnswer(part: FieldList, time: u64): FieldList | null {
  cached = false;
  const kept = find(part, methodNumber(part));
  if (kept == null || hasConditions(part)) return null;
  if (kept.until <= <i64>time || !pleases(kept, part, <i64>time) || !isFor(kept, kept.answer, part)) return null;
  const taken = takeOut(kept);
  putBack(taken);
  return used(taken, time);
}

/** True where a caller did not ask for newer ones. */
function pleases(kept: Kept, part: FieldList, time: i64): bool {
  const wants = combined(part, "cache-control");
  if (has(wants, "no-cache") || has(combined(part, "pragma"), "no-cache")) return false;
  const oldest = directive(wants, "max-age");
  const left = directive(wants, "min-fresh");
  return (oldest < 0 || time - kept.born <= oldest * 1000) && kept.until - time >= left * 1000;
}

/** The request with conditions about what is kept for it; the same one where there is nothing to ask about. */
export function addConditions(part: FieldList, time: u64): FieldList {
  cached = false;
  const kept = find(part, GET);
  if (kept == null || methodNumber(part) != GET || hasConditions(part)) return part;
  const answer = kept.answer;
  if (!isFor(kept, answer, part)) return part;
  const list = newList(part.count + 2);
  list.count = part.count;
  memory.copy(list.first, part.first, <usize>part.count * offsetof<Field>());
  addCopied(list, "if-none-match", combined(answer, "etag"));
  addCopied(list, "if-modified-since", combined(answer, "last-modified"));
  return list;
}

/** Adds what lies where it does not stay. */
function addCopied(list: FieldList, name: string, field: Field | null): void {
  if (field == null) return;
  const value = allocate(field.valueLength);
  memory.copy(value, field.value, field.valueLength);
  addNamed(list, name, value, field.valueLength);
}

/** Takes what a server answered: what the caller is answered. */
export function keepAnswer(part: FieldList, answer: FieldList, time: u64): FieldList {
  cached = false;
  const status = statusOf(answer);
  // For whom it fails, it may be good yet; and our own refusals are nobody's answer.
  if (status >= 500 || status == 429 || fieldNamed(answer, ":error") != null) return answer;
  const method = methodNumber(part);
  if (!hasConditions(part)) {
    const kept = find(part, method);
    const taken: Kept | null = kept == null ? null : takeOut(kept);
    if (taken != null && status == 304) {
      const before = taken.answer;
      if (isFor(taken, before, part)) return confirmed(taken, before, part, answer, time);
    }
    if (keep(part, method, answer, <i64>time)) {
      if (method == POST) forget(part, GET);
      return answer;
    }
  }
  // What does more than read may have changed what is there.
  if (method != GET && method != HEAD && status < 400) forget(part, OF_ALL);
  return answer;
}

/** What was kept, by a server that says that it is still the same. */
function confirmed(taken: Kept, before: FieldList, part: FieldList, answer: FieldList, time: u64): FieldList {
  if (!isOf(before, answer)) return used(taken, time);
  const list = newList(before.count + answer.count);
  for (let i = 0; i < before.count; i++) {
    const field = before.at(i);
    if (isOfBody(field) || !(is(field.name, field.nameLength, "age") || holds(answer, field))) addField(list, field);
  }
  for (let i = 0; i < answer.count; i++) if (!isOfBody(answer.at(i))) addField(list, answer.at(i));
  keep(part, taken.method, list, <i64>time);
  return aged(list, ageOf(list));
}

/** True where an answer without a body does not speak of another one. */
function isOf(before: FieldList, answer: FieldList): bool {
  const etag = combined(answer, "etag");
  const name = etag == null ? "last-modified" : "etag";
  const one = combined(before, name);
  const other = combined(answer, name);
  if (one == null || other == null) return true;
  const weak = weakness(one);
  const otherWeak = weakness(other);
  return same(one.value + weak, one.valueLength - weak, other.value + otherWeak, other.valueLength - otherWeak);
}

/** Letters before a weak validator's value. */
function weakness(validator: Field): i32 {
  return begins(validator.value, validator.valueLength, "W/") ? 2 : 0;
}

/** True for what only the answer with the body can say. */
function isOfBody(field: Field): bool {
  return begins(field.name, field.nameLength, ":") || begins(field.name, field.nameLength, "content-");
}

function holds(list: FieldList, field: Field): bool {
  for (let i = 0; i < list.count; i++) {
    if (same(list.at(i).name, list.at(i).nameLength, field.name, field.nameLength)) return true;
  }
  return false;
}

function keep(part: FieldList, method: i32, answer: FieldList, time: i64): bool {
  const lifetime = lifetimeOf(part, method, answer, time);
  if (lifetime < 0) return false;
  const born = time - ageOf(answer);
  const until = born + lifetime;
  const isValidated = combined(answer, "etag") != null || combined(answer, "last-modified") != null;
  if ((!isValidated || method != GET) && until + staleIfError(answer) <= time) return false;
  return put(part, method, answer, born, until);
}

/** What is kept for when the server fails, and may be used by what it said (RFC 5861); null: nothing. */
export function answerDespite(part: FieldList, time: u64): FieldList | null {
  cached = false;
  const kept = find(part, methodNumber(part));
  if (kept == null || has(combined(part, "pragma"), "no-cache")) return null;
  const answer = kept.answer;
  const says = combined(answer, "cache-control");
  if (has(says, "must-revalidate") || has(says, "no-cache") || !has(says, "stale-if-error")) return null;
  if (<i64>time - kept.until >= staleIfError(answer) || !isFor(kept, answer, part)) return null;
  const taken = takeOut(kept);
  putBack(taken);
  return used(taken, time);
}

/** Of what lies in the arena. */
function used(kept: Kept, time: u64): FieldList {
  return aged(kept.answer, max<i64>(<i64>time - kept.born, 0));
}

/** An answer that was kept, with its age. */
function aged(answer: FieldList, age: i64): FieldList {
  cached = true;
  const list = newList(answer.count + 1);
  for (let i = 0; i < answer.count; i++) {
    const field = answer.at(i);
    if (!is(field.name, field.nameLength, "age")) addField(list, field);
  }
  const digits = allocate(20);
  addNamed(list, "age", digits, <i32>(putNumber(digits, (age + 500) / 1000) - digits));
  return list;
}

function addField(list: FieldList, field: Field): void {
  add(list, field.name, field.nameLength, field.value, field.valueLength);
}

/** True where a caller asks about what he has himself, and not about what is here. */
function hasConditions(part: FieldList): bool {
  for (let i = 0; i < part.count; i++) {
    const field = part.at(i);
    if (field.nameLength > 3 && isLowered(field.name, "if-")) return true;
  }
  return false;
}
