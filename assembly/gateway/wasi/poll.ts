/** wasi:io/poll: waiting for one of few things. */
import { ANSWER, mark, release } from "../memory";
import { word } from "./answers";

// @ts-ignore: decorator
@external("wasi:io/poll@0.2.12", "poll")
declare function rawPoll(pollables: usize, count: usize, answer: usize): void;
// @ts-ignore: decorator
@external("wasi:io/poll@0.2.12", "[method]pollable.ready")
declare function rawReady(pollable: i32): i32;
// @ts-ignore: decorator
@external("wasi:io/poll@0.2.12", "[resource-drop]pollable")
export declare function dropPollable(pollable: i32): void;

/** Handles to wait for, at most eight. */
const WAITED: usize = memory.data(32, 4);

export function isReady(pollable: i32): bool {
  return rawReady(pollable) != 0;
}

/** Says what the `index`-th of the next {@link wait} is. */
// @ts-ignore: decorator
@inline
export function waitFor(index: i32, pollable: i32): void {
  store<i32>(WAITED + (<usize>index << 2), pollable);
}

/** Waits until one of the first `count` is ready, and answers a bit for each that is. */
export function wait(count: i32): i32 {
  const before = mark();
  rawPoll(WAITED, count, ANSWER);
  release(before);
  let ready = 0;
  for (let at = <usize>word(0), end = at + (<usize>word(4) << 2); at < end; at += 4) ready |= 1 << load<i32>(at);
  return ready;
}
