import { hex } from "./store/names";
import { random } from "./wasi/random";

export const UUID_LENGTH: i32 = 36;

/** Writes a random UUID (RFC 9562, version 4). */
export function putUuid(to: usize): void {
  const high = (random() & 0xffffffffffff0fff) | 0x4000;
  const low = (random() & 0x3fffffffffffffff) | 0x8000000000000000;
  hex(to, high >> 32, 8);
  hex(to + 9, high >> 16, 4);
  hex(to + 14, high, 4);
  hex(to + 19, low >> 48, 4);
  hex(to + 24, low, 12);
  store<u8>(to, 0x2d, 8);
  store<u8>(to, 0x2d, 13);
  store<u8>(to, 0x2d, 18);
  store<u8>(to, 0x2d, 23);
}
