/** The answer that comes over a connection of the gateway's own. */
import { CUT_OFF, NO_ANSWER, NO_FAULT } from "../http1/faults";
import { ENTRIES } from "../http1/limits";
import { reading } from "../http1/reading";
import {
  arrived,
  closed,
  END,
  FAULT,
  HEAD,
  input,
  isWhole,
  MORE,
  next,
  owed,
  passed,
  space,
} from "../http1/response";
import { writing } from "../http1/request";
import { FieldList, makeFields } from "../wasi/fields";
import { FIELDS, keep } from "../wasi/handles";
import { isReady } from "../wasi/poll";
import { readiness, Stream } from "../wasi/stream";
import { CLOSED, read, readBytes, splice, writable, write } from "../wasi/streams";
import { CALLER_FAULT, DONE, Exchange, FAILURE_ENDED, FAILURE_PROTOCOL, MOVED, WAITING } from "./exchange";
import { waitFor } from "./pipe";
import { flush } from "./sockets";
import { fault, talk } from "./talk";

/** A body that is as long goes from stream to stream; what is shorter is cheaper to read with what follows it. */
const SPLICED: u64 = 16384;

/** Bytes that one step moves at most, so that the other direction has its turn. */
const STEP: i32 = 65536;

/** A head is rarely longer, and room that is asked for is room that the host clears. */
const HEAD_READ: i32 = 16384;

const TRAILERS: usize = memory.data(8, 4);

export function socketHead(x: Exchange): i32 {
  if (writing.from < writing.to) {
    const step = flush(x);
    if (step == WAITING) return step;
    // The answer is not there yet.
    if (step == MOVED) return waitFor(x, talk.connection!.input);
  }
  let event = next();
  while (event == MORE) {
    const step = fill(x, HEAD_READ);
    if (step != MOVED) return step;
    event = next();
  }
  if (event != HEAD) return broke(x);
  x.status = reading.status;
  x.firstAnswerField = ENTRIES;
  x.answerFieldCount = reading.entries;
  x.whole = isWhole();
  return MOVED;
}

export function socketInto(x: Exchange, target: Stream): i32 {
  const r = reading;
  if (r.size == 0) {
    if (owed() >= SPLICED) return spliceInto(x, target);
    switch (next()) {
      case MORE:
        return fill(x, STEP);
      case END:
        return DONE;
      case FAULT:
        return broke(x);
    }
  }
  const room = writable(target.handle);
  if (room == 0) return waitFor(x, target);
  const size = min(room, <i32>r.size);
  if (room < 0 || write(target.handle, r.data, size) < 0) return CALLER_FAULT;
  r.data += size;
  r.size -= size;
  return MOVED;
}

export function socketBytes(x: Exchange): i32 {
  const r = reading;
  x.moved = 0;
  if (r.size == 0) {
    switch (next()) {
      case MORE:
        return fill(x, STEP);
      case END:
        return DONE;
      case FAULT:
        return broke(x);
    }
  }
  const size = min(STEP, <i32>r.size);
  x.data = r.data;
  x.moved = size;
  r.data += size;
  r.size -= size;
  return MOVED;
}

function spliceInto(x: Exchange, target: Stream): i32 {
  const source = talk.connection!.input;
  const room = writable(target.handle);
  if (room == 0) return waitFor(x, target);
  if (room < 0) return CALLER_FAULT;
  if (!isReady(readiness(source))) return waitFor(x, source);
  const moved = splice(target.handle, source.handle, <i32>min<u64>(min(room, STEP), owed()));
  if (moved == 0) return waitFor(x, source);
  if (moved < 0) return over(x, moved);
  passed(moved);
  return MOVED;
}

export function socketTrailers(x: Exchange): i32 {
  const r = reading;
  // It had those of the request.
  x.trailers = -1;
  if (!r.chunked || r.entries == 0) return DONE;
  const list = changetype<FieldList>(TRAILERS);
  list.first = ENTRIES;
  list.count = r.entries;
  const fields = makeFields(list);
  if (fields >= 0) x.trailers = keep(FIELDS, fields);
  return DONE;
}

/** Reads what has come. */
function fill(x: Exchange, most: i32): i32 {
  const source = talk.connection!.input;
  const some = read(source.handle, min(most, <i32>space()));
  if (some == 0) return waitFor(x, source);
  if (some < 0) return over(x, some);
  memory.copy(input(), readBytes(), some);
  arrived(some);
  return MOVED;
}

/** Nothing comes any more. */
function over(x: Exchange, fault: i32): i32 {
  return closed() == END && fault == CLOSED ? MOVED : broke(x);
}

function broke(x: Exchange): i32 {
  const reason = reading.fault;
  x.stale = talk.reused && reason == NO_ANSWER;
  return fault(x, reason == NO_FAULT || reason == NO_ANSWER || reason == CUT_OFF ? FAILURE_ENDED : FAILURE_PROTOCOL);
}
