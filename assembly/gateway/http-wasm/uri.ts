/** The URI that a guest sets, as a request line has it. */
import { allocate } from "../memory";
import { indexOf, isLowered, same } from "../text";
import { Exchange } from "./exchange";
import { fail } from "./host";

const SLASH: u8 = 0x2f;
const QUESTION_MARK: u8 = 0x3f;
const HASH: u8 = 0x23;
const PERCENT: u8 = 0x25;

export function setUri(one: Exchange, text: usize, length: i32): void {
  const last = text + <usize>length;
  const at = targetOf(text, last);
  if (at < last && load<u8>(at) != SLASH && load<u8>(at) != QUESTION_MARK) fail(NONE);
  const path = indexOf(at, last, QUESTION_MARK);
  const uri = allocate(<usize>(last - at) * 3 + 1);
  let end = uri;
  if (at == last || load<u8>(at) != SLASH) store<u8>(end++, SLASH);
  for (let i = at; i < last; i++) {
    const byte = load<u8>(i);
    if (byte < 0x20 || byte == 0x7f) fail(NONE);
    if (byte == PERCENT && i < path && !(last - i > 2 && isHex(load<u8>(i, 1)) && isHex(load<u8>(i, 2)))) fail(NONE);
    if (byte > 0x20 && byte < 0x7f && byte != HASH) store<u8>(end++, byte);
    else {
      store<u8>(end, PERCENT);
      store<u8>(end, hex(byte >> 4), 1);
      store<u8>(end, hex(byte & 15), 2);
      end += 3;
    }
  }
  const size = <i32>(end - uri);
  one.moved = one.moved || !same(uri, size, one.uri, one.uriLength);
  one.uri = uri;
  one.uriLength = size;
}

const NONE = "it sets a URI that is none";

/** Where path and query begin, behind a scheme and a host. */
function targetOf(at: usize, last: usize): usize {
  const length = <i32>(last - at);
  const scheme = length > 6 && isLowered(at, "http://") ? 7 : length > 7 && isLowered(at, "https://") ? 8 : 0;
  if (scheme == 0) return at;
  at += scheme;
  while (at < last && load<u8>(at) != SLASH && load<u8>(at) != QUESTION_MARK && load<u8>(at) != HASH) at++;
  return at;
}

function isHex(byte: u8): bool {
  return <u32>byte - 0x30 < 10 || (<u32>byte | 0x20) - 0x61 < 6;
}

function hex(digit: u8): u8 {
  return digit < 10 ? 0x30 + digit : 0x37 + digit;
}
