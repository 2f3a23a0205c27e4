/** Middleware in front of the API that packages are, as of host/capability/components/guest-middleware.ts. */
import { Call } from "../call";
import { ERR_BODY_READ, ERR_INTERNAL } from "../errors.gen";
import { add, beginFields, isOfOneHop } from "../headers";
import { allocate, mark, release } from "../memory";
import { FEATURE_RESPONSE, GuestComponent } from "../records.gen";
import { fail, literalParameter, replyWith } from "../reply";
import { head } from "../table";
import { begins, copy, is, putNumber, same } from "../text";
import { Field, FieldList, fits } from "../wasi/fields";
import { readWhole, TOO_LARGE, TOO_SLOW, wholeBody } from "../whole-body";
import { isFieldName, isFieldValue, says } from "./call-parts";
import { blameComponent, endGuest, guestFailedBy } from "./faults";
import { answerWith, areTooLong } from "./guest-answer";
import { askComponent, beginComponent } from "./guest-component";
import { addField, addText, fieldNamed } from "./message";
import { methodSize, methodText, takeMethod } from "./method-name";
import { isMeant, routeAgain } from "./middleware-paths";

/** The request passes each middleware that is meant for it. False: it was answered. */
export function passesMiddleware(call: Call): bool {
  const table = head();
  for (let i: u32 = 0; i < table.middlewaresCount; i++) {
    const row = table.middleware(i);
    if (!isMeant(row, call)) continue;
    const one = row.guest(0);
    if (!readBody(call) || !passes(call, one)) return false;
    if (one.features & FEATURE_RESPONSE) call.passed |= 1 << i;
  }
  routeAgain(call);
  return true;
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

/** Shows it the request, which it lets go on, changed or not. False: it has answered. */
function passes(call: Call, one: GuestComponent): bool {
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
    call.given = body.value;
    call.givenLength = body.valueLength;
  }
  if (changed != null) {
    call.firstField = changed.first;
    call.fieldCount = changed.count;
  }
  // What it was told, and its answer, are not needed any more.
  if (body == null && changed == null) release(before);
  return true;
}

/** Shows an answer to the innermost middleware that has not seen it yet, and answers with what that makes of it. */
export function showAnswer(call: Call, status: i32, list: FieldList, body: usize, length: i32): void {
  const index = 31 - clz(call.passed);
  call.passed &= ~(1 << index);
  const one = head().middleware(index).guest(0);
  const fields = changetype<FieldList>(allocate(offsetof<FieldList>()));
  fields.first = list.first;
  fields.count = list.count;
  blameComponent(one, ERR_INTERNAL);
  beginComponent(one, "handle-response");
  const digits = allocate(20);
  addText(":status", digits, <i32>(putNumber(digits, status) - digits));
  addText(":body", body, length);
  addFields(fields);
  const answer = askComponent(one, false);
  if (!says(fieldNamed(answer, ":next"), "true")) return giveAnswer(call, one, answer);
  const other = fieldNamed(answer, ":body");
  const changed = change(one, fields, answer);
  if (other != null && status != 204 && status != 304) replyWith(call, status, changed == null ? fields : changed, other.value, other.valueLength);
  else replyWith(call, status, changed == null ? fields : changed, body, length);
}

function giveAnswer(call: Call, one: GuestComponent, answer: FieldList): void {
  if (!answerWith(call, answer, false)) endGuest(one.guest);
}

/** The token is the gateway's, and not for guests. */
function addFields(list: FieldList): void {
  for (let i = 0; i < list.count; i++) {
    const field = list.at(i);
    if (is(field.name, field.nameLength, "dapr-api-token")) continue;
    addField(field.name, field.nameLength, field.value, field.valueLength);
  }
}

/** The fields with those that the guest sets, in place of what they were; null where it sets none. */
function change(one: GuestComponent, from: FieldList, by: FieldList): FieldList | null {
  const first = from.first;
  const count = from.count;
  let size = 0;
  let sets = 0;
  for (let i = 0; i < by.count; i++) {
    const field = by.at(i);
    if (!isSet(field)) {
      // It is passed over from here on.
      field.nameLength = 0;
      continue;
    }
    size += field.nameLength + field.valueLength;
    sets++;
  }
  if (sets == 0) return null;
  if (areTooLong(size)) endGuest(one.guest);
  const list = beginFields(count + sets);
  for (let i = 0; i < count; i++) {
    const field = changetype<Field>(first + <usize>i * offsetof<Field>());
    if (!isNamed(by, field)) add(list, field.name, field.nameLength, field.value, field.valueLength);
  }
  for (let i = 0; i < by.count; i++) {
    const field = by.at(i);
    if (field.nameLength) add(list, field.name, field.nameLength, field.value, field.valueLength);
  }
  if (!fits(list)) {
    guestFailedBy("its headers and those of the message are more than hosts take");
    endGuest(one.guest);
  }
  return list;
}

/** What frames a message, or speaks for the gateway, a guest cannot set. */
function isSet(field: Field): bool {
  const name = field.name;
  const length = field.nameLength;
  return (
    isFieldName(name, length) &&
    isFieldValue(field.value, field.valueLength) &&
    !isOfOneHop(name, length) &&
    !begins(name, length, "dapr") &&
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
