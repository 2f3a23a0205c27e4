/**
 * The world of capabilities/wit as the ABI of docs/capability-abi.md: what `daprlet capability build` links with the core module of a
 * Wasm component, so that the two are one module like any other. It runs in the guest's memory, imports what the guest exports, and
 * is trusted no more than the guest is.
 */
import { allocate, closeInbox, finished, openInbox } from "./memory";
import { outcomeCount, outcomes, readRequest, readResults } from "./request";
import { writeStep } from "./step";

export * from "./preview1";
export * from "./printed";
export * from "./system";

// @ts-ignore: decorator
@external("guest", "handle")
declare function handle(request: usize): usize;
// @ts-ignore: decorator
@external("guest", "resume")
declare function resume(results: usize, count: i32): usize;
// @ts-ignore: decorator
@external("guest", "post-handle")
declare function postHandle(step: usize): void;
// @ts-ignore: decorator
@external("guest", "post-resume")
declare function postResume(step: usize): void;
// @ts-ignore: decorator
@external("cap_host", "random")
declare function hostRandom(at: usize, length: i32): void;

export function cap_abi_version(): i32 {
  return 1;
}

export function cap_alloc(size: i32): usize {
  return openInbox(size);
}

export function cap_handle(message: usize, length: i32): u64 {
  const request = readRequest(message);
  closeInbox();
  const step = handle(request);
  writeStep(step);
  postHandle(step);
  return finished();
}

export function cap_resume(message: usize, length: i32): u64 {
  readResults(message);
  closeInbox();
  const step = resume(outcomes, outcomeCount);
  writeStep(step);
  postResume(step);
  return finished();
}

/** `random: func(count: u32) -> list<u8>`. */
export function random(count: i32, into: usize): void {
  const at = allocate(1, count);
  hostRandom(at, count);
  store<u32>(into, <u32>at);
  store<u32>(into, count, 4);
}
