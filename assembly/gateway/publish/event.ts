import * as A from "../../cloudevents/attributes";
import { escape as escapeChunk, base64 as encodeChunk, data, frame } from "../../cloudevents/envelope";
import { AS_BASE64, AS_JSON } from "../../cloudevents/form";
import { SKIP } from "../../json/fields";
import { CHUNK, INBOX, OUTBOX, RESULT, answer } from "../../memory";
import { Call, findField } from "../call";
import { callerId, callerIdLength } from "../door/caller";
import { allocate } from "../memory";
import { queryMetadata } from "../query";
import { scanBody } from "../state/scan-body";
import { putTime, TIME_LENGTH } from "../state/expiry";
import { copy, put } from "../text";
import { putUuid, UUID_LENGTH } from "../uuid";
import { wallMillis } from "../wasi/clocks";

/** What the core takes of a body at once, so that it fits when each byte of it grows as far as it can. */
const TEXT_CHUNK: i32 = 16384;
const BASE64_CHUNK: i32 = 49152;

/** Bytes of the attributes in the core's inbox. */
let given: i32 = 0;

let event: usize = 0;
let eventLength: i32 = 0;

/** The envelope that was made last, in the arena. */
// @ts-ignore: decorator
@inline
export function eventBytes(): usize {
  return event;
}

// @ts-ignore: decorator
@inline
export function eventSize(): i32 {
  return eventLength;
}

/**
 * Makes a CloudEvents 1.0 envelope around a body, as a sidecar does (dapr-http-api §1.3), in the caller's name. False where
 * its attributes are longer than one may hold.
 */
export function makeEvent(
  call: Call,
  body: usize,
  length: i32,
  pubsub: usize,
  pubsubLength: i32,
  topic: usize,
  topicLength: i32,
): bool {
  given = 0;
  const now = wallMillis();
  const type = findField(call.fields, "content-type");
  const traced = findField(call.fields, "traceparent");
  const state = findField(call.fields, "tracestate");
  const id = allocate(UUID_LENGTH);
  putUuid(id);
  attribute(call, A.ID, "cloudevent.id", id, UUID_LENGTH);
  attribute(call, A.SOURCE, "cloudevent.source", callerId(), callerIdLength());
  literal(call, A.TYPE, "cloudevent.type", "com.dapr.event.sent");
  attribute(call, A.SUBJECT, "cloudevent.subject", 0, -1);
  const time = allocate(TIME_LENGTH);
  putTime(time, now);
  text(A.TIME, time, TIME_LENGTH);
  if (type == null || type.valueLength == 0) literal(call, A.DATACONTENTTYPE, "", "text/plain");
  else text(A.DATACONTENTTYPE, type.value, type.valueLength);
  text(A.TOPIC, topic, topicLength);
  text(A.PUBSUBNAME, pubsub, pubsubLength);
  attribute(call, A.TRACEPARENT, "cloudevent.traceparent", traced == null ? 0 : traced.value, traced == null ? 0 : traced.valueLength);
  attribute(call, A.TRACESTATE, "cloudevent.tracestate", state == null ? 0 : state.value, state == null ? 0 : state.valueLength);
  expiry(call, now);
  if (given < 0) return false;
  const head = frame();
  if (head < 0) return false;
  return surround(head, load<i32>(RESULT), body, length);
}

/** Adds one of the attributes, in the core's order; of a length below 0 it is absent. */
function text(index: i32, at: usize, length: i32): void {
  answer(index, length);
  if (length <= 0 || given < 0) return;
  if (given + length > CHUNK) {
    given = -1;
    return;
  }
  memory.copy(INBOX + <usize>given, at, length);
  given += length;
}

function attribute(call: Call, index: i32, name: string, otherwise: usize, length: i32): void {
  const asked = queryMetadata(call, name);
  if (asked != null && asked.length) text(index, asked.start, asked.length);
  else text(index, otherwise, length);
}

function literal(call: Call, index: i32, name: string, otherwise: string): void {
  const at = allocate(otherwise.length);
  put(at, otherwise);
  attribute(call, index, name, at, otherwise.length);
}

/** Dapr ignores a time to live that is negative or no number, and lets one of 0 expire at once. */
function expiry(call: Call, now: u64): void {
  const asked = queryMetadata(call, "ttlinseconds");
  answer(A.EXPIRATION, -1);
  if (asked == null || asked.length == 0 || asked.length > 10) return;
  let seconds: u64 = 0;
  for (let i = 0; i < asked.length; i++) {
    const digit = <i32>load<u8>(asked.start + <usize>i) - 0x30;
    if (<u32>digit > 9) return;
    seconds = seconds * 10 + <u64>digit;
  }
  const at = allocate(TIME_LENGTH);
  putTime(at, now + seconds * 1000);
  text(A.EXPIRATION, at, TIME_LENGTH);
}

/** Joins the members with the data, as the content type asks for. */
function surround(head: i32, form: i32, body: usize, length: i32): bool {
  const members = allocate(head);
  memory.copy(members, OUTBOX, head);
  const asJson = form == AS_JSON && scanBody(SKIP, body, length) == 0;
  const grows = asJson ? length : form == AS_BASE64 ? (length / 3 + 1) * 4 : length * 6;
  event = allocate(head + grows + 32);
  let end = copy(event, members, head);
  if (asJson) {
    end = put(copy(put(end, ',"data":'), body, length), "}");
  } else if (form == AS_BASE64) {
    end = put(putChunks(put(end, ',"data_base64":"'), body, length, true), '"}');
  } else {
    end = put(putChunks(put(end, ',"data":"'), body, length, false), '"}');
  }
  eventLength = <i32>(end - event);
  return true;
}

function putChunks(to: usize, body: usize, length: i32, asBase64: bool): usize {
  const most = asBase64 ? BASE64_CHUNK : TEXT_CHUNK;
  let end = to;
  let at = 0;
  while (at < length) {
    const size = min(most, length - at);
    memory.copy(INBOX, body + <usize>at, size);
    const last = at + size == length;
    const written = asBase64 ? encodeChunk(size) : escapeChunk(size, last);
    at += asBase64 ? size : load<i32>(RESULT);
    end = copy(end, data(), written);
  }
  return end;
}
