/** Calls out by the gateway's own HTTP/1.1 over TCP, on connections that serve one request after the other. */
import { reading } from "../http1/reading";
import { add, addPart, beginTrailers, CHUNKED, endBody, part, partSpace, sent, writing } from "../http1/request";
import { expect, isReusable } from "../http1/response";
import { recently } from "../wasi/clocks";
import { FieldList, takeFields } from "../wasi/fields";
import { HEAD } from "../wasi/incoming";
import { isReady } from "../wasi/poll";
import { readiness, Stream } from "../wasi/stream";
import { CLOSED, read, readBytes, splice, writable, write } from "../wasi/streams";
import { beginConnecting, connect, connected } from "./connecting";
import { CALLER_FAULT, DONE, Exchange, FAILURE_ENDED, FAILURE_PROTOCOL, MOVED, UPSTREAM_FAULT } from "./exchange";
import { waitFor } from "./pipe";
import { closeConnection, Connection, giveBack, takeIdle } from "./pool";
import { writeHead } from "./request-head";
import { fault, talk } from "./talk";

/** Bytes that one step moves at most, so that the other direction has its turn. */
const STEP: i32 = 65536;

const SECOND: u64 = 1000000000;

/** How long a connection is kept at most, and one whose upstream does not say how long it does: many servers keep them for five seconds. */
const MOST_IDLE: u64 = 15 * SECOND;
const IDLE: u64 = 4 * SECOND;

const TRAILERS: usize = memory.data(8, 4);

export function sendSocket(x: Exchange): i32 {
  if (!talk.connecting) {
    if (!writeHead(x)) return fault(x, FAILURE_PROTOCOL);
    talk.connection = x.fresh ? null : takeWell(changetype<usize>(x.upstream));
    talk.reused = talk.connection != null;
    talk.ended = !x.hasBody;
    talk.deaf = false;
    expect(x.method == HEAD);
    if (talk.reused) return MOVED;
    talk.connecting = true;
    beginConnecting(x);
  }
  const step = connect(x);
  if (step != MOVED) return step;
  talk.connecting = false;
  talk.connection = connected();
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

/** Bytes wait for those that follow while there is room, so that a small request is written at once. */
export function sendSocketBytes(x: Exchange, bytes: usize, length: i32): i32 {
  if (partSpace() < <usize>length) {
    const step = flush(x);
    if (step != MOVED) return step;
  }
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
    const target = talk.connection!.output;
    const room = writable(target.handle);
    if (room == 0) return waitFor(x, target);
    if (room < 0) return becomeDeaf(x);
    if (!isReady(readiness(source))) return waitFor(x, source);
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

export function endSocket(x: Exchange, trailers: i32): i32 {
  if (!talk.ended) {
    if (trailers >= 0) addTrailers(trailers);
    if (!endBody()) return CALLER_FAULT;
    talk.ended = true;
  }
  return flush(x);
}

/** What cannot be sent of them is left out: the request is whole without. */
function addTrailers(handle: i32): void {
  const list = changetype<FieldList>(TRAILERS);
  takeFields(handle, list);
  beginTrailers();
  for (let i = 0; i < list.count; i++) {
    const field = list.at(i);
    add(field.name, field.nameLength, field.value, field.valueLength);
  }
}

/** Writes what is to be sent: MOVED once all of it was taken. */
export function flush(x: Exchange): i32 {
  const target = talk.connection!.output;
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
  talk.deaf = true;
  sent(writing.to - writing.from);
  return fault(x, FAILURE_ENDED);
}

export function finishSocket(): void {
  const connection = talk.connection;
  if (connection == null) return;
  if (!isReusable() || !talk.ended || talk.deaf || reading.keptFor == 0) return abortSocket();
  talk.connection = null;
  giveBack(connection, recently() + idleTime(reading.keptFor));
}

/**
 * Somewhat less than the upstream keeps it: an end that is under way when the next request is written is seen too late, and
 * not every request can be sent again. One that has come is seen before ({@link takeWell}).
 */
function idleTime(keptFor: i32): u64 {
  if (keptFor < 0) return IDLE;
  const kept = <u64>keptFor * SECOND;
  return min(kept - min(kept / 2, SECOND), MOST_IDLE);
}

export function abortSocket(): void {
  talk.connecting = false;
  if (talk.connection != null) closeConnection(talk.connection!);
  talk.connection = null;
}
