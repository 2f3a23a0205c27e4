import { INBOX, OUTBOX } from "../memory";
import { traceparent } from "../trace/traceparent";
import { addNamed, removeNamed } from "./headers";
import { allocate } from "./memory";
import { Field, FieldList } from "./wasi/fields";
import { random } from "./wasi/random";

/** Longer ones are no context of a trace. */
const MOST: i32 = 512;

/** Random bytes that the core takes behind the parent: a span's id is the last third of them. */
const RANDOM: usize = 24;

/** Makes this gateway a hop of the trace that the caller is in; a request without one stays without. */
export function traceOnward(list: FieldList): void {
  const parent = removeNamed(list, "traceparent");
  if (parent == null || parent.valueLength > MOST) return;
  memory.copy(INBOX, parent.value, parent.valueLength);
  const chance = INBOX + parent.valueLength;
  for (let at: usize = 0; at < RANDOM; at += 8) store<u64>(chance + at, random());
  const length = traceparent(parent.valueLength);
  const own = allocate(length);
  memory.copy(own, OUTBOX, length);
  addNamed(list, "traceparent", own, length);
}
