/** wasi:clocks: the time, and waiting for it. */
import { ANSWER } from "../memory";

// @ts-ignore: decorator
@external("wasi:clocks/monotonic-clock@0.2.12", "now")
declare function rawNow(): u64;
// @ts-ignore: decorator
@external("wasi:clocks/monotonic-clock@0.2.12", "subscribe-instant")
declare function rawSubscribeInstant(when: u64): i32;
// @ts-ignore: decorator
@external("wasi:clocks/wall-clock@0.2.12", "now")
declare function rawWallNow(answer: usize): void;

let latest: u64 = 0;

/** Nanoseconds of a clock that never goes back. It is the host's: all instances read the same one. */
export function now(): u64 {
  latest = rawNow();
  return latest;
}

/** What {@link now} answered last: good enough for what lasts for seconds. */
// @ts-ignore: decorator
@inline
export function recently(): u64 {
  return latest;
}

/** A pollable that is ready from that instant on. */
export function whenIt(instant: u64): i32 {
  return rawSubscribeInstant(instant);
}

/** Milliseconds since 1970. */
export function wallMillis(): u64 {
  rawWallNow(ANSWER);
  return load<u64>(ANSWER) * 1000 + load<u32>(ANSWER, 8) / 1000000;
}
