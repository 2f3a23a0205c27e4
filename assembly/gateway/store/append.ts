import { allocate } from "../memory";
import { syncData, unlink } from "../wasi/filesystem";
import { blockingFlush, writable, write } from "../wasi/streams";
import { random } from "../wasi/random";
import { NOT_APPENDED } from "./faults";
import { writeLarge } from "./large-records";
import { birth } from "./log";
import { NAME, runName } from "./names";
import { first, LONGEST_WRITE, Record, REFERENCE, stamp } from "./record";
import { logAppender, logFile, storeFolder } from "./store";

/**
 * Adds a record to the log by one write, and, if it is to last, returns once it would survive a loss of power: 0 or a fault. Whether it
 * counts is seen when it is read. After a fault it may be there all the same, whole or in part.
 */
export function append(record: Record, size: i32, lasts: bool = true): i32 {
  const stream = logAppender();
  if (stream < 0) return stream;
  if (writable(stream) < size) return NOT_APPENDED;
  if (write(stream, changetype<usize>(record), size) || blockingFlush(stream)) return NOT_APPENDED;
  return lasts ? syncData(logFile()) : 0;
}

/** The file of the last record that was appended by reference; 0: it was none. */
let large: u64 = 0;

/** The same of a batch, which may be longer than a write. */
export function appendBatch(batch: Record, lasts: bool = true): i32 {
  large = 0;
  if (<i32>batch.size <= LONGEST_WRITE) return append(batch, <i32>batch.size, lasts);
  const name = random();
  const fault = writeLarge(storeFolder(), name, batch);
  if (fault) {
    unlink(storeFolder(), NAME, runName(name));
    return fault;
  }
  large = name;
  const reference = changetype<Record>(allocate(offsetof<Record>() + 8));
  memory.copy(changetype<usize>(reference), changetype<usize>(batch), offsetof<Record>());
  reference.size = offsetof<Record>() + 8;
  reference.kind = REFERENCE;
  reference.count = 0;
  store<u64>(changetype<usize>(first(reference)), name);
  stamp(reference, birth().secret);
  return append(reference, <i32>reference.size);
}

/** Removes the file of a batch whose reference counts for nothing. */
export function withdrawBatch(): void {
  if (large) unlink(storeFolder(), NAME, runName(large));
  large = 0;
}
