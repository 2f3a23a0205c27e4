import { unescape } from "../http/percent";
import { Call } from "./call";
import { allocate } from "./memory";
import { indexOf, is } from "./text";

const AMPERSAND: u8 = 0x26;
const EQUALS: u8 = 0x3d;

@unmanaged
export class Span {
  start: usize;
  length: i32;
}

const FOUND: usize = memory.data(8, 4);

/** The decoded value of the first parameter of this name, null where there is none, or where its escapes are none. */
export function queryValue(call: Call, name: string): Span | null {
  const end = call.query + call.queryLength;
  for (let at = call.query; at < end; ) {
    const stop = indexOf(at, end, AMPERSAND);
    const equals = indexOf(at, stop, EQUALS);
    if (is(at, <i32>(equals - at), name)) {
      const value = min(equals + 1, stop);
      const found = changetype<Span>(FOUND);
      found.start = allocate(stop - value);
      found.length = unescape(value, <i32>(stop - value), found.start, true);
      return found.length < 0 ? null : found;
    }
    at = stop + 1;
  }
  return null;
}
