import { Call } from "../call";
import { ERR_PUBSUB_PUBLISH_MESSAGE } from "../errors.gen";
import { admits, reach } from "../invoke";
import { allocate } from "../memory";
import { aim } from "../publish/aim";
import { PubSub } from "../records.gen";
import { fail, parameter, reply } from "../reply";
import { faultText } from "../state/store-faults";
import { COMMITTED } from "../store/apply";
import { afterCommit } from "../store/batch";
import { forgetFolder, openOwnFolder } from "../store/open-folder";
import { head } from "../table";
import { put as write } from "../text";
import { exchange, FAILURE_SECRET } from "../transport/exchange";
import { failureText } from "../transport/failures";
import { waitsForDelivery } from "./deliver";
import { pack, parcelBytes, parcelSize } from "./parcel";
import { depth, LONGEST_EVENT, put, TOO_LARGE, TOO_MANY, useQueues, WAITING } from "./queue";

const BEHIND: string = "events that were published before wait for their sidecar";

/**
 * Publishes an event whose body is there as a whole: through the sidecar or, where that is away, or has not yet got those
 * before it, by keeping it in the folder. A folder that cannot be read is no reason not to ask the sidecar.
 */
export function publishOrKeep(call: Call, row: PubSub, form: u32, topic: usize, topicLength: i32): void {
  if (!admits(call)) return;
  useQueues(row.name, row.nameLength);
  let fault = openOwnFolder();
  const waits = fault ? 0 : depth(WAITING);
  if (waits < 0) fault = <i32>waits;
  let cause = BEHIND;
  if (waits <= 0) {
    call.isKept = true;
    if (reach(call, aim(row, form, topic, topicLength), head().remote(row.remote))) return;
    cause = failureText(exchange().failure);
    if (exchange().failure == FAILURE_SECRET) return refuse(call, cause, "");
  }
  if (fault) return refuse(call, cause, faulty(fault));
  pack(call, form, topic, topicLength);
  if (parcelSize() > LONGEST_EVENT) return refuse(call, cause, "the event is larger than 1016 KiB, the most that the folder keeps");
  const outcome = put(parcelBytes(), parcelSize(), row.spoolEvents, row.spoolBytes);
  if (outcome == COMMITTED) {
    waitsForDelivery();
    reply(call, 204, "", 0, 0);
  } else if (outcome == TOO_MANY || outcome == TOO_LARGE) {
    refuse(call, cause, outcome == TOO_MANY ? "as many events are kept as may be: see spoolEvents, and what `drain` says" : "as many bytes of events are kept as may be: see spool, and what `drain` says");
  } else refuse(call, cause, faulty(outcome));
  afterCommit();
}

function faulty(fault: i32): string {
  forgetFolder();
  return faultText(fault);
}

/** Tells why an event is not taken over, whose topic and pub/sub are the first parameters. */
function refuse(call: Call, cause: string, more: string): void {
  const text = allocate(cause.length + more.length + 2);
  let end = write(text, cause);
  if (more.length) end = write(write(end, "; "), more);
  parameter(2, text, <i32>(end - text));
  fail(call, ERR_PUBSUB_PUBLISH_MESSAGE);
}
