/**
 * `wasi:http/incoming-handler` as the ABI of docs/capability-abi.md, in the same place as world.ts: a server that was written for
 * that interface is an app of ours. Where it blocks for what it asked of others, its stack is unwound into memory (binaryen's
 * asyncify), the calls are made as any guest's are, and it goes on from there with their results.
 */
import { noAnswer, putAnswer } from "./answer";
import { openIncoming } from "./incoming";
import { allocate, begin, finished, hold, openInbox, release, resized } from "./memory";
import { anyPending, isReady, putCalls, takeResults } from "./outgoing";
import { closeRecords, Kind, opened, openRecords } from "./records";

export * from "./answer";
export * from "./headers";
export * from "./incoming";
export * from "./outgoing";
export * from "./preview1";
export * from "./streams";
export * from "./system";

// @ts-ignore: decorator
@external("guest", "handle")
declare function handle(request: i32, out: i32): void;
// @ts-ignore: decorator
@external("asyncify", "start_unwind")
declare function startUnwind(stack: usize): void;
// @ts-ignore: decorator
@external("asyncify", "stop_unwind")
declare function stopUnwind(): void;
// @ts-ignore: decorator
@external("asyncify", "start_rewind")
declare function startRewind(stack: usize): void;
// @ts-ignore: decorator
@external("asyncify", "stop_rewind")
declare function stopRewind(): void;

const ANSWER = 2;
const CALLS = 3;

/** What frames of a guest that waits are kept in; one that needs more traps. */
const STACK = 65536;

let stack: usize = 0;
let stackSize: i32 = 0;
let waiting: bool = false;
let returning: bool = false;
/** It has answered, and what it asked for without waiting is still to be asked. */
let answered: bool = false;
let request: i32 = 0;
let out: i32 = 0;

/** To be called before anything of the guest is unwound. */
function openStack(): void {
  if (stackSize < STACK) {
    stack = resized(stack, stackSize, 8, STACK);
    stackSize = STACK;
  }
  store<u32>(stack, <u32>stack + 8);
  store<u32>(stack, <u32>stack + STACK, 4);
}

/** Both of them begin anew when the guest is wound back to here. */
export function pollable_block(pollable: i32): void {
  if (returning) {
    returning = false;
    stopRewind();
  } else if (!isReady(pollable)) {
    waiting = true;
    startUnwind(stack);
  }
}

export function poll_poll(list: usize, count: i32, into: usize): void {
  if (returning) {
    returning = false;
    stopRewind();
  }
  let ready = 0;
  for (let i = 0; i < count; i++) if (isReady(load<i32>(list + 4 * i))) ready++;
  if (ready == 0) {
    waiting = true;
    startUnwind(stack);
    return;
  }
  const indices = allocate(4, 4 * ready);
  for (let i = 0, filled = 0; i < count; i++)
    if (isReady(load<i32>(list + 4 * i))) store<i32>(indices + 4 * filled++, i);
  store<u32>(into, <u32>indices);
  store<i32>(into, ready, 4);
}

export function pollable_ready(pollable: i32): i32 {
  return isReady(pollable) ? 1 : 0;
}

export function cap_abi_version(): i32 {
  return 1;
}

/** Kept of a guest that takes one request only. */
export function cap_once(): void {}

export function cap_alloc(size: i32): usize {
  return openInbox(size);
}

/** Runs the guest until it has answered, or waits. */
function run(): u64 {
  handle(request, out);
  if (waiting) {
    stopUnwind();
    waiting = false;
    // What waits for nothing that was asked for would wait for ever.
    if (!anyPending()) unreachable();
    begin(CALLS);
    putCalls();
    return finished();
  }
  answered = anyPending();
  if (!answered) return end();
  begin(CALLS);
  putCalls();
  return finished();
}

function end(): u64 {
  answered = false;
  begin(ANSWER);
  putAnswer();
  closeRecords();
  release();
  if (stackSize > 1) {
    stack = resized(stack, stackSize, 8, 1);
    stackSize = 1;
  }
  return finished();
}

export function cap_handle(message: usize, length: i32): u64 {
  openRecords();
  hold();
  openStack();
  noAnswer();
  request = openIncoming(message);
  out = opened(Kind.Options);
  return run();
}

export function cap_resume(message: usize, length: i32): u64 {
  takeResults(message);
  if (answered) return end();
  returning = true;
  startRewind(stack);
  return run();
}
