/** `Via` tells which gateways a request has passed: one that comes again, or too many, go round in circles. */
import { xxhash64 } from "../hash/xxhash64";
import { Call } from "./call";
import { head } from "./table";
import { table } from "./table-place";
import { indexOf, is, put, putHex } from "./text";

const COMMA: u8 = 0x2c;

/** Bytes of a configuration that tell a gateway from all others, also from one of the same name. */
const TOLD: u32 = 4096;

/** `1.1 daprlet-<hash of the configuration>` */
const OWN: usize = memory.data(32, 8);
const OWN_LENGTH: i32 = 28;

let known: bool = false;

/** This gateway's entry of the field, {@link hopLength} bytes. */
export function hop(): usize {
  if (!known) {
    putHex(put(OWN, "1.1 daprlet-"), xxhash64(table(), min(head().size, TOLD)));
    known = true;
  }
  return OWN;
}

// @ts-ignore: decorator
@inline
export function hopLength(): i32 {
  return OWN_LENGTH;
}

/** True where the request has been here, or has passed as many as it may. */
export function goesRound(call: Call): bool {
  let passed: u32 = 0;
  for (let i = 0; i < call.fieldCount; i++) {
    const field = call.fields.at(i);
    if (!is(field.name, field.nameLength, "via")) continue;
    const end = field.value + field.valueLength;
    for (let at = field.value; at < end; passed++) {
      const stop = indexOf(at, end, COMMA);
      while (at < stop && load<u8>(at) == 0x20) at++;
      if (stop - at >= <usize>OWN_LENGTH && memory.compare(at, hop(), OWN_LENGTH) == 0) return true;
      at = stop + 1;
    }
  }
  const most = <u32>head().maxHops;
  return most != 0 && passed >= most;
}
