import { FLAG_SPOOL } from "../records.gen";
import { openOwnFolder } from "../store/open-folder";
import { head } from "../table";
import { copy, put, putNumber } from "../text";
import { pubsubAt } from "./deliver";
import { depth, REFUSED, useQueues, WAITING } from "./queue";

/** Room that the lines take. */
export function queuesRoom(): usize {
  let room: usize = 256;
  for (let i: u32 = 0; i < head().pubsubsCount; i++) room += (<usize>pubsubAt(i).nameLength + 96) * 2;
  return room;
}

/** Writes how many events are kept, as Prometheus reads it; nothing where the folder cannot be read. */
export function putQueues(to: usize): usize {
  if (!(head().flags & FLAG_SPOOL) || openOwnFolder()) return to;
  to = put(to, "# HELP daprlet_gateway_events Events that are kept: they wait, or were put aside.\n");
  to = put(to, "# TYPE daprlet_gateway_events gauge\n");
  for (let i: u32 = 0; i < head().pubsubsCount; i++) {
    if (!pubsubAt(i).spoolEvents) continue;
    to = putDepth(to, i, WAITING, "waiting");
    to = putDepth(to, i, REFUSED, "aside");
  }
  return to;
}

function putDepth(to: usize, index: u32, queue: u8, state: string): usize {
  const row = pubsubAt(index);
  useQueues(row.name, row.nameLength);
  const events = depth(queue);
  if (events < 0) return to;
  to = copy(put(to, 'daprlet_gateway_events{pubsub="'), row.name, row.nameLength);
  to = put(put(put(to, '",state="'), state), '"} ');
  return put(putNumber(to, events), "\n");
}
