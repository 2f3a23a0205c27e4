import { Call, findField } from "../call";
import {
  ERR_PUBSUB_CLOUD_EVENTS_SER,
  ERR_PUBSUB_EMPTY,
  ERR_PUBSUB_NOT_FOUND,
  ERR_PUBSUB_PUBLISH_MESSAGE,
  ERR_TOPIC_NAME_EMPTY,
} from "../errors.gen";
import { passOn } from "../invoke";
import { PUBLISH_EVENT, PUBLISH_UNNAMED } from "../operations.gen";
import { queryMetadata } from "../query";
import { PUB_SUB_BYTES, PubSub } from "../records.gen";
import { fail, literalParameter, parameter } from "../reply";
import { spanLength, takeSpan } from "../route-spans";
import { head } from "../table";
import { publishOrKeep } from "../spool/keep-event";
import { isLowered, same } from "../text";
import { HAS_FOLDER } from "../variant";
import { CUT_OFF, readWhole, TOO_LARGE, wholeBody } from "../whole-body";
import { aim, AS_IT_CAME, ENVELOPE, MANY } from "./aim";
import { eventBytes, eventSize, makeEvent } from "./event";

/** Where the cause stands among the parameters of ERR_PUBSUB_PUBLISH_MESSAGE: behind topic and name. */
const CAUSE: i32 = 2;

const CLOUD_EVENTS: string = "application/cloudevents+json";
const SEMICOLON: u8 = 0x3b;
const SPACE: u8 = 0x20;
const ZERO: u8 = 0x30;

export function isPublishing(operation: i32): bool {
  return operation >= PUBLISH_EVENT && operation <= PUBLISH_UNNAMED;
}

/**
 * Publishes an event, or many, through the sidecar that has the pub/sub: acknowledged with that one's answer. An event is
 * framed here, in the caller's name; one that is a CloudEvent, a raw one and those of a bulk go as they came.
 */
export function publish(call: Call, operation: i32): void {
  if (operation == PUBLISH_UNNAMED) return publishUnnamed(call);
  const nameLength = spanLength(1);
  const name = takeSpan(1);
  const topicLength = spanLength(2);
  const topic = takeSpan(2);
  parameter(0, name, nameLength);
  if (nameLength == 0) return fail(call, ERR_PUBSUB_EMPTY);
  const row = findPubSub(name, nameLength);
  if (row == null) return fail(call, ERR_PUBSUB_NOT_FOUND);
  if (topicLength == 0) return fail(call, ERR_TOPIC_NAME_EMPTY);
  publishTo(call, operation, row, topic, topicLength);
}

/** The book's form, which names no pub/sub: the only one that there is. */
function publishUnnamed(call: Call): void {
  const topicLength = spanLength(1);
  const topic = takeSpan(1);
  parameter(0, topic, topicLength);
  if (findPubSub(topic, topicLength) != null) return fail(call, ERR_TOPIC_NAME_EMPTY);
  if (head().pubsubsCount != 1) return fail(call, ERR_PUBSUB_EMPTY);
  publishTo(call, PUBLISH_EVENT, head().pubsub(0), topic, topicLength);
}

function publishTo(call: Call, operation: i32, row: PubSub, topic: usize, topicLength: i32): void {
  const frames = operation == PUBLISH_EVENT && !isCloudEvent(call) && !isRaw(call);
  const keeps = HAS_FOLDER && row.spoolEvents != 0;
  if ((frames || keeps) && !takeBody(call, row, topic, topicLength)) return;
  if (frames && !frameBody(call, row, topic, topicLength)) return;
  const form = frames ? ENVELOPE : operation == PUBLISH_EVENT ? AS_IT_CAME : MANY;
  parameter(0, topic, topicLength);
  parameter(1, row.name, row.nameLength);
  call.refusal = ERR_PUBSUB_PUBLISH_MESSAGE;
  call.causeAt = CAUSE;
  if (keeps) return publishOrKeep(call, row, form, topic, topicLength);
  passOn(call, aim(row, form, topic, topicLength), head().remote(row.remote));
}

function findPubSub(name: usize, length: i32): PubSub | null {
  const table = head();
  for (let i: u32 = 0; i < table.pubsubsCount; i++) {
    const row = changetype<PubSub>(table.pubsubs + i * <u32>PUB_SUB_BYTES);
    if (same(row.name, row.nameLength, name, length)) return row;
  }
  return null;
}

function isCloudEvent(call: Call): bool {
  const type = findField(call.fields, "content-type");
  if (type == null || type.valueLength < CLOUD_EVENTS.length || !isLowered(type.value, CLOUD_EVENTS)) return false;
  const end = type.value + type.valueLength;
  const rest = type.value + CLOUD_EVENTS.length;
  return rest == end || load<u8>(rest) == SEMICOLON || load<u8>(rest) == SPACE;
}

/** What is no boolean is the sidecar's to refuse. */
function isRaw(call: Call): bool {
  const raw = queryMetadata(call, "rawpayload");
  if (raw == null || raw.length == 0) return false;
  if (raw.length == 1) return load<u8>(raw.start) != ZERO && !isLowered(raw.start, "f");
  return raw.length != 5 || !isLowered(raw.start, "false");
}

/** Reads the body, which is to be there as a whole. False where the caller was told why that cannot be. */
function takeBody(call: Call, row: PubSub, topic: usize, topicLength: i32): bool {
  const length = readWhole(call);
  if (length < 0) {
    parameter(0, topic, topicLength);
    parameter(1, row.name, row.nameLength);
    literalParameter(CAUSE, unread(length));
    fail(call, ERR_PUBSUB_PUBLISH_MESSAGE);
    return false;
  }
  call.given = wholeBody();
  call.givenLength = length;
  return true;
}

/** Puts an envelope in the place of the body. False where the caller was told why that cannot be. */
function frameBody(call: Call, row: PubSub, topic: usize, topicLength: i32): bool {
  if (makeEvent(call, call.given, call.givenLength, row.name, row.nameLength, topic, topicLength)) {
    call.given = eventBytes();
    call.givenLength = eventSize();
    return true;
  }
  literalParameter(0, "the attributes of the event are longer than an envelope may hold");
  fail(call, ERR_PUBSUB_CLOUD_EVENTS_SER);
  return false;
}

function unread(fault: i32): string {
  if (fault == TOO_LARGE) return "the body is larger than the gateway takes";
  return fault == CUT_OFF ? "the body ended before it was complete" : "the body did not come in time";
}
