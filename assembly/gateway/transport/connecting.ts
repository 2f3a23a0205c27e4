/** Connecting to an upstream: its address, or each one that its name has until one answers. */
import { Upstream } from "../records.gen";
import { now } from "../wasi/clocks";
import { close, gave, keep, ADDRESSES, POLLABLE, SOCKET } from "../wasi/handles";
import {
  CONNECTION_REFUSED,
  connectedInput,
  connectedOutput,
  finishConnect,
  foundAddress,
  IPV4,
  IPV6,
  LOOKING,
  nextAddress,
  resolve,
  socketFailure,
  startConnect,
  UNKNOWN_NAME,
  whenAddress,
  whenSocket,
  WOULD_BLOCK,
} from "../wasi/sockets";
import {
  Exchange,
  FAILURE_CONNECT_TIMEOUT,
  FAILURE_NAME,
  FAILURE_REFUSED,
  FAILURE_UNREACHABLE,
  MOVED,
  UPSTREAM_FAULT,
  WAITING,
} from "./exchange";
import { addConnection, Connection } from "./pool";

/** The address that is tried: 4 bytes, or 8 numbers of 16 bits. */
const ADDRESS: usize = memory.data(16, 2);

/** Of the one that is being made; -1 where there is none. */
let socket: i32 = -1;
let socketReady: i32 = -1;
let addresses: i32 = -1;
let addressesReady: i32 = -1;
/** Nanoseconds on the clock: when to give all of it up, and when the address that is tried. */
let until: u64 = 0;
let made: Connection | null = null;

/** Begins to connect. */
export function beginConnecting(x: Exchange): void {
  socket = addresses = -1;
  until = now() + x.connectNanos;
  x.failure = FAILURE_UNREACHABLE;
}

/** The connection, once {@link connect} MOVED. */
export function connected(): Connection {
  return made!;
}

/** One step: MOVED once there is a connection. */
export function connect(x: Exchange): i32 {
  if (socket < 0 && addresses < 0) {
    const step = start(x, x.upstream);
    if (step != MOVED) return step;
  }
  for (;;) {
    if (socket < 0) {
      const step = tryNext(x);
      if (step != MOVED) return step;
    }
    if (finishConnect(socket)) return finished(x);
    if (socketFailure() == WOULD_BLOCK && now() < x.wakeAt) return waitFor(x, socketReady);
    x.failure = failureOf(socketFailure());
    dropAttempt();
    if (addresses < 0 || now() >= until) return end(x);
  }
  return end(x);
}

/** A table's address is tried at once, a name is looked up first. */
function start(x: Exchange, upstream: Upstream): i32 {
  if (upstream.addressLength == 0) {
    addresses = resolve(upstream.host, upstream.hostLength);
    if (addresses < 0) {
      x.failure = FAILURE_NAME;
      return UPSTREAM_FAULT;
    }
    keep(ADDRESSES, addresses);
    addressesReady = keep(POLLABLE, whenAddress(addresses));
    return MOVED;
  }
  x.wakeAt = until;
  const wide = upstream.addressLength == 16;
  memory.copy(ADDRESS, upstream.address, upstream.addressLength);
  if (wide) for (let i = ADDRESS; i < ADDRESS + 16; i += 2) store<u16>(i, bswap<u16>(load<u16>(i)));
  return attempt(x, wide ? IPV6 : IPV4) ? MOVED : end(x);
}

/** Tries the name's next address that can be tried. */
function tryNext(x: Exchange): i32 {
  let family = nextAddress(addresses);
  while (family >= 0) {
    const time = now();
    // Another address may answer where this one says nothing.
    x.wakeAt = time + ((until - min(time, until)) >> 1);
    memory.copy(ADDRESS, foundAddress(), 16);
    if (attempt(x, family)) return MOVED;
    family = nextAddress(addresses);
  }
  if (family == LOOKING && now() < until) {
    x.wakeAt = until;
    return waitFor(x, addressesReady);
  }
  if (family == UNKNOWN_NAME) x.failure = FAILURE_NAME;
  if (family == LOOKING) x.failure = FAILURE_CONNECT_TIMEOUT;
  return end(x);
}

function attempt(x: Exchange, family: i32): bool {
  socket = startConnect(family, ADDRESS, x.upstream.port);
  if (socket < 0) {
    x.failure = failureOf(socketFailure());
    return false;
  }
  keep(SOCKET, socket);
  socketReady = keep(POLLABLE, whenSocket(socket));
  return true;
}

function finished(x: Exchange): i32 {
  const input = connectedInput();
  const output = connectedOutput();
  close(POLLABLE, socketReady);
  made = addConnection(changetype<usize>(x.upstream), gave(SOCKET, socket), input, output);
  socket = -1;
  end(x);
  return MOVED;
}

function dropAttempt(): void {
  close(POLLABLE, socketReady);
  close(SOCKET, socket);
  socket = -1;
}

function end(x: Exchange): i32 {
  x.wakeAt = 0;
  if (addresses >= 0) {
    close(POLLABLE, addressesReady);
    close(ADDRESSES, addresses);
    addresses = -1;
  }
  return UPSTREAM_FAULT;
}

function waitFor(x: Exchange, pollable: i32): i32 {
  x.pollable = pollable;
  return WAITING;
}

/** What did not even fail took too long. */
function failureOf(code: i32): i32 {
  if (code == WOULD_BLOCK) return FAILURE_CONNECT_TIMEOUT;
  return code == CONNECTION_REFUSED ? FAILURE_REFUSED : FAILURE_UNREACHABLE;
}
