/** True when the bytes are UTF-8: no overlong form, no surrogate, nothing above U+10FFFF. */
export function isUtf8(start: usize, length: i32): bool {
  const end = start + length;
  let at = start;
  while (at < end) {
    const lead = load<u8>(at);
    if (lead < 0x80) {
      at++;
      continue;
    }
    const size = sequence(at, end);
    if (size == 0) return false;
    at += size;
  }
  return true;
}

/** Bytes of the multi-byte sequence that begins here, or 0 when it is not one. */
export function sequence(at: usize, end: usize): i32 {
  const lead = <u32>load<u8>(at);
  if (lead < 0xc2 || lead > 0xf4) return 0;
  const size = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  if (at + size > end) return 0;
  const second = <u32>load<u8>(at, 1);
  const low: u32 = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
  const high: u32 = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
  if (second < low || second > high) return 0;
  for (let i = 2; i < size; i++) if ((load<u8>(at + i) & 0xc0) != 0x80) return 0;
  return size;
}
