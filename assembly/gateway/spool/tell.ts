import { allocate } from "../memory";
import { PubSub } from "../records.gen";
import { sendLine } from "../script/output";
import { copy, put, putNumber } from "../text";
import { now } from "../wasi/clocks";
import { stderr } from "../wasi/command";
import { Parcel } from "./parcel";
import { depth, WAITING } from "./queue";

const SECOND: u64 = 1000000000;

/** Room in a line beside a name. */
const MOST: i32 = 256;

let line: usize = 0;

/** Begins a line about a pub/sub: where it goes on. */
export function beginLine(row: PubSub, more: i32): usize {
  line = allocate(<usize>row.nameLength + MOST + more);
  return put(copy(line, row.name, row.nameLength), ": ");
}

export function endLine(end: usize, stream: i32): void {
  sendLine(line, put(end, "\n"), stream);
}

/** When progress was told last; 0: it is not told. */
let told: u64 = 0;

/** Progress is told to whoever watches, once a second. */
export function watchProgress(): void {
  told = now();
}

export function tellProgress(row: PubSub, done: u32): void {
  if (!told || now() - told < SECOND) return;
  told = now();
  const end = put(putNumber(beginLine(row, 0), done), " so far, ");
  endLine(put(putNumber(end, max<i64>(depth(WAITING), 0)), " to go"), stderr());
}

/** Names the event that its sidecar does not take, for the log. */
export function tellRefused(row: PubSub, parcel: Parcel, status: i32): void {
  let end = put(beginLine(row, parcel.topicLength), "the sidecar refuses an event for topic ");
  for (let i: u32 = 0; i < parcel.topicLength; i++) {
    const byte = load<u8>(parcel.topic + i);
    store<u8>(end++, byte < 0x20 ? 0x20 : byte);
  }
  end = putNumber(put(end, " with status "), status);
  endLine(put(end, "; it is put aside: `drain --again` delivers it once more, `drain --discard` removes it"), stderr());
}
