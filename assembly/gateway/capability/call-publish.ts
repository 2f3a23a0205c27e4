/** A guest publishes an event. */
import { publish, isPublishing } from "../publish/publish";
import { Guest } from "../records.gen";
import { same } from "../text";
import { FieldList } from "../wasi/fields";
import { hasPlainType, refuseAsForbidden, refuseAsWrong, required, typeOf } from "./call-parts";
import { addInner, addSegment, addToPath, beginInner, beginPath, endInner, isNoSegment, routeInner } from "./inner-call";
import { fieldNamed } from "./message";
import { OF_STATE, tell } from "./results";

/** The method's number on wasi:http. */
const POST: i32 = 2;

export function callPublish(guest: Guest, part: FieldList, until: u64): void {
  tell(OF_STATE);
  const pubsub = required(part, "pubsub");
  if (pubsub == null) return;
  const topic = required(part, "topic");
  if (topic == null) return;
  if (!isGranted(guest, pubsub.value, pubsub.valueLength, topic.value, topic.valueLength)) {
    return refuseAsForbidden("to publish that topic on ", pubsub.value, pubsub.valueLength);
  }
  if (isNoSegment(pubsub.value, pubsub.valueLength)) return refuseAsWrong("pubsub is no name");
  if (isNoSegment(topic.value, topic.valueLength)) return refuseAsWrong("topic is no name");
  if (!hasPlainType(part)) return;

  const inner = beginInner(POST, until);
  const type = typeOf(part);
  if (type != null) addInner(inner, "content-type", type.value, type.valueLength);
  const body = fieldNamed(part, ":body");
  if (body != null) {
    inner.given = body.value;
    inner.givenLength = body.valueLength;
  }
  beginPath("/v1.0/publish/", pubsub.valueLength + topic.valueLength);
  addSegment(pubsub.value, pubsub.valueLength);
  addToPath("/");
  addSegment(topic.value, topic.valueLength);
  const operation = routeInner(inner);
  if (isPublishing(operation)) publish(inner, operation);
  else refuseAsWrong("that topic cannot be published");
  endInner();
}

function isGranted(guest: Guest, pubsub: usize, length: i32, topic: usize, topicLength: i32): bool {
  for (let i: u32 = 0; i < guest.topicsCount; i++) {
    const row = guest.topic(i);
    if (same(row.pubsub, row.pubsubLength, pubsub, length) && same(row.topic, row.topicLength, topic, topicLength)) {
      return true;
    }
  }
  return false;
}
