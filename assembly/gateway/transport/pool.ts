/** Connections to upstreams that outlast a request: a reused instance has them for the next one. */
import { dropPollable } from "../wasi/poll";
import { dropSocket } from "../wasi/sockets";
import { Stream } from "../wasi/stream";
import { INPUT, OUTPUT } from "../wasi/handles";
import { dropInputStream, dropOutputStream, whenReadable, whenWritable } from "../wasi/streams";

/**
 * A connection. Its handles are no request's: they are closed here alone.
 *
 *    0 u32 upstream   where its record stands; 0: the place is free
 *    4 i32 socket
 *    8 Stream input   with its pollable, 12 bytes
 *   20 Stream output
 *   32 u64 until      nanoseconds on the clock: not used again from then on
 *   40 u8  busy
 */
@unmanaged
export class Connection {
  upstream: usize;
  socket: i32;
  inputKind: i32;
  inputHandle: i32;
  inputPollable: i32;
  outputKind: i32;
  outputHandle: i32;
  outputPollable: i32;
  until: u64;
  busy: bool;

  // @ts-ignore: decorator
  @inline
  get input(): Stream {
    return changetype<Stream>(changetype<usize>(this) + offsetof<Connection>("inputKind"));
  }

  // @ts-ignore: decorator
  @inline
  get output(): Stream {
    return changetype<Stream>(changetype<usize>(this) + offsetof<Connection>("outputKind"));
  }
}

/** One request at a time has one connection in use: the others wait, most of them to different upstreams. */
const PLACES: i32 = 16;
const POOL: usize = memory.data(768, 8);

// @ts-ignore: decorator
@inline
function place(index: i32): Connection {
  return changetype<Connection>(POOL + <usize>index * 48);
}

/** An idle connection to this upstream, busy from now on; null where there is none. Those whose time is over are closed. */
export function takeIdle(upstream: usize, now: u64): Connection | null {
  let found: Connection | null = null;
  for (let i = 0; i < PLACES; i++) {
    const connection = place(i);
    if (connection.upstream == 0 || connection.busy) continue;
    if (connection.until <= now) closeConnection(connection);
    else if (connection.upstream == upstream) found = connection;
  }
  if (found != null) found.busy = true;
  return found;
}

/** Keeps a socket that just connected, and its streams: busy. Whoever would be closed first makes room. */
export function addConnection(upstream: usize, socket: i32, input: i32, output: i32): Connection {
  let oldest: Connection | null = null;
  for (let i = 0; i < PLACES; i++) {
    const connection = place(i);
    if (connection.busy) continue;
    if (oldest == null || connection.upstream == 0 || (oldest.upstream && connection.until < oldest.until)) {
      oldest = connection;
    }
  }
  const connection = oldest != null ? oldest : place(0);
  if (connection.upstream) closeConnection(connection);
  connection.upstream = upstream;
  connection.socket = socket;
  connection.input.kind = INPUT;
  connection.input.handle = input;
  connection.input.pollable = whenReadable(input);
  connection.output.kind = OUTPUT;
  connection.output.handle = output;
  connection.output.pollable = whenWritable(output);
  connection.busy = true;
  return connection;
}

/** Lets another request have the connection, until then. */
export function giveBack(connection: Connection, until: u64): void {
  connection.busy = false;
  connection.until = until;
}

/** Closes those to upstreams whose records lie there: others will. */
export function closeAmong(from: usize, to: usize): void {
  for (let i = 0; i < PLACES; i++) {
    const connection = place(i);
    if (connection.upstream >= from && connection.upstream < to && !connection.busy) closeConnection(connection);
  }
}

/** Closes it: what waits for its streams goes first, then those, then the socket. */
export function closeConnection(connection: Connection): void {
  connection.upstream = 0;
  connection.busy = false;
  dropPollable(connection.input.pollable);
  dropPollable(connection.output.pollable);
  dropInputStream(connection.input.handle);
  dropOutputStream(connection.output.handle);
  dropSocket(connection.socket);
}
