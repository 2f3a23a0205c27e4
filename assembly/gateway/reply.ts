/** Answers of the gateway's own: texts, JSON, and rows of the catalogue of errors. */
import { escape, GROWTH } from "../json/escape";
import { Call } from "./call";
import { showAnswer } from "./capability/middleware";
import { keepOwn } from "./capability/results";
import { addGrants } from "./door/pages";
import { PHRASES } from "./errors.gen";
import { addLiteral, beginFields } from "./headers";
import { allocate } from "./memory";
import { print } from "./script/output";
import { copy, put } from "./text";
import { HAS_PACKAGES, HAS_SCRIPT } from "./variant";
import { bodyWriter, finishOutgoing } from "./wasi/bodies";
import { FieldList, makeFields } from "./wasi/fields";
import { close, gave, keep, OUTGOING_BODY, OUTPUT } from "./wasi/handles";
import { makeResponse, respond, responseBody } from "./wasi/incoming";
import { dropPollable, wait, waitFor } from "./wasi/poll";
import { whenWritable, writable, write } from "./wasi/streams";

/** What a body may have in the place of a parameter. */
const MOST_PARAMETERS: u8 = 8;

/** Bytes below are no text: a parameter, or a phrase of many rows. */
const SPACE: u8 = 0x20;

/** Spans of the parameters of the next error. */
const PARAMETERS: usize = memory.data(64, 8);

/** Says what stands in the place of an error's parameter; 0 is the first. */
export function parameter(index: i32, text: usize, length: i32): void {
  store<usize>(PARAMETERS + (<usize>index << 3), text);
  store<i32>(PARAMETERS + (<usize>index << 3), length, 4);
}

/** The same of a literal. */
export function literalParameter(index: i32, literal: string): void {
  const at = allocate(literal.length);
  put(at, literal);
  parameter(index, at, literal.length);
}

/** Answers with a row of errors.gen.ts, whose parameters were said before; of another status unless 0. */
export function fail(call: Call, row: usize, status: i32 = 0): void {
  const first = row + 4;
  let size = <i32>load<u16>(row, 2);
  let byte: u8;
  for (let at = first; (byte = load<u8>(at)); at++) {
    if (byte < MOST_PARAMETERS) size += load<i32>(PARAMETERS + (<usize>(byte - 1) << 3), 4) * GROWTH;
  }
  const body = allocate(size);
  let end = body;
  for (let at = first; (byte = load<u8>(at)); at++) {
    if (byte >= SPACE) store<u8>(end++, byte);
    else if (byte >= MOST_PARAMETERS) end = putPhrase(end, byte - MOST_PARAMETERS);
    else {
      const slot = PARAMETERS + (<usize>(byte - 1) << 3);
      end += escape(load<usize>(slot), load<i32>(slot, 4), end, true);
    }
  }
  reply(call, status ? status : <i32>load<u16>(row), "application/json", body, <i32>(end - body));
}

/** Writes what many rows have. */
function putPhrase(to: usize, index: u8): usize {
  let at = PHRASES;
  for (; index; index--) at += 1 + load<u8>(at);
  return copy(to, at + 1, load<u8>(at));
}

/** Answers with a short text. */
export function say(call: Call, status: i32, literal: string): void {
  const body = allocate(literal.length);
  put(body, literal);
  reply(call, status, "text/plain; charset=utf-8", body, literal.length);
}

/** Answers with a body that is there as a whole; one of no bytes has no type. */
export function reply(call: Call, status: i32, type: string, body: usize, length: i32): void {
  const list = beginFields(0);
  if (length) addLiteral(list, "content-type", type);
  addGrants(list);
  replyWith(call, status, list, body, length);
}

/** The same with these fields. */
export function replyWith(call: Call, status: i32, list: FieldList, body: usize, length: i32): void {
  if (call.answered) return;
  if (HAS_PACKAGES && call.isGuests) return keepOwn(call, status, list, body, length);
  if (call.isScript) return printAnswer(call, status, body, length);
  if (HAS_PACKAGES && call.passed) return showAnswer(call, status, list, body, length);
  replyMade(call, status, makeFields(list), body, length);
}

/** The same with fields that were made before, which it takes. */
export function replyMade(call: Call, status: i32, fields: i32, body: usize, length: i32): void {
  const response = makeResponse(status, fields);
  const outgoing = keep(OUTGOING_BODY, responseBody(response));
  call.answered = true;
  call.status = status;
  respond(call.out, response);
  if (length && !writeAll(outgoing, body, length)) return close(OUTGOING_BODY, outgoing);
  finishOutgoing(gave(OUTGOING_BODY, outgoing), -1);
}

export function printAnswer(call: Call, status: i32, body: usize, length: i32): void {
  call.answered = true;
  if (HAS_SCRIPT) print(status, body, length);
}

/** False where the caller went away. */
function writeAll(outgoing: i32, from: usize, length: i32): bool {
  const stream = keep(OUTPUT, bodyWriter(outgoing));
  const end = from + length;
  let at = from;
  while (at < end) {
    const room = writable(stream);
    if (room < 0) break;
    const part = min(room, <i32>(end - at));
    if (part == 0) {
      const pollable = whenWritable(stream);
      waitFor(0, pollable);
      wait(1);
      dropPollable(pollable);
    } else if (write(stream, at, part) == 0) at += part;
    else break;
  }
  close(OUTPUT, stream);
  return at == end;
}
