import { Fields } from "./fields";
import { Kind } from "./kind";
import { Request } from "./request";
import { results } from "./result";
import { Asking, Step, Task } from "./step";

type Handler = (request: Request) => Step;

let handler: Handler | null = null;
/** What goes on with the results of the calls that were asked for last. */
let waiting: Task | null = null;
let inbox: ArrayBuffer = new ArrayBuffer(0);
/** The last answer, kept from the collector until the next call. */
let outbox: ArrayBuffer = inbox;

/** Names the function that handles requests. To be called once, at the top of the entry file. */
export function serve(handle: Handler): void {
  handler = handle;
}

/** Version 1 of the ABI of capabilities. */
export function cap_abi_version(): i32 {
  return 1;
}

/** Where the host writes a message. What was there before may still be read by who kept it. */
export function cap_alloc(size: i32): usize {
  if (size < 0 || size > 0x3fff0000) return 0;
  inbox = changetype<ArrayBuffer>(__new(<usize>size, idof<ArrayBuffer>()));
  return changetype<usize>(inbox);
}

export function cap_handle(at: usize, length: i32): u64 {
  waiting = null;
  return answered(handler!(new Request(received(at, length, Kind.Request))));
}

export function cap_resume(at: usize, length: i32): u64 {
  const task = waiting;
  if (task === null) {
    // It has asked for nothing.
    unreachable();
    return 0;
  }
  waiting = null;
  return answered(task.resume(results(received(at, length, Kind.Results))));
}

function received(at: usize, length: i32, kind: Kind): Fields {
  if (at != changetype<usize>(inbox) || length > inbox.byteLength) unreachable();
  const fields = new Fields(inbox, length);
  if (fields.kind != kind) unreachable();
  return fields;
}

function answered(step: Step): u64 {
  if (step instanceof Asking) waiting = (<Asking>step).task;
  const writer = step.message();
  outbox = writer.message(step.kind());
  return ((<u64>changetype<usize>(outbox)) << 32) | <u64>writer.length;
}
