/** Text in and out of the core's memory, for specs only: nothing of the core has strings. */
import { INBOX, RESULT } from "./memory";

/** Puts text into the inbox and answers its length in bytes. */
export function put(text: string): i32 {
  return <i32>String.UTF8.encodeUnsafe(changetype<usize>(text), text.length, INBOX);
}

export function textAt(start: usize, length: i32): string {
  return String.UTF8.decodeUnsafe(start, length);
}

export function word(index: i32): i32 {
  return load<i32>(RESULT + (<usize>index << 2));
}
