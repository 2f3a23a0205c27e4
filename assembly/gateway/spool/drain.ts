import { alarm } from "../alarm";
import { mark, release } from "../memory";
import { FLAG_SPOOL, PubSub } from "../records.gen";
import { complain, fails } from "../script/output";
import { faultText } from "../state/store-faults";
import { afterCommit } from "../store/batch";
import { openOwnFolder } from "../store/open-folder";
import { head } from "../table";
import { put, putNumber } from "../text";
import { exchange } from "../transport/exchange";
import { failureText } from "../transport/failures";
import { now } from "../wasi/clocks";
import { stderr, stdout } from "../wasi/command";
import { wait, waitFor } from "../wasi/poll";
import { AWAY, deliver, deliveredEvents, pubsubAt, refusedEvents } from "./deliver";
import { claim, depth, GONE, HELD, leave, lookAt, REFUSED, settle, useQueues, WAITING } from "./queue";
import { beginLine, endLine, watchProgress } from "./tell";

/** How often is looked whether another has ended. */
const PAUSE: u64 = 250000000;

/** Options: events that were refused before are delivered again, or removed; what is answered with any error is refused. */
export const AGAIN: i32 = 1;
export const DISCARD: i32 = 2;
export const SKIP: i32 = 4;

/**
 * `drain`: delivers what waits at every pub/sub, until nothing does or its sidecar is away, and tells what it did. It
 * fails where something waits still, or was refused.
 */
export function drain(options: i32): void {
  if (!(head().flags & FLAG_SPOOL)) return complain("no pub/sub of this gateway keeps events: give one the metadata spool");
  watchProgress();
  for (let i: u32 = 0; i < head().pubsubsCount; i++) {
    const row = pubsubAt(i);
    if (!row.spoolEvents) continue;
    useQueues(row.name, row.nameLength);
    let fault = openOwnFolder();
    if (!fault && options & (AGAIN | DISCARD)) fault = moveRefused(row, options & AGAIN ? WAITING : GONE);
    if (!fault) fault = drainOne(row, (options & SKIP) != 0);
    if (fault) complainOf(row, faultText(fault));
  }
}

/** 0 or a fault. */
function drainOne(row: PubSub, skips: bool): i32 {
  let delivered: u32 = 0;
  let refused: u32 = 0;
  let end = deliver(row, true, skips, 0);
  while (true) {
    delivered += deliveredEvents();
    refused += refusedEvents();
    if (end != HELD || depth(WAITING) == 0) break;
    awaitOthers(row);
    end = deliver(row, true, skips, 0);
  }
  if (end == AWAY) complainOf(row, failureText(exchange().failure));
  tell(row, delivered, refused);
  return min(end, 0);
}

/** Moves what was refused behind all that waits, or removes it: 0 or a fault. */
function moveRefused(row: PubSub, to: u8): i32 {
  let status = claim(true);
  while (status == HELD) {
    if (depth(REFUSED) == 0) return 0;
    awaitOthers(row);
    status = claim(true);
  }
  for (let left = depth(REFUSED); left > 0 && !status; left--) {
    const before = mark();
    status = lookAt(REFUSED);
    if (status > 0) status = settle(REFUSED, to);
    release(before);
    afterCommit();
  }
  if (!status) leave(false);
  return min(status, 0);
}

let isTold: bool = false;

/** Another delivers, or was killed while it did. */
function awaitOthers(row: PubSub): void {
  if (!isTold) endLine(put(beginLine(row, 0), "another delivers, or was killed not long ago: waiting for it"), stderr());
  isTold = true;
  const start = now();
  waitFor(0, alarm(start, start + PAUSE));
  wait(1);
}

function tell(row: PubSub, delivered: u32, refused: u32): void {
  const waits = max<i64>(depth(WAITING), 0);
  const aside = max<i64>(depth(REFUSED), 0);
  let end = put(putNumber(beginLine(row, 0), delivered), " delivered, ");
  end = put(putNumber(put(putNumber(end, refused), " refused, "), waits), " left");
  if (aside) end = put(putNumber(put(end, ", "), aside), " put aside");
  endLine(end, stdout());
  if (waits || refused) fails();
}

function complainOf(row: PubSub, sentence: string): void {
  endLine(put(beginLine(row, sentence.length), sentence), stderr());
  fails();
}
