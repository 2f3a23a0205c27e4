/** The value of a digit in base64 or base64url, -1 for what is none. */
function digit(byte: u8): i32 {
  if (<u32>(byte - 0x41) < 26) return byte - 0x41;
  if (<u32>(byte - 0x61) < 26) return byte - 0x61 + 26;
  if (<u32>(byte - 0x30) < 10) return byte - 0x30 + 52;
  if (byte == 0x2b || byte == 0x2d) return 62;
  return byte == 0x2f || byte == 0x5f ? 63 : -1;
}

/** Decodes base64 with or without its padding. Answers the length written, -1 for what is none. */
export function unbase64(source: usize, length: i32, target: usize): i32 {
  let end = source + length;
  while (end > source && load<u8>(end - 1) == 0x3d) end--;
  let bits: u32 = 0;
  let held = 0;
  let write = target;
  for (let at = source; at < end; at++) {
    const value = digit(load<u8>(at));
    if (value < 0) return -1;
    bits = (bits << 6) | value;
    held += 6;
    if (held < 8) continue;
    held -= 8;
    store<u8>(write++, <u8>(bits >> held));
  }
  return <i32>(write - target);
}
