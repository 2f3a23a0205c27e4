const DAY: u64 = 86400000;

/** Bytes of a time as {@link putTime} writes it, of the years up to 9999. */
export const TIME_LENGTH: i32 = 20;

/** The latest time that has four digits for its year. */
const LAST: u64 = 253402300799000;

/** Writes a time in milliseconds as RFC 3339 has it, in UTC and whole seconds. */
export function putTime(to: usize, time: u64): usize {
  const capped = min(time, LAST);
  const seconds = <i32>((capped % DAY) / 1000);
  // Days since the first of March of the year 0, so that the day that may be missing is a year's last.
  const days = <i32>(capped / DAY) + 719468;
  const era = days / 146097;
  const ofEra = days - era * 146097;
  const year = (ofEra - ofEra / 1460 + ofEra / 36524 - ofEra / 146096) / 365;
  const ofYear = ofEra - (365 * year + year / 4 - year / 100);
  const shifted = (5 * ofYear + 2) / 153;
  const day = ofYear - (153 * shifted + 2) / 5 + 1;
  const month = shifted < 10 ? shifted + 3 : shifted - 9;
  const date = year + era * 400 + (month <= 2 ? 1 : 0);
  putDigits(to, date, 4);
  store<u8>(to, 0x2d, 4);
  putDigits(to + 5, month, 2);
  store<u8>(to, 0x2d, 7);
  putDigits(to + 8, day, 2);
  store<u8>(to, 0x54, 10);
  putDigits(to + 11, seconds / 3600, 2);
  store<u8>(to, 0x3a, 13);
  putDigits(to + 14, (seconds / 60) % 60, 2);
  store<u8>(to, 0x3a, 16);
  putDigits(to + 17, seconds % 60, 2);
  store<u8>(to, 0x5a, 19);
  return to + TIME_LENGTH;
}

function putDigits(to: usize, value: i32, digits: i32): void {
  for (let i = digits - 1; i >= 0; i--) {
    store<u8>(to + <usize>i, <u8>(0x30 + (value % 10)));
    value /= 10;
  }
}
