const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** Bytes as base64 with padding. */
export function toBase64(bytes: Uint8Array): string {
  const length = ((bytes.length + 2) / 3) * 4;
  const text = new Uint8Array(length);
  let at = 0;
  for (let i = 0; i < bytes.length; i += 3) {
    const left = bytes.length - i;
    const three =
      (<u32>bytes[i] << 16) | (left > 1 ? <u32>bytes[i + 1] << 8 : 0) | (left > 2 ? <u32>bytes[i + 2] : 0);
    for (let j = 0; j < 4; j++) {
      text[at++] = <u8>(j > left ? 0x3d : alphabet.charCodeAt((three >> (18 - 6 * j)) & 63));
    }
  }
  return String.UTF8.decodeUnsafe(text.dataStart, length);
}

/** The bytes of base64, with padding or without, or null where it is none. */
export function fromBase64(text: string): Uint8Array | null {
  let length = text.length;
  while (length > 0 && text.charCodeAt(length - 1) == 0x3d && text.length - length < 2) length--;
  if (length % 4 == 1) return null;
  const bytes = new Uint8Array((length * 3) / 4);
  let bits: u32 = 0;
  let at = 0;
  for (let i = 0; i < length; i++) {
    const digit = valueOf(text.charCodeAt(i));
    if (digit < 0) return null;
    bits = (bits << 6) | digit;
    const held = 6 * (i + 1) - 8 * at;
    if (held >= 8) bytes[at++] = <u8>(bits >> (held - 8));
  }
  return bytes;
}

function valueOf(unit: i32): i32 {
  if (unit >= 0x61 && unit <= 0x7a) return unit - 0x61 + 26;
  if (unit >= 0x41 && unit <= 0x5a) return unit - 0x41;
  if (unit >= 0x30 && unit <= 0x39) return unit - 0x30 + 52;
  return unit == 0x2b ? 62 : unit == 0x2f ? 63 : -1;
}
