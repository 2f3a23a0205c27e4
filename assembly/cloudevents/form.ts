/** How data stand in an envelope. */
export const AS_STRING: i32 = 0;
export const AS_JSON: i32 = 1;
export const AS_BASE64: i32 = 2;

const JSON_TYPE: usize = memory.data(16);
const BINARY_TYPE: usize = memory.data(24);
const JSON_LENGTH: i32 = 16;
const BINARY_LENGTH: i32 = 24;

function spell(target: usize, text: string): void {
  for (let i = 0; i < text.length; i++) store<u8>(target + i, <u8>text.charCodeAt(i));
}

spell(JSON_TYPE, "application/json");
spell(BINARY_TYPE, "application/octet-stream");

/** The form that a content type asks for, whatever its case and parameters. As in Dapr, `+json` types are text. */
export function mediaForm(start: usize, length: i32): i32 {
  const end = start + length;
  let from = start;
  while (from < end && load<u8>(from) <= 0x20) from++;
  let to = from;
  while (to < end && load<u8>(to) != 0x3b) to++;
  while (to > from && load<u8>(to - 1) <= 0x20) to--;
  const size = <i32>(to - from);
  if (size == JSON_LENGTH && is(from, JSON_TYPE, size)) return AS_JSON;
  return size == BINARY_LENGTH && is(from, BINARY_TYPE, size) ? AS_BASE64 : AS_STRING;
}

function is(text: usize, type: usize, length: i32): bool {
  for (let i: usize = 0, n = <usize>length; i < n; i++) {
    const byte = load<u8>(text + i);
    const lower = <u8>(byte - 0x41) < 26 ? byte | 0x20 : byte;
    if (lower != load<u8>(type + i)) return false;
  }
  return true;
}
