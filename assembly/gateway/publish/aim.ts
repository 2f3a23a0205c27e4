import { allocate } from "../memory";
import { PubSub } from "../records.gen";
import { Target } from "../target";
import { put } from "../text";
import { encode, ENCODED_GROWTH } from "../wire-path";

/** How events go to the sidecar: one in an envelope that was made here, one as it came, or many. */
export const ENVELOPE: u32 = 0;
export const AS_IT_CAME: u32 = 1;
export const MANY: u32 = 2;

const TARGET: usize = memory.data(32, 4);

/** The sidecar's place for events of a topic. */
export function aim(row: PubSub, form: u32, topic: usize, topicLength: i32): Target {
  const target = changetype<Target>(TARGET);
  target.id = row.name;
  target.idLength = row.nameLength;
  target.method = 0;
  target.methodLength = 0;
  target.wire = allocate((row.componentLength + topicLength) * ENCODED_GROWTH + 32);
  let end = put(target.wire, form == MANY ? "/v1.0/publish/bulk/" : "/v1.0/publish/");
  end = encode(end, row.component, row.componentLength, true);
  end = encode(put(end, "/"), topic, topicLength, true);
  target.wireLength = <i32>(end - target.wire);
  target.isEvent = form == ENVELOPE;
  return target;
}
