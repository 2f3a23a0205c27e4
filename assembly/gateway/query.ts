import { unescape } from "../http/percent";
import { Call } from "./call";
import { allocate } from "./memory";
import { begins, indexOf, is, isLowered } from "./text";

const AMPERSAND: u8 = 0x26;
const EQUALS: u8 = 0x3d;

@unmanaged
export class Span {
  start: usize;
  length: i32;
}

const FOUND: usize = memory.data(8, 4);

/** `metadata.` */
const PREFIX: i32 = 9;

/** The decoded value of the first parameter of this name, null where there is none, or where its escapes are none. */
export function queryValue(call: Call, name: string): Span | null {
  return find(call, name, false);
}

/** The same of `metadata.` and a name in lower case, which may come in any. */
export function queryMetadata(call: Call, name: string): Span | null {
  return find(call, name, true);
}

function find(call: Call, name: string, ofMetadata: bool): Span | null {
  const end = call.query + call.queryLength;
  for (let at = call.query; at < end; ) {
    const stop = indexOf(at, end, AMPERSAND);
    const equals = indexOf(at, stop, EQUALS);
    const length = <i32>(equals - at);
    const isIt = ofMetadata
      ? length == PREFIX + name.length && begins(at, length, "metadata.") && isLowered(at + PREFIX, name)
      : is(at, length, name);
    if (isIt) {
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
