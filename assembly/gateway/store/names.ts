/** Names of a store's files, written one at a time to NAME. */
export const NAME: usize = memory.data(64, 8);

/** A second one, for what takes two. */
export const OTHER_NAME: usize = memory.data(64, 8);

/** `log`: a link to a log that all others can be reached from, mostly the newest. */
export const LOG: usize = memory.data<u8>([0x6c, 0x6f, 0x67]);
export const LOG_LENGTH: i32 = 3;

/** `00000000.log`, by epoch. */
export function logName(epoch: u32, target: usize = NAME): i32 {
  hex(target, epoch, 8);
  store<u32>(target, 0x676f6c2e, 8);
  return 12;
}

/** `0000000000000000.run` */
export function runName(name: u64, target: usize = NAME): i32 {
  hex(target, name, 16);
  store<u32>(target, 0x6e75722e, 16);
  return 20;
}

/** `0000000000000000.new`: a log before a seal has named it. */
export function newName(name: u64, target: usize = NAME): i32 {
  hex(target, name, 16);
  store<u32>(target, 0x77656e2e, 16);
  return 20;
}

/** The epoch of a log's name, or -1 where it is another file's. */
export function epochOf(name: usize, length: i32): i64 {
  if (length != 12 || load<u32>(name, 8) != 0x676f6c2e) return -1;
  let epoch: i64 = 0;
  for (let i: usize = 0; i < 8; i++) {
    const digit = digitOf(load<u8>(name + i));
    if (digit < 0) return -1;
    epoch = (epoch << 4) | <i64>digit;
  }
  return epoch;
}

/** Writes the lowest `digits` of a number in hexadecimal. */
export function hex(target: usize, value: u64, digits: i32): void {
  for (let i = digits - 1; i >= 0; i--) {
    const digit = <u8>(value & 15);
    store<u8>(target + <usize>i, digit < 10 ? 0x30 + digit : 0x57 + digit);
    value >>= 4;
  }
}

export function digitOf(byte: u8): i32 {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  return byte >= 0x61 && byte <= 0x66 ? byte - 0x57 : -1;
}
