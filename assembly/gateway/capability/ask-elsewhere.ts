/** Asks an API elsewhere, or an app, for what a package offers: as a guest would that fetches, or invokes. */
import { Call } from "../call";
import { allocate } from "../memory";
import { Guest, Operation, PLACE_HEADER, Source, SOURCE_APP } from "../records.gen";
import { add } from "../headers";
import { copy, indexOf, is, put, same } from "../text";
import { now, wallMillis } from "../wasi/clocks";
import { FieldList } from "../wasi/fields";
import { encode, ENCODED_GROWTH } from "../wire-path";
import { wholeBody } from "../whole-body";
import { invokeMethod } from "./call-app";
import { fetchFrom } from "./call-fetch";
import { methodOf } from "./call-parts";
import { beginInner } from "./inner-call";
import { addField, addText, beginMessage, CALLS, fieldNamed, messageLength, messageStart, readMessage, RESULTS } from "./message";
import { addHeader, requestBodySize } from "./read-request";
import { addConditions, answerDespite, freshAnswer, keepAnswer } from "./response-cache";
import { ALL, beginResult, limitResults, tell } from "./results";
import { more, moreNumber, moreOf, say } from "./sentence";

const COLON: u8 = 0x3a;
const SLASH: u8 = 0x2f;
const QUESTION_MARK: u8 = 0x3f;
const MILLISECOND: u64 = 1000000;

/** What was asked last. */
const PART: usize = memory.data(8, 4);
const ANSWER: usize = memory.data(8, 4);

/** What it answers; null: it does not, and what was said last tells why. */
export function askElsewhere(
  call: Call,
  guest: Guest,
  operation: Operation,
  source: Source,
  path: usize,
  length: i32,
): FieldList | null {
  const part = partOf(call, operation, source, path, length);
  if (source.kind == SOURCE_APP) return ask(guest, source, part, path, length);
  const time = wallMillis();
  const fresh = freshAnswer(part, time);
  if (fresh != null) return fresh;
  const answer = ask(guest, source, addConditions(part, time), path, length);
  return answer == null ? null : keepAnswer(part, answer, wallMillis());
}

/** What the source that was asked last, and failed, answered before, where it allowed that to be used then; null: nothing. */
export function answeredBefore(source: Source): FieldList | null {
  return source.kind == SOURCE_APP ? null : answerDespite(changetype<FieldList>(PART), wallMillis());
}

function ask(guest: Guest, source: Source, part: FieldList, path: usize, length: i32): FieldList | null {
  const within = source.withinMs ? source.withinMs : guest.timeMs;
  const until = now() + <u64>within * MILLISECOND;
  beginMessage(RESULTS);
  limitResults(guest.answer);
  beginResult();
  if (source.kind == SOURCE_APP) invoke(part, source, path, length, until);
  else fetchFrom(guest, part, until);
  const answer = changetype<FieldList>(ANSWER);
  readMessage(messageStart(), messageLength(), answer);
  const code = fieldNamed(answer, ":error");
  if (code == null) return isFollowed(answer, source) ? answer : null;
  if (now() >= until) {
    say("it did not answer within ");
    moreNumber(within);
    more(" ms");
  } else if (source.kind == SOURCE_APP) {
    say("app ");
    moreOf(source.place, source.placeLength);
    more(" cannot be invoked: ");
    moreOf(code.value, code.valueLength);
  } else {
    const cause = fieldNamed(answer, ":body");
    say("");
    if (cause != null) moreOf(cause.value, cause.valueLength);
  }
  return null;
}

/** The request as a guest's call: of the caller's fields what the description names, and what the body is. */
function partOf(call: Call, operation: Operation, source: Source, path: usize, length: i32): FieldList {
  const room = source.placeLength + length * ENCODED_GROWTH + call.queryLength;
  const url = allocate(room + 64);
  let end = put(copy(url, source.place, source.placeLength), "/");
  for (let at = path; at <= path + <usize>length; ) {
    const stop = indexOf(at, path + <usize>length, SLASH);
    if (at > path) end = put(end, "/");
    end = encode(end, at, <i32>(stop - at), true);
    at = stop + 1;
  }
  if (call.queryLength) end = copy(put(end, "?"), call.query, call.queryLength);
  beginMessage(CALLS);
  addText("url", url, <i32>(end - url));
  addText(":method", operation.method, operation.methodLength);
  addHeader(call, "accept");
  addHeader(call, "content-type");
  for (let i: u32 = 0; i < operation.parametersCount; i++) {
    const one = operation.parameter(i);
    if (one.place != PLACE_HEADER) continue;
    for (let j = 0; j < call.fieldCount; j++) {
      const field = call.fields.at(j);
      if (same(field.name, field.nameLength, one.name, one.nameLength)) {
        addField(field.name, field.nameLength, field.value, field.valueLength);
      }
    }
  }
  if (requestBodySize()) addText(":body", wholeBody(), requestBodySize());
  const part = changetype<FieldList>(PART);
  readMessage(messageStart(), messageLength(), part);
  return part;
}

function invoke(part: FieldList, source: Source, path: usize, length: i32, until: u64): void {
  tell(ALL);
  const method = methodOf(part);
  if (method < 0) return;
  const inner = beginInner(method, until, part.count);
  let url: usize = 0;
  let last: usize = 0;
  for (let i = 0; i < part.count; i++) {
    const field = part.at(i);
    if (is(field.name, field.nameLength, "url")) {
      url = field.value;
      last = url + field.valueLength;
    } else if (is(field.name, field.nameLength, ":body")) {
      inner.given = field.value;
      inner.givenLength = field.valueLength;
    } else if (load<u8>(field.name) != COLON) {
      add(inner.fields, field.name, field.nameLength, field.value, field.valueLength);
    }
  }
  inner.query = min(indexOf(url, last, QUESTION_MARK) + 1, last);
  inner.queryLength = <i32>(last - inner.query);
  invokeMethod(inner, source.place, source.placeLength, path, path + <usize>length);
}

/** False where it leads elsewhere. */
function isFollowed(answer: FieldList, source: Source): bool {
  const status = fieldNamed(answer, ":status");
  if (status == null || source.kind == SOURCE_APP) return true;
  const isRedirection = load<u8>(status.value) == 0x33 && !is(status.value, status.valueLength, "304");
  if (!isRedirection) return true;
  say("");
  moreOf(source.place, source.placeLength);
  more(" leads elsewhere (");
  moreOf(status.value, status.valueLength);
  more("), which is not followed");
  return false;
}
