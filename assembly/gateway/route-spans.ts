/** Texts of the path as the core routed it last: 0 is the path, its parameters follow. */
import { RESULT } from "../memory";
import { allocate } from "./memory";
import { copy } from "./text";

/** To be asked before the core is called for anything else. */
export function spanLength(index: i32): i32 {
  return load<i32>(RESULT + (<usize>(2 + (index << 1)) << 2));
}

/** The text in the arena: where it is now, the core's next call writes over it. */
export function takeSpan(index: i32): usize {
  const length = spanLength(index);
  const at = allocate(length);
  copy(at, load<usize>(RESULT + (<usize>(1 + (index << 1)) << 2)), length);
  return at;
}
