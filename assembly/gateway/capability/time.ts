/** Milliseconds since 1970 of a time as RFC 3339 has it in UTC, without its fraction; 0: it is none. */
export function readTime(at: usize, length: i32): u64 {
  if (length < 20) return 0;
  const year = number(at, 4);
  const month = number(at + 5, 2);
  const day = number(at + 8, 2);
  const seconds = number(at + 11, 2) * 3600 + number(at + 14, 2) * 60 + number(at + 17, 2);
  if (year < 1970 || month < 1 || month > 12 || day < 1) return 0;
  // Years begin with March here, so that the day that may be missing is the last.
  const shifted = month > 2 ? month - 3 : month + 9;
  const years = month > 2 ? year : year - 1;
  const days = years * 365 + years / 4 - years / 100 + years / 400 + (153 * shifted + 2) / 5 + day - 719469;
  return (<u64>days * 86400 + <u64>seconds) * 1000;
}

function number(at: usize, digits: i32): i32 {
  let value = 0;
  for (let i: usize = 0; i < <usize>digits; i++) {
    const digit = <i32>load<u8>(at + i) - 0x30;
    if (<u32>digit > 9) return -99999999;
    value = value * 10 + digit;
  }
  return value;
}
