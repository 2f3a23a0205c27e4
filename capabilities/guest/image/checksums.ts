const table = new StaticArray<u32>(256);
for (let i = 0; i < 256; i++) {
  let value: u32 = i;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? 0xedb8_8320 ^ (value >> 1) : value >> 1;
  table[i] = value;
}

/** CRC-32, as PNG has it. */
export function crc32(bytes: Uint8Array, from: i32, to: i32): u32 {
  let crc: u32 = 0xffff_ffff;
  for (let i = from; i < to; i++) crc = table[(crc ^ bytes[i]) & 0xff] ^ (crc >> 8);
  return ~crc;
}

/** Adler-32, as zlib has it. */
export function adler32(bytes: Uint8Array): u32 {
  let a: u32 = 1;
  let b: u32 = 0;
  for (let i = 0; i < bytes.length; ) {
    // So many additions stay below 2^32.
    const end = min(i + 5_552, bytes.length);
    for (; i < end; i++) {
      a += bytes[i];
      b += a;
    }
    a %= 65_521;
    b %= 65_521;
  }
  return (b << 16) | a;
}
