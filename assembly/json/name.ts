import { NAME, SEEN, SEEN_NAMES } from "../memory";
import { DUPLICATE_MEMBER, TOO_MANY_MEMBERS } from "./fault";

/** Longest name that a field may have; longer ones are unknown. */
export const NAME_BYTES: i32 = 16;

const FNV_OFFSET: u64 = 0xcbf29ce484222325;
const FNV_PRIME: u64 = 0x100000001b3;

let size: i32 = 0;
let hash: u64 = 0;
/** A high surrogate whose low half has not come yet, or 0. */
let high: i32 = 0;
let seen: i32 = 0;

/** Forgets the members of the event before. */
export function forgetNames(): void {
  seen = 0;
}

/** Members of the event so far. */
export function seenNames(): i32 {
  return seen;
}

export function beginName(): void {
  size = 0;
  hash = FNV_OFFSET;
  high = 0;
  store<u64>(NAME, 0);
  store<u64>(NAME, 0, 8);
}

/** Takes a run of plain bytes of the name. */
export function appendName(start: usize, end: usize): void {
  if (start == end) return;
  if (high) flush();
  for (let at = start; at < end; at++) put(load<u8>(at));
}

/** Takes one UTF-16 unit that the name escapes, so that a name is the same however it is spelled. */
export function appendUnit(unit: i32): void {
  if (high && (unit & 0xfc00) == 0xdc00) {
    const code = 0x10000 + ((high & 0x3ff) << 10) + (unit & 0x3ff);
    high = 0;
    put(<u8>(0xf0 | (code >> 18)));
    put(<u8>(0x80 | ((code >> 12) & 0x3f)));
    put(<u8>(0x80 | ((code >> 6) & 0x3f)));
    put(<u8>(0x80 | (code & 0x3f)));
    return;
  }
  if (high) flush();
  if ((unit & 0xfc00) == 0xd800) high = unit;
  else encode(unit);
}

/** The name's length, or more than {@link NAME_BYTES} for one that no field has. */
export function endName(): i32 {
  if (high) flush();
  return size;
}

/** The name's eight first bytes, and the eight that follow. */
export function nameLow(fold: bool): u64 {
  return folded(load<u64>(NAME), fold);
}

export function nameHigh(fold: bool): u64 {
  return folded(load<u64>(NAME, 8), fold);
}

/**
 * Notes that the object has this member. Names are told apart by a hash of 64 bits: two that collide are refused
 * like a duplicate, which harms nobody but their sender.
 */
export function noteName(): i32 {
  for (let i: i32 = 0; i < seen; i++) {
    if (load<u64>(SEEN + (<usize>i << 3)) == hash) return DUPLICATE_MEMBER;
  }
  if (seen == SEEN_NAMES) return TOO_MANY_MEMBERS;
  store<u64>(SEEN + (<usize>(seen++) << 3), hash);
  return 0;
}

/** Lower-cases the ASCII letters, eight at a time. */
function folded(bytes: u64, fold: bool): u64 {
  if (!fold) return bytes;
  const low = bytes & 0x7f7f7f7f7f7f7f7f;
  const fromA = low + 0x3f3f3f3f3f3f3f3f;
  const afterZ = low + 0x2525252525252525;
  return bytes | (((fromA & ~afterZ & ~bytes) & 0x8080808080808080) >> 2);
}

function flush(): void {
  const unit = high;
  high = 0;
  encode(unit);
}

function encode(unit: i32): void {
  if (unit < 0x80) {
    put(<u8>unit);
  } else if (unit < 0x800) {
    put(<u8>(0xc0 | (unit >> 6)));
    put(<u8>(0x80 | (unit & 0x3f)));
  } else {
    put(<u8>(0xe0 | (unit >> 12)));
    put(<u8>(0x80 | ((unit >> 6) & 0x3f)));
    put(<u8>(0x80 | (unit & 0x3f)));
  }
}

function put(byte: u8): void {
  hash = (hash ^ byte) * FNV_PRIME;
  if (size > NAME_BYTES) return;
  store<u8>(NAME + size++, byte);
}
