/** Calls out by the gateway's own HTTP/1.1 over TCP, on connections that serve one request after the other. */
import { CUT_OFF, NO_ANSWER, NO_FAULT } from "../http1/faults";
import { ENTRIES } from "../http1/limits";
import { reading } from "../http1/reading";
import {
  add,
  addPart,
  begin,
  CHUNKED,
  endBody,
  endHead,
  NO_BODY,
  part,
  partSpace,
  sent,
  writing,
} from "../http1/request";
import {
  arrived,
  closed,
  END,
  expect,
  FAULT,
  HEAD,
  input,
  isReusable,
  isWhole,
  MORE,
  next,
  owed,
  passed,
  space,
} from "../http1/response";
import { recently } from "../wasi/clocks";
import { dropFields, FieldList, makeFields } from "../wasi/fields";
import { FIELDS, keep } from "../wasi/handles";
import { GET, HEAD as HEAD_METHOD, OTHER } from "../wasi/incoming";
import { Stream } from "../wasi/stream";
import { CLOSED, read, readBytes, splice, writable, write } from "../wasi/streams";
import { put } from "../text";
import { beginConnecting, connect, connected } from "./connecting";
import {
  CALLER_FAULT,
  DONE,
  Exchange,
  FAILURE_ENDED,
  FAILURE_PROTOCOL,
  MOVED,
  UPSTREAM_FAULT,
  WAITING,
} from "./exchange";
import { waitFor } from "./pipe";
import { closeConnection, Connection, giveBack, takeIdle } from "./pool";

/** A body that is as long goes from stream to stream; what is shorter is cheaper to read with what follows it. */
const SPLICED: u64 = 16384;

/** Bytes that one step moves at most, so that the other direction has its turn. */
const STEP: i32 = 65536;

/** A head is rarely longer, and room that is asked for is room that the host clears. */
const HEAD_READ: i32 = 16384;

const SECOND: u64 = 1000000000;

/** How long a connection is kept whose upstream does not say how long it does. */
const IDLE: u64 = 15 * SECOND;

const METHOD: usize = memory.data(8, 1);
const TRAILERS: usize = memory.data(8, 4);

/** Of the one exchange. */
let own: Connection | null = null;
let connecting: bool = false;
/** The connection has served another one. */
let reused: bool = false;
/** All of the request was handed over. */
let ended: bool = false;
/** Nothing can be sent any more. */
let deaf: bool = false;

export function sendSocket(x: Exchange): i32 {
  if (!connecting) {
    if (!writeHead(x)) return fault(x, FAILURE_PROTOCOL);
    own = x.fresh ? null : takeWell(changetype<usize>(x.upstream));
    reused = own != null;
    ended = !x.hasBody;
    deaf = false;
    expect(x.method == HEAD_METHOD);
    if (reused) return MOVED;
    connecting = true;
    beginConnecting(x);
  }
  const step = connect(x);
  if (step != MOVED) return step;
  connecting = false;
  own = connected();
  return MOVED;
}

/** An idle connection that its upstream has not closed, and has said nothing on. */
function takeWell(upstream: usize): Connection | null {
  const time = recently();
  let connection = takeIdle(upstream, time);
  while (connection != null && read(connection.input.handle, 1) != 0) {
    closeConnection(connection);
    connection = takeIdle(upstream, time);
  }
  return connection;
}

function writeHead(x: Exchange): bool {
  const upstream = x.upstream;
  const text = x.method == OTHER ? x.methodText : METHOD;
  const length = x.method == OTHER ? x.methodLength : <i32>(put(METHOD, methodName(x.method)) - METHOD);
  if (!begin(text, length, x.path, x.pathLength, upstream.authority, upstream.authorityLength)) return false;
  const fields = x.fields;
  for (let i = 0; i < fields.count; i++) {
    const field = fields.at(i);
    if (!add(field.name, field.nameLength, field.value, field.valueLength)) return false;
  }
  let framing: i64 = x.bodyLength >= 0 ? x.bodyLength : CHUNKED;
  // Of no body nothing is said where nobody expects one.
  if (!x.hasBody && (x.method == GET || x.method == HEAD_METHOD)) framing = NO_BODY;
  endHead(framing);
  return true;
}

function methodName(method: i32): string {
  switch (method) {
    case 0:
      return "GET";
    case 1:
      return "HEAD";
    case 2:
      return "POST";
    case 3:
      return "PUT";
    case 4:
      return "DELETE";
    case 5:
      return "CONNECT";
    case 6:
      return "OPTIONS";
    case 7:
      return "TRACE";
    default:
      return "PATCH";
  }
}

/** Bytes wait for those that follow, so that a small request is written at once. */
export function sendSocketBytes(x: Exchange, bytes: usize, length: i32): i32 {
  memory.copy(part(), bytes, length);
  return addPart(length) ? MOVED : CALLER_FAULT;
}

export function sendSocketFrom(x: Exchange, source: Stream): i32 {
  const step = flush(x);
  if (step != MOVED) return step;
  let some: i32;
  if (writing.framing == CHUNKED) {
    some = read(source.handle, <i32>min<usize>(partSpace(), STEP));
    if (some > 0) {
      sendSocketBytes(x, readBytes(), some);
      x.moved = some;
      return flush(x) == UPSTREAM_FAULT ? UPSTREAM_FAULT : MOVED;
    }
  } else if (writing.framing == 0) {
    // What was announced is sent: no more may come.
    some = read(source.handle, 1);
    if (some > 0) return CALLER_FAULT;
  } else {
    const target = own!.output;
    const room = writable(target.handle);
    if (room == 0) return waitFor(x, target);
    if (room < 0) return becomeDeaf(x);
    some = splice(target.handle, source.handle, <i32>min<i64>(min(room, STEP), writing.framing));
    if (some > 0) {
      writing.framing -= some;
      x.moved = some;
      return MOVED;
    }
  }
  if (some == 0) return waitFor(x, source);
  return some == CLOSED ? DONE : CALLER_FAULT;
}

/** What follows the body is not sent: few upstreams expect it. */
export function endSocket(x: Exchange, trailers: i32): i32 {
  if (trailers >= 0) dropFields(trailers);
  if (!ended) {
    if (!endBody()) return CALLER_FAULT;
    ended = true;
  }
  return flush(x);
}

/** Writes what is to be sent: MOVED once all of it was taken. */
function flush(x: Exchange): i32 {
  const target = own!.output;
  while (writing.from < writing.to) {
    const room = writable(target.handle);
    if (room == 0) return waitFor(x, target);
    const size = min(room, <i32>(writing.to - writing.from));
    if (room < 0 || write(target.handle, writing.from, size) < 0) return becomeDeaf(x);
    sent(size);
  }
  return MOVED;
}

/** An upstream may take no more and answer all the same: only the answer's end ends the exchange. */
function becomeDeaf(x: Exchange): i32 {
  deaf = true;
  sent(writing.to - writing.from);
  return fault(x, FAILURE_ENDED);
}

export function socketHead(x: Exchange): i32 {
  if (writing.from < writing.to) {
    const step = flush(x);
    if (step == WAITING) return step;
    // The answer is not there yet.
    if (step == MOVED) return waitFor(x, own!.input);
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

function spliceInto(x: Exchange, target: Stream): i32 {
  const source = own!.input;
  const room = writable(target.handle);
  if (room == 0) return waitFor(x, target);
  if (room < 0) return CALLER_FAULT;
  const moved = splice(target.handle, source.handle, <i32>min<u64>(min(room, STEP), owed()));
  if (moved == 0) return waitFor(x, source);
  if (moved < 0) return over(x, moved);
  passed(moved);
  return MOVED;
}

export function socketTrailers(x: Exchange): i32 {
  const r = reading;
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
  const source = own!.input;
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
  x.stale = reused && reason == NO_ANSWER;
  return fault(x, reason == NO_FAULT || reason == NO_ANSWER || reason == CUT_OFF ? FAILURE_ENDED : FAILURE_PROTOCOL);
}

function fault(x: Exchange, failure: i32): i32 {
  x.failure = failure;
  return UPSTREAM_FAULT;
}

export function finishSocket(): void {
  const connection = own;
  if (connection == null) return;
  if (!isReusable() || !ended || deaf || reading.keptFor == 0) return abortSocket();
  own = null;
  // It is given up somewhat before the upstream does so.
  const idle = reading.keptFor > 0 ? min(<u64>reading.keptFor * SECOND - SECOND / 2, IDLE) : IDLE;
  giveBack(connection, recently() + idle);
}

export function abortSocket(): void {
  connecting = false;
  if (own != null) closeConnection(own!);
  own = null;
}
