/** wasi:sockets: TCP connections, and the addresses of names. Every import of it needs a switch of the host's. */
import { ANSWER } from "../memory";
import { tag, word } from "./answers";

// @ts-ignore: decorator
@external("wasi:sockets/instance-network@0.2.12", "instance-network")
declare function rawNetwork(): i32;
// @ts-ignore: decorator
@external("wasi:sockets/tcp-create-socket@0.2.12", "create-tcp-socket")
declare function rawCreate(family: i32, answer: usize): void;
// @ts-ignore: decorator
@external("wasi:sockets/tcp@0.2.12", "[method]tcp-socket.start-connect")
declare function rawStartConnect(
  socket: i32,
  network: i32,
  family: i32,
  port: i32,
  a: i32,
  b: i32,
  c: i32,
  d: i32,
  e: i32,
  f: i32,
  g: i32,
  h: i32,
  i: i32,
  scope: i32,
  answer: usize,
): void;
// @ts-ignore: decorator
@external("wasi:sockets/tcp@0.2.12", "[method]tcp-socket.finish-connect")
declare function rawFinishConnect(socket: i32, answer: usize): void;
// @ts-ignore: decorator
@external("wasi:sockets/tcp@0.2.12", "[method]tcp-socket.subscribe")
declare function rawSubscribeSocket(socket: i32): i32;
// @ts-ignore: decorator
@external("wasi:sockets/tcp@0.2.12", "[resource-drop]tcp-socket")
export declare function dropSocket(socket: i32): void;
// @ts-ignore: decorator
@external("wasi:sockets/ip-name-lookup@0.2.12", "resolve-addresses")
declare function rawResolve(network: i32, name: usize, length: i32, answer: usize): void;
// @ts-ignore: decorator
@external("wasi:sockets/ip-name-lookup@0.2.12", "[method]resolve-address-stream.resolve-next-address")
declare function rawNextAddress(addresses: i32, answer: usize): void;
// @ts-ignore: decorator
@external("wasi:sockets/ip-name-lookup@0.2.12", "[method]resolve-address-stream.subscribe")
declare function rawSubscribeAddresses(addresses: i32): i32;
// @ts-ignore: decorator
@external("wasi:sockets/ip-name-lookup@0.2.12", "[resource-drop]resolve-address-stream")
export declare function dropAddresses(addresses: i32): void;

export const IPV4: i32 = 0;
export const IPV6: i32 = 1;

/** Positions of cases of `error-code`. */
export const WOULD_BLOCK: i32 = 8;
export const CONNECTION_REFUSED: i32 = 14;

let network: i32 = -1;
let failure: i32 = 0;

/** The `error-code` of what failed last. */
// @ts-ignore: decorator
@inline
export function socketFailure(): i32 {
  return failure;
}

/** All that the host lets an instance reach; it stays open. */
function ownNetwork(): i32 {
  if (network < 0) network = rawNetwork();
  return network;
}

/**
 * Begins to connect to an address: 4 bytes, or eight numbers of 16 bits as they lie in memory. The socket, which the
 * caller owns, or -1.
 */
export function startConnect(family: i32, address: usize, port: i32): i32 {
  rawCreate(family, ANSWER);
  if (tag()) {
    failure = load<u8>(ANSWER, 4);
    return -1;
  }
  const socket = word(4);
  if (family == IPV4) {
    const a = load<u8>(address);
    const b = load<u8>(address, 1);
    const c = load<u8>(address, 2);
    const d = load<u8>(address, 3);
    rawStartConnect(socket, ownNetwork(), IPV4, port, a, b, c, d, 0, 0, 0, 0, 0, 0, ANSWER);
  } else {
    const a = load<u16>(address);
    const b = load<u16>(address, 2);
    const c = load<u16>(address, 4);
    const d = load<u16>(address, 6);
    const e = load<u16>(address, 8);
    const f = load<u16>(address, 10);
    const g = load<u16>(address, 12);
    const h = load<u16>(address, 14);
    rawStartConnect(socket, ownNetwork(), IPV6, port, 0, a, b, c, d, e, f, g, h, 0, ANSWER);
  }
  if (!tag()) return socket;
  failure = load<u8>(ANSWER, 1);
  dropSocket(socket);
  return -1;
}

/** Ends connecting. False: see {@link socketFailure}, which may be WOULD_BLOCK. */
export function finishConnect(socket: i32): bool {
  rawFinishConnect(socket, ANSWER);
  if (!tag()) return true;
  failure = load<u8>(ANSWER, 4);
  return false;
}

/** The streams of a socket that just connected, which the caller owns. */
// @ts-ignore: decorator
@inline
export function connectedInput(): i32 {
  return word(4);
}

// @ts-ignore: decorator
@inline
export function connectedOutput(): i32 {
  return word(8);
}

export function whenSocket(socket: i32): i32 {
  return rawSubscribeSocket(socket);
}

/** Looks a name up: what its addresses come from, which the caller owns, or -1. */
export function resolve(name: usize, length: i32): i32 {
  rawResolve(ownNetwork(), name, length, ANSWER);
  if (!tag()) return word(4);
  failure = load<u8>(ANSWER, 4);
  return -1;
}

/** What there is of addresses, besides their family. */
export const NO_MORE: i32 = -1;
export const LOOKING: i32 = -2;
export const UNKNOWN_NAME: i32 = -3;

/** The family of the next address, whose bytes {@link foundAddress} has. */
export function nextAddress(addresses: i32): i32 {
  rawNextAddress(addresses, ANSWER);
  if (tag()) {
    failure = load<u8>(ANSWER, 2);
    return failure == WOULD_BLOCK ? LOOKING : UNKNOWN_NAME;
  }
  return tag(2) ? <i32>load<u8>(ANSWER, 4) : NO_MORE;
}

/** It lies there until anything else is asked of the host. */
// @ts-ignore: decorator
@inline
export function foundAddress(): usize {
  return ANSWER + 6;
}

export function whenAddress(addresses: i32): i32 {
  return rawSubscribeAddresses(addresses);
}
