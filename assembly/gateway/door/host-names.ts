/** Which names a gateway is called by: a page's own name may be made to lead here (DNS rebinding). */
import { lower } from "../../access/pattern";
import { allocate } from "../memory";
import { head } from "../table";
import { same } from "../text";

const COLON: u8 = 0x3a;
const DOT: u8 = 0x2e;
const OPENING: u8 = 0x5b;
const CLOSING: u8 = 0x5d;

// @ts-ignore: decorator
@inline
function isDigit(byte: u8): bool {
  return <u32>byte - 0x30 < 10;
}

/** Where the host of `host:port` ends. What is not of that form is a host as a whole, and no one's name. */
function hostEnd(at: usize, end: usize): usize {
  let stop = end;
  while (stop > at && isDigit(load<u8>(stop - 1))) stop--;
  return stop > at && load<u8>(stop - 1) == COLON ? stop - 1 : end;
}

/** True for four numbers with dots between them, and for what stands in brackets. */
function isAddress(at: usize, end: usize): bool {
  if (end - at > 2 && load<u8>(at) == OPENING) return load<u8>(end - 1) == CLOSING;
  let dots = 0;
  let digits = 0;
  for (; at < end; at++) {
    const byte = load<u8>(at);
    if (byte == DOT && digits) {
      dots++;
      digits = 0;
    } else if (isDigit(byte) && digits < 3) digits++;
    else return false;
  }
  return dots == 3 && digits != 0;
}

/** False where the request names somebody else. */
export function isOurName(authority: usize, length: i32): bool {
  const end = hostEnd(authority, authority + length);
  const size = <i32>(end - authority);
  const name = allocate(size);
  for (let i: usize = 0; i < <usize>size; i++) store<u8>(name + i, lower(load<u8>(authority + i)));
  const table = head();
  if (table.anyAddress && isAddress(name, name + size)) return true;
  for (let i: u32 = 0; i < table.hostsCount; i++) {
    const host = table.host(i);
    if (same(host.text, host.textLength, name, size)) return true;
  }
  return table.anyHost != 0;
}
