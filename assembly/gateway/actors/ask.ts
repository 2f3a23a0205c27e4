/** Asking an upstream for a document: its answer read whole, before or between the exchanges that a call is made of. */
import { alarm } from "../alarm";
import { addBytes, beginText, reserve, textLength } from "../growing-text";
import { addLiteral, addNamed, beginFields } from "../headers";
import { hop, hopLength } from "../hops";
import { allocate } from "../memory";
import { addSettings } from "../outgoing-fields";
import { Upstream } from "../records.gen";
import { head } from "../table";
import { copy, put } from "../text";
import {
  DONE,
  Exchange,
  exchange,
  FAILURE_SECRET,
  FAILURE_STATUS,
  FAILURE_TIMEOUT,
  FAILURE_TOO_LARGE,
  MOVED,
  UPSTREAM_FAULT,
  WAITING,
} from "../transport/exchange";
import { abort, answerBytes, answerTrailers, finish, readHead, send } from "../transport/transport";
import { now } from "../wasi/clocks";
import { closeSince, kept } from "../wasi/handles";
import { GET } from "../wasi/incoming";
import { wait, waitFor } from "../wasi/poll";

const MILLISECOND: u64 = 1000000;

const PIECE: i32 = 65536;

let most: i32 = 0;
let until: u64 = 0;

/** Asks for a document of at most `limit` bytes, which is the growing text then. False: the exchange's failure says why. */
export function ask(upstream: Upstream, path: string, limit: i32, end: u64): bool {
  const x = exchange();
  until = end;
  most = limit;
  x.fresh = false;
  if (attempt(x, upstream, path)) return true;
  if (!x.stale) return false;
  x.fresh = true;
  return attempt(x, upstream, path);
}

function attempt(x: Exchange, upstream: Upstream, path: string): bool {
  const before = kept();
  x.stale = false;
  const isWhole = prepare(x, upstream, path) && fetch(x) == DONE;
  if (isWhole) finish(x);
  else abort(x);
  closeSince(before);
  return isWhole;
}

function prepare(x: Exchange, upstream: Upstream, path: string): bool {
  x.upstream = upstream;
  x.method = GET;
  x.hasBody = false;
  x.bodyLength = 0;
  x.connectNanos = <u64>head().connectTimeout * MILLISECOND;
  x.trailers = -1;
  x.wakeAt = 0;
  x.path = allocate(upstream.pathLength + path.length);
  x.pathLength = <i32>(put(copy(x.path, upstream.path, upstream.pathLength), path) - x.path);
  const list = beginFields(0);
  addLiteral(list, "accept", "application/json");
  addNamed(list, "via", hop(), hopLength());
  x.failure = FAILURE_SECRET;
  if (!addSettings(list, upstream)) return false;
  x.firstField = list.first;
  x.fieldCount = list.count;
  return true;
}

function fetch(x: Exchange): i32 {
  let step = send(x);
  while (step == WAITING && sleeps(x)) step = send(x);
  if (step != MOVED) return step;
  step = readHead(x);
  while (step == WAITING && sleeps(x)) step = readHead(x);
  if (step != MOVED) return step;
  if (x.status != 200) return fails(x, FAILURE_STATUS);
  beginText();
  while (true) {
    // What is read lies where the next allocation would be.
    reserve(PIECE);
    step = answerBytes(x);
    if (step == WAITING && sleeps(x)) continue;
    if (step != MOVED) break;
    if (textLength() + x.moved > most) return fails(x, FAILURE_TOO_LARGE);
    addBytes(x.data, x.moved);
  }
  if (step != DONE) return step;
  step = answerTrailers(x);
  while (step == WAITING && sleeps(x)) step = answerTrailers(x);
  return step;
}

/** Waits for the exchange. False where its time is over. */
function sleeps(x: Exchange): bool {
  const time = now();
  waitFor(0, x.pollable);
  waitFor(1, alarm(time, x.wakeAt && x.wakeAt < until ? x.wakeAt : until));
  if (wait(2) != 2 || now() < until) return true;
  x.failure = FAILURE_TIMEOUT;
  return false;
}

function fails(x: Exchange, failure: i32): i32 {
  x.failure = failure;
  return UPSTREAM_FAULT;
}
