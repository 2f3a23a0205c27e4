/** What is sent beyond the limit: read on for a while once the caller was told, as one that is cut off while it sends may not see it. */
import { now, whenIt } from "./wasi/clocks";
import { keep, POLLABLE } from "./wasi/handles";
import { wait, waitFor } from "./wasi/poll";
import { readiness, Stream } from "./wasi/stream";
import { read } from "./wasi/streams";

/** Bytes, and nanoseconds, for which it is read. */
const MOST: i64 = 67108864;
const PATIENCE: u64 = 5000000000;
const PIECE: i32 = 65536;

let left: Stream | null = null;

/** Forgets what belonged to the request before. */
export function beginExcess(): void {
  left = null;
}

/** Leaves the rest of a body, whose stream stays open, to be read away. */
export function leaveExcess(stream: Stream): void {
  left = stream;
}

/** Reads and forgets what was left, if it comes soon. */
export function readExcess(): void {
  const stream = left;
  if (stream == null) return;
  const alarm = keep(POLLABLE, whenIt(now() + PATIENCE));
  for (let rest = MOST; rest > 0; ) {
    const some = read(stream.handle, PIECE);
    if (some < 0) return;
    rest -= some;
    if (some) continue;
    waitFor(0, readiness(stream));
    waitFor(1, alarm);
    if (wait(2) == 2) return;
  }
}
