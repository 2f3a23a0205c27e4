/**
 * A pollable that ends a wait in time. It lasts over many waits, and over requests: a deadline that is far away is looked
 * at again when an earlier one has passed.
 */
import { whenIt } from "./wasi/clocks";
import { dropPollable } from "./wasi/poll";

let pollable: i32 = -1;
let at: u64 = 0;

/** What is ready at `time`, or somewhat before. */
export function alarm(now: u64, time: u64): i32 {
  if (pollable >= 0 && at > now && at <= time) return pollable;
  if (pollable >= 0) dropPollable(pollable);
  pollable = whenIt(time);
  at = time;
  return pollable;
}
