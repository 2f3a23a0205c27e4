import { call } from "../call";
import { asGateway } from "../door/caller";
import { beginDelivery, reach } from "../invoke";
import { mark, release } from "../memory";
import { aim } from "../publish/aim";
import { FLAG_SPOOL, PUB_SUB_BYTES, PubSub } from "../records.gen";
import { afterCommit } from "../store/batch";
import { forgetFolder, openOwnFolder } from "../store/open-folder";
import { head } from "../table";
import { now } from "../wasi/clocks";
import { closeSince, kept } from "../wasi/handles";
import { compact } from "./compact";
import { Parcel, unpack } from "./parcel";
import { claim, depth, eventBytes, eventSize, GONE, keptBytes, leave, lookAt, REFUSED, settle, useQueues, WAITING } from "./queue";
import { tellProgress, tellRefused } from "./tell";

const SECOND: u64 = 1000000000;

/** How long a request's instance goes on with events of others, and how often it looks for some. */
const SPELL: u64 = 5000000000;

/** How delivering ended, besides faults, {@link HELD} and {@link RESTS}. */
export const EMPTY: i32 = 0;
export const AWAY: i32 = 3;
export const OVER: i32 = 4;

let delivered: u32 = 0;
let refused: u32 = 0;

/** What the last {@link deliver} did. */
export function deliveredEvents(): u32 {
  return delivered;
}

export function refusedEvents(): u32 {
  return refused;
}

let isDue: bool = false;
let looked: u64 = 0;

/** This request has kept an event: what waits is delivered after it. */
export function waitsForDelivery(): void {
  isDue = true;
}

/** To be called once an answer is out: delivers what waits, whoever kept it. */
export function deliverWaiting(): void {
  if (!(head().flags & FLAG_SPOOL)) return;
  const time = now();
  if (!isDue && looked && time - looked < SECOND) return;
  isDue = false;
  looked = time;
  for (let i: u32 = 0; i < head().pubsubsCount; i++) {
    const row = pubsubAt(i);
    if (!row.spoolEvents) continue;
    useQueues(row.name, row.nameLength);
    if (openOwnFolder()) return;
    const waits = depth(WAITING);
    if (waits < 0 || (waits > 0 && deliver(row, false, false, time + SPELL) < 0)) return forgetFolder();
  }
}

export function pubsubAt(index: u32): PubSub {
  return changetype<PubSub>(head().pubsubs + index * <u32>PUB_SUB_BYTES);
}

/**
 * Delivers the events of a pub/sub one after the other, until there are none, the sidecar is away, or it is `until`
 * (unless that is 0). An answer that asks for another time is a refusal if it `skips`. The folder is open, and the queues are
 * the pub/sub's. EMPTY, AWAY, OVER, HELD, RESTS, or a fault.
 */
export function deliver(row: PubSub, urgent: bool, skips: bool, until: u64): i32 {
  delivered = refused = 0;
  const claimed = claim(urgent);
  if (claimed) return claimed;
  while (true) {
    const before = mark();
    const end = deliverFirst(row, skips);
    release(before);
    if (end == AWAY || end == EMPTY) {
      leave(end == AWAY);
      if (delivered && end == EMPTY) compact(keptOfAll(row));
      return end;
    }
    if (end != MORE) return end;
    afterCommit();
    tellProgress(row, delivered + refused);
    if (until && now() > until) {
      leave(false);
      return OVER;
    }
  }
}

const MORE: i32 = 5;

/** Bytes of events that any pub/sub keeps; afterwards the queues are that one's again. */
function keptOfAll(row: PubSub): u64 {
  let bytes: u64 = 0;
  for (let i: u32 = 0; i < head().pubsubsCount; i++) {
    useQueues(pubsubAt(i).name, pubsubAt(i).nameLength);
    bytes += keptBytes();
  }
  useQueues(row.name, row.nameLength);
  return bytes;
}

function deliverFirst(row: PubSub, skips: bool): i32 {
  const found = lookAt(WAITING);
  if (found <= 0) return found;
  const parcel = changetype<Parcel>(eventBytes());
  const before = kept();
  const request = call();
  // What is read of the environment lies in the arena, which the event before has left.
  asGateway();
  unpack(request, parcel, eventSize());
  request.isKept = !skips;
  request.isDelivery = true;
  beginDelivery(request);
  const reached = reach(request, aim(row, parcel.form, parcel.topic, parcel.topicLength), head().remote(row.remote));
  closeSince(before);
  if (!reached) return AWAY;
  const status = request.status;
  const taken = status >= 200 && status < 300;
  const settled = settle(WAITING, taken ? GONE : REFUSED);
  if (settled) return settled;
  if (taken) delivered++;
  else {
    refused++;
    tellRefused(row, parcel, status);
  }
  return MORE;
}
