import { syncData } from "../wasi/filesystem";
import { blockingFlush, writable, write } from "../wasi/streams";
import { Record } from "./record";
import { logAppender, logFile } from "./store";

/** What the host could not do with an append. */
export const NOT_APPENDED: i32 = -104;

/**
 * Adds a record to the log by one write, and returns once it would survive a loss of power: 0 or a fault. Whether it
 * counts is seen when it is read. After a fault it may be there all the same, whole or in part.
 */
export function append(record: Record, size: i32): i32 {
  const stream = logAppender();
  if (stream < 0) return stream;
  if (writable(stream) < size) return NOT_APPENDED;
  if (write(stream, changetype<usize>(record), size) || blockingFlush(stream)) return NOT_APPENDED;
  return syncData(logFile());
}
