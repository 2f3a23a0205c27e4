/** Middleware in front of the API that packages are, as of host/capability/components/guest-middleware.ts. */
import { Call } from "../call";
import { CHUNK } from "../../memory";
import { addGrants } from "../door/pages";
import { ERR_BODY_READ, ERR_INTERNAL } from "../errors.gen";
import { add, beginFields, isOfOneHop } from "../headers";
import { allocate, mark, release } from "../memory";
import { FEATURE_HANDLER, FEATURE_READS, FEATURE_RESPONSE, FEATURE_TRUSTED, GuestComponent } from "../records.gen";
import { fail, literalParameter, replyWith } from "../reply";
import { head } from "../table";
import { begins, copy, is, putNumber, same } from "../text";
import { Field, FieldList, fits } from "../wasi/fields";
import { readWhole, TOO_LARGE, TOO_SLOW, wholeBody } from "../whole-body";
import { isFieldName, isFieldValue, says } from "./call-parts";
import { blameComponent, endGuest, guestFailedBy } from "./faults";
import { answerWith, areTooLong, seal, statusOf } from "./guest-answer";
import { askComponent, beginComponent } from "./guest-component";
import { addField, addText, fieldNamed } from "./message";
import { methodSize, methodText, setMethod, takeMethod } from "./method-name";
import { isMeant } from "./middleware-paths";

const COLON: u8 = 0x3a;

/** The request passes each middleware that is meant for it. False: it was answered. */
export function passesMiddleware(call: Call): bool {
  const table = head();
  for (let i: u32 = 0; i < table.middlewaresCount; i++) {
    const row = table.middleware(i);
    if (!isMeant(row, call)) continue;
    const one = row.guest(0);
    // Past a handler that reads no bodies they stream.
    if (!isHandler(one) || one.features & FEATURE_READS) {
      if (!readBody(call)) return false;
    }
    if (!passes(call, one, 1 << i)) return false;
  }
  return true;
}

/** A guest of http-wasm: behind its adapter it changes more than one of our own ABI. */
// @ts-ignore: decorator
@inline
function isHandler(one: GuestComponent): bool {
  return (one.features & FEATURE_HANDLER) != 0;
}

/** False where the caller was told why the body is not there. */
function readBody(call: Call): bool {
  if (call.given) return true;
  const size = readWhole(call);
  if (size >= 0) {
    call.given = wholeBody();
    call.givenLength = size;
    return true;
  }
  literalParameter(
    0,
    size == TOO_LARGE
      ? "the body is larger than the gateway takes"
      : size == TOO_SLOW
        ? "the body did not come in time"
        : "the body ended early",
  );
  fail(call, ERR_BODY_READ, size == TOO_LARGE ? 413 : 0);
  return false;
}

/** Shows it the request, which it lets go on, changed or not; `bit` is its own. False: it has answered. */
function passes(call: Call, one: GuestComponent, bit: u32): bool {
  blameComponent(one, ERR_INTERNAL);
  beginComponent(one, "handle-request");
  const before = mark();
  takeMethod(call);
  addText(":method", methodText(), methodSize());
  addText(":path", call.path, call.pathLength);
  addText(":query", call.query, call.queryLength);
  addText(":body", call.given, call.givenLength);
  addFields(call.fields);
  const answer = askComponent(one, false);
  if (!says(fieldNamed(answer, ":next"), "true")) {
    giveAnswer(call, one, answer);
    return false;
  }
  const body = fieldNamed(answer, ":body");
  const changed = change(one, call.fields, answer);
  if (body != null) {
    // What it does not pass on is not left with the caller.
    if (!readBody(call)) return false;
    call.given = body.value;
    call.givenLength = body.valueLength;
  }
  if (changed != null) {
    call.firstField = changed.first;
    call.fieldCount = changed.count;
  }
  if (isHandler(one)) {
    redirect(call, one, answer);
    const sees = fieldNamed(answer, ":sees");
    if (sees != null) call.passed |= bit;
    if (says(sees, "all")) call.passedWhole |= bit;
    return true;
  }
  if (one.features & FEATURE_RESPONSE) {
    call.passed |= bit;
    call.passedWhole |= bit;
  }
  // What it was told, and its answer, are not needed any more.
  if (body == null && changed == null) release(before);
  return true;
}

/** Sends the request where a handler wants it to go. */
function redirect(call: Call, one: GuestComponent, answer: FieldList): void {
  const method = fieldNamed(answer, ":method");
  if (method != null) setMethod(call, method.value, method.valueLength);
  const path = fieldNamed(answer, ":path");
  const query = fieldNamed(answer, ":query");
  if (path == null || query == null) return;
  if (path.valueLength > CHUNK) {
    guestFailedBy("it sets a URI that is too long");
    endGuest(one.guest);
  }
  call.path = path.value;
  call.pathLength = path.valueLength;
  call.query = query.value;
  call.queryLength = query.valueLength;
}

/** The status of the answer that a middleware was shown last, as it left it; 0: it has answered itself. */
let shown: i32 = 0;

/** What the innermost middleware that has not seen the answer yet says of it. Changes the fields as it wants it. */
function ask(call: Call, status: i32, fields: FieldList, body: usize, length: i32): FieldList {
  const index = 31 - clz(call.passed);
  call.passed &= ~(1 << index);
  const one = head().middleware(index).guest(0);
  blameComponent(one, ERR_INTERNAL);
  beginComponent(one, "handle-response");
  const digits = allocate(20);
  addText(":status", digits, <i32>(putNumber(digits, status) - digits));
  addText(":body", body, length);
  addFields(fields);
  const answer = askComponent(one, false);
  shown = 0;
  if (!says(fieldNamed(answer, ":next"), "true")) {
    giveAnswer(call, one, answer);
    return answer;
  }
  shown = isHandler(one) && fieldNamed(answer, ":status") != null ? statusOf(answer) : status;
  if (shown < 0) endGuest(one.guest);
  const changed = change(one, fields, answer);
  if (changed != null) {
    fields.first = changed.first;
    fields.count = changed.count;
  }
  const isChanged = changed != null || shown != status || fieldNamed(answer, ":body") != null;
  if (isHandler(one) && isChanged && !(one.features & FEATURE_TRUSTED)) seal(fields);
  return answer;
}

/** Shows an answer to the innermost middleware that has not seen it yet, and answers with what that makes of it. */
export function showAnswer(call: Call, status: i32, list: FieldList, body: usize, length: i32): void {
  const fields = kept(list);
  const other = fieldNamed(ask(call, status, fields, body, length), ":body");
  if (shown == 0) return;
  if (other != null && shown != 204 && shown != 304) replyWith(call, shown, fields, other.value, other.valueLength);
  else replyWith(call, shown, fields, body, length);
}

/** Shows the head of an answer, whose body streams, to whoever is to see it, and answers with the head that comes of that. */
export function showHead(call: Call, status: i32, list: FieldList): FieldList {
  const fields = kept(list);
  shown = status;
  while (call.passed) ask(call, shown, fields, 0, 0);
  return fields;
}

/** The status of that head. */
// @ts-ignore: decorator
@inline
export function shownStatus(): i32 {
  return shown;
}

function kept(list: FieldList): FieldList {
  const fields = changetype<FieldList>(allocate(offsetof<FieldList>()));
  fields.first = list.first;
  fields.count = list.count;
  return fields;
}

function giveAnswer(call: Call, one: GuestComponent, answer: FieldList): void {
  if (!(one.features & FEATURE_TRUSTED)) {
    if (!answerWith(call, answer)) endGuest(one.guest);
    return;
  }
  const status = statusOf(answer);
  const nothing = kept(call.fields);
  nothing.count = 0;
  const list = change(one, nothing, answer);
  if (status < 0 || list == null) return endGuest(one.guest);
  addGrants(list);
  const body = fieldNamed(answer, ":body")!;
  replyWith(call, status, list, body.value, status == 204 || status == 304 ? 0 : body.valueLength);
}

/** The token is the gateway's, and not for guests. */
function addFields(list: FieldList): void {
  for (let i = 0; i < list.count; i++) {
    const field = list.at(i);
    if (!isToken(field)) addField(field.name, field.nameLength, field.value, field.valueLength);
  }
}

function isToken(field: Field): bool {
  return is(field.name, field.nameLength, "dapr-api-token");
}

/**
 * The fields with those that the guest sets: in place of what they were, and of all that it could set where it is a handler.
 * Null where it sets none.
 */
function change(one: GuestComponent, from: FieldList, by: FieldList): FieldList | null {
  const first = from.first;
  const count = from.count;
  const all = isHandler(one);
  let size = 0;
  let sets = 0;
  for (let i = 0; i < by.count; i++) {
    const field = by.at(i);
    if (!isSet(one, field)) {
      // It is passed over from here on.
      field.nameLength = field.nameLength && load<u8>(field.name) == COLON ? field.nameLength : 0;
      continue;
    }
    size += field.nameLength + field.valueLength;
    sets++;
  }
  if (all ? fieldNamed(by, ":next") != null && fieldNamed(by, ":fields") == null : sets == 0) return null;
  if (!all && areTooLong(size)) endGuest(one.guest);
  const list = beginFields(count + sets);
  for (let i = 0; i < count; i++) {
    const field = changetype<Field>(first + <usize>i * offsetof<Field>());
    if (all ? !isSet(one, field) : !isNamed(by, field)) add(list, field.name, field.nameLength, field.value, field.valueLength);
  }
  for (let i = 0; i < by.count; i++) {
    const field = by.at(i);
    if (field.nameLength && load<u8>(field.name) != COLON) add(list, field.name, field.nameLength, field.value, field.valueLength);
  }
  if (!fits(list)) {
    guestFailedBy("its headers and those of the message are more than hosts take");
    endGuest(one.guest);
  }
  return list;
}

/** What frames a message, or speaks for the gateway, a guest cannot set. */
function isSet(one: GuestComponent, field: Field): bool {
  const name = field.name;
  const length = field.nameLength;
  return (
    isFieldName(name, length) &&
    isFieldValue(field.value, field.valueLength) &&
    !isOfOneHop(name, length) &&
    !isToken(field) &&
    !is(name, length, "host") &&
    (one.features & FEATURE_TRUSTED || !begins(name, length, "dapr")) &&
    !begins(name, length, "access-control-")
  );
}

function isNamed(by: FieldList, field: Field): bool {
  for (let i = 0; i < by.count; i++) {
    const other = by.at(i);
    if (same(other.name, other.nameLength, field.name, field.nameLength)) return true;
  }
  return false;
}

/** Puts copies of its texts into the arena: where they are, something else will be. */
export function copyTexts(list: FieldList): void {
  for (let i = 0; i < list.count; i++) {
    const field = list.at(i);
    const at = allocate(field.nameLength + field.valueLength);
    copy(copy(at, field.name, field.nameLength), field.value, field.valueLength);
    field.name = at;
    field.value = at + <usize>field.nameLength;
  }
}
