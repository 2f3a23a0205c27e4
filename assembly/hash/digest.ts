import { INBOX } from "../memory";
import * as Blake from "./blake2b";
import * as XX from "./xxhash64";

/** Chunks of one text, in the order they are hashed. A text in one chunk is both. */
export const FIRST: i32 = 1;
export const LAST: i32 = 2;

/** Takes a chunk in the inbox. Answers the hash once it is the last. */
export function xxhash(length: i32, place: i32): u64 {
  if (place & FIRST) XX.begin();
  if (place & LAST) return XX.finish(INBOX, length);
  XX.update(INBOX, length);
  return 0;
}

/** Takes a chunk in the inbox. The digest is in the answer once it is the last. */
export function blake(length: i32, place: i32): void {
  if (place & FIRST) Blake.begin();
  if (place & LAST) Blake.finish(INBOX, length);
  else Blake.update(INBOX, length);
}
