import { BAD_NUMBER } from "./fault";

/** What of the number is read. Those from `ZERO` on with an odd place may be its end. */
const MINUS: i32 = 0;
const ZERO: i32 = 1;
const POINT: i32 = 2;
const INTEGER: i32 = 3;
const EXPONENT: i32 = 4;
const FRACTION: i32 = 5;
const SIGN: i32 = 6;
const POWER: i32 = 7;

let part: i32 = MINUS;

/** True when a number can begin so, which it then does. */
export function numberBegins(byte: u8): bool {
  if (byte == 0x2d) part = MINUS;
  else if (byte == 0x30) part = ZERO;
  else if (byte > 0x30 && byte <= 0x39) part = INTEGER;
  else return false;
  return true;
}

/** 1 when the byte belongs to the number, 0 when the number ended before it, or a fault. */
export function numberTakes(byte: u8): i32 {
  const digit = <u8>(byte - 0x30) < 10;
  if (digit) {
    if (part == ZERO) return BAD_NUMBER;
    if (part == MINUS) part = byte == 0x30 ? ZERO : INTEGER;
    else if (part == POINT) part = FRACTION;
    else if (part == EXPONENT || part == SIGN) part = POWER;
    return 1;
  }
  if (byte == 0x2e && (part == ZERO || part == INTEGER)) part = POINT;
  else if ((byte | 0x20) == 0x65 && (part == ZERO || part == INTEGER || part == FRACTION)) part = EXPONENT;
  else if ((byte == 0x2b || byte == 0x2d) && part == EXPONENT) part = SIGN;
  else return isNumberComplete() ? 0 : BAD_NUMBER;
  return 1;
}

export function isNumberComplete(): bool {
  return (part & 1) == 1;
}
