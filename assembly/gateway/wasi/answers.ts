import { ANSWER } from "../memory";

/** How results, options and lists that an import answers lie at ANSWER. */

/** True where a `result` is an error, or an `option` has a value. */
// @ts-ignore: decorator
@inline
export function tag(at: usize = 0): bool {
  return load<u8>(ANSWER + at) != 0;
}

// @ts-ignore: decorator
@inline
export function word(at: usize): i32 {
  return load<i32>(ANSWER + at);
}
