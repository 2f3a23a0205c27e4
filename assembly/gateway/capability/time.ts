import { letter } from "../text";

const MONTHS = "JanFebMarAprMayJunJulAugSepOctNovDec";

/** Milliseconds since 1970 of a time as RFC 3339 has it in UTC, without its fraction; 0: it is none. */
export function readTime(at: usize, length: i32): u64 {
  if (length < 20) return 0;
  return timeOf(number(at, 4), number(at + 5, 2), number(at + 8, 2), at + 11);
}

/** The same of a time as HTTP has it, in its one form that is not obsolete: `Thu, 01 Jan 2026 00:01:00 GMT`. */
export function readHttpTime(at: usize, length: i32): u64 {
  if (length != 29) return 0;
  return timeOf(number(at + 12, 4), monthAt(at + 8), number(at + 5, 2), at + 17);
}

function monthAt(at: usize): i32 {
  for (let month = 0; month < 12; month++) {
    let i = 0;
    while (i < 3 && load<u8>(at + i) == letter(MONTHS, month * 3 + i)) i++;
    if (i == 3) return month + 1;
  }
  return 0;
}

/** Of a date, and the time of its day, which stands there. */
function timeOf(year: i32, month: i32, day: i32, clock: usize): u64 {
  const hours = number(clock, 2);
  const minutes = number(clock + 3, 2);
  const seconds = number(clock + 6, 2);
  if (year < 1970 || month < 1 || month > 12 || day < 1 || (hours | minutes | seconds) < 0) return 0;
  // Years begin with March here, so that the day that may be missing is the last.
  const shifted = month > 2 ? month - 3 : month + 9;
  const years = month > 2 ? year : year - 1;
  const days = years * 365 + years / 4 - years / 100 + years / 400 + (153 * shifted + 2) / 5 + day - 719469;
  return (<u64>days * 86400 + <u64>(hours * 3600 + minutes * 60 + seconds)) * 1000;
}

/** The number that so many digits make; -1: they are none. */
function number(at: usize, digits: i32): i32 {
  let value = 0;
  for (let i: usize = 0; i < <usize>digits; i++) {
    const digit = <i32>load<u8>(at + i) - 0x30;
    if (<u32>digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}
