import { BAD_LITERAL } from "./fault";

const TRUE: usize = memory.data<u8>([0x74, 0x72, 0x75, 0x65, 0]);
const FALSE: usize = memory.data<u8>([0x66, 0x61, 0x6c, 0x73, 0x65, 0]);
const NULL: usize = memory.data<u8>([0x6e, 0x75, 0x6c, 0x6c, 0]);

/** The byte that is awaited. */
let next: usize = 0;

/** True when a literal can begin so, which it then does. */
export function literalBegins(byte: u8): bool {
  if (byte == 0x6e) next = NULL + 1;
  else if (byte == 0x74) next = TRUE + 1;
  else if (byte == 0x66) next = FALSE + 1;
  else return false;
  return true;
}

/** 1 when the byte belongs to the literal, 0 when it is its last, or a fault. */
export function literalTakes(byte: u8): i32 {
  if (byte != load<u8>(next)) return BAD_LITERAL;
  return load<u8>(++next) ? 1 : 0;
}
