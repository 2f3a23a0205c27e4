/** wasi:random. */

// @ts-ignore: decorator
@external("wasi:random/random@0.2.12", "get-random-u64")
declare function rawRandom(): u64;

/** 64 bits that nobody can foretell. */
export function random(): u64 {
  return rawRandom();
}
