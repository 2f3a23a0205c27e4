/** What guests that are state stores are told and say of items. */
import { Call } from "../call";
import { endGuest, sayComponent, tellComponent } from "../capability/faults";
import { statusOf } from "../capability/guest-answer";
import { askComponent, beginComponent } from "../capability/guest-component";
import { addText, fieldNamed } from "../capability/message";
import { more, moreNumber, moreOf, say } from "../capability/sentence";
import { allocate } from "../memory";
import { queryValue } from "../query";
import { GuestComponent, Store } from "../records.gen";
import { is } from "../text";
import { FieldList } from "../wasi/fields";
import { putTime, TIME_LENGTH } from "./expiry";
import { keyLength, keyText, makeKey } from "./stored-key";

/** The status of the last answer. */
let status: i32 = 0;

// @ts-ignore: decorator
@inline
export function answeredStatus(): i32 {
  return status;
}

/** What the guest says to the message. */
export function answered(one: GuestComponent): FieldList {
  const answer = askComponent(one, true);
  status = statusOf(answer);
  if (status < 0) endGuest(one.guest);
  return answer;
}

/** Asks for one key: what was answered with 200, 204 or 404; null: it failed, and the caller was told. */
export function askKey(call: Call, row: Store, one: GuestComponent, key: usize, length: i32): FieldList | null {
  beginComponent(one, "get");
  addKey(row, key, length);
  const asked = queryValue(call, "consistency");
  if (asked != null && (is(asked.start, asked.length, "strong") || is(asked.start, asked.length, "eventual"))) {
    addText("consistency", asked.start, asked.length);
  }
  const answer = answered(one);
  if (status == 200 || status == 204 || status == 404) return answer;
  tellFailure(call, answer);
  return null;
}

export function addKey(row: Store, key: usize, length: i32): void {
  makeKey(row, key, length);
  addText("key", keyText(), keyLength());
}

/** The time at which an item expires, as text; 0: it does not. */
export function expiryOf(fields: FieldList): usize {
  const field = fieldNamed(fields, "expires");
  if (field == null || field.valueLength == 0 || field.valueLength > 16) return 0;
  let time: u64 = 0;
  for (let i: usize = 0; i < <usize>field.valueLength; i++) {
    const digit = <u32>load<u8>(field.value + i) - 0x30;
    if (digit > 9) return 0;
    time = time * 10 + digit;
  }
  const text = allocate(TIME_LENGTH);
  putTime(text, time);
  return text;
}

/** Tells the caller of an answer whose status is none of the operation's. */
export function tellFailure(call: Call, answer: FieldList): void {
  const error = fieldNamed(answer, ":error");
  if (error == null) {
    say("status ");
    moreNumber(status);
  } else {
    say("");
    moreOf(error.value, error.valueLength);
  }
  more(": ");
  const body = fieldNamed(answer, ":body");
  if (body != null) moreOf(body.value, body.valueLength);
  sayComponent("): ");
  tellComponent(call);
}
