import { INBOX, OUTBOX } from "../memory";
import { hexDigit } from "../http/percent";

/**
 *   00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
 *   ^  ^                                ^                ^
 *   0  3 trace id, 32 digits            36 span id, 16   53 flags
 */
const LENGTH: i32 = 55;
const TRACE: usize = 3;
const SPAN: usize = 36;
const FLAGS: usize = 53;
const DASH: u8 = 0x2d;

/** The random bytes lie behind the parent: 16 for a trace id, 8 for a span id. */
const SPAN_RANDOM: usize = 16;

/**
 * Writes the context of a new span to the outbox and answers its length: a child of the parent in the inbox where
 * that is well-formed, else the root of a new trace, which is sampled.
 */
export function traceparent(length: i32): i32 {
  const random = INBOX + length;
  store<u8>(OUTBOX, 0x30);
  store<u8>(OUTBOX, 0x30, 1);
  store<u8>(OUTBOX, DASH, 2);
  store<u8>(OUTBOX, DASH, SPAN - 1);
  store<u8>(OUTBOX, DASH, FLAGS - 1);
  if (isWellFormed(length)) {
    memory.copy(OUTBOX + TRACE, INBOX + TRACE, 32);
    // Of the flags only those that this version knows are passed on: sampled, and a random trace id.
    const known = hexDigit(load<u8>(INBOX, FLAGS + 1)) & 3;
    store<u8>(OUTBOX, 0x30, FLAGS);
    store<u8>(OUTBOX, <u8>(0x30 + known), FLAGS + 1);
  } else {
    hex(random, 16, OUTBOX + TRACE);
    store<u8>(OUTBOX, 0x30, FLAGS);
    store<u8>(OUTBOX, 0x31, FLAGS + 1);
  }
  hex(random + SPAN_RANDOM, 8, OUTBOX + SPAN);
  return LENGTH;
}

/** A later version may be longer, but begins like this one. */
function isWellFormed(length: i32): bool {
  if (length < LENGTH) return false;
  if (!isHex(0, 2) || !isHex(TRACE, 32) || !isHex(SPAN, 16) || !isHex(FLAGS, 2)) return false;
  if (load<u8>(INBOX, 2) != DASH || load<u8>(INBOX, SPAN - 1) != DASH || load<u8>(INBOX, FLAGS - 1) != DASH) return false;
  const version = load<u16>(INBOX);
  if (version == 0x6666) return false;
  if (length > LENGTH && (version == 0x3030 || load<u8>(INBOX, LENGTH) != DASH)) return false;
  return !isZero(TRACE, 32) && !isZero(SPAN, 16);
}

/** Lower-case digits only, as the specification has it. */
function isHex(at: usize, digits: usize): bool {
  for (let i = INBOX + at, end = INBOX + at + digits; i < end; i++) {
    const byte = load<u8>(i);
    if (<u8>(byte - 0x30) >= 10 && <u8>(byte - 0x61) >= 6) return false;
  }
  return true;
}

function isZero(at: usize, digits: usize): bool {
  for (let i = INBOX + at, end = INBOX + at + digits; i < end; i++) if (load<u8>(i) != 0x30) return false;
  return true;
}

/** Writes bytes as digits. An id of zeros would be invalid: its last digit becomes 1. */
function hex(source: usize, bytes: usize, target: usize): void {
  let any: u8 = 0;
  for (let i: usize = 0; i < bytes; i++) {
    const byte = load<u8>(source + i);
    any |= byte;
    store<u8>(target + (i << 1), digit(byte >> 4));
    store<u8>(target + (i << 1), digit(byte & 15), 1);
  }
  if (any == 0) store<u8>(target + (bytes << 1) - 1, 0x31);
}

// @ts-ignore: decorator
@inline
function digit(value: u8): u8 {
  return value < 10 ? 0x30 + value : 0x57 + value;
}
