import { HAS_SOCKETS } from "../variant";
import { dropFutureTrailers, dropIncomingBody, dropOutgoingBody } from "./bodies";
import { dropFields } from "./fields";
import { dropIncomingRequest, dropOutgoingResponse } from "./incoming";
import { dropFutureResponse, dropIncomingResponse, dropOutgoingRequest } from "./outgoing";
import { dropPollable } from "./poll";
import { dropAddresses, dropSocket } from "./sockets";
import { dropInputStream, dropOutputStream } from "./streams";

/**
 * What a request has opened and not given away. Everything that is opened is kept here at once, so that whatever ends
 * a request early leaves nothing open: the last opened goes first, as a stream has to before its body.
 */
export const POLLABLE: i32 = 1;
export const INPUT: i32 = 2;
export const OUTPUT: i32 = 3;
export const FIELDS: i32 = 4;
export const INCOMING_REQUEST: i32 = 5;
export const INCOMING_BODY: i32 = 6;
export const INCOMING_RESPONSE: i32 = 7;
export const OUTGOING_REQUEST: i32 = 8;
export const OUTGOING_RESPONSE: i32 = 9;
export const OUTGOING_BODY: i32 = 10;
export const FUTURE_RESPONSE: i32 = 11;
export const FUTURE_TRAILERS: i32 = 12;
export const SOCKET: i32 = 13;
export const ADDRESSES: i32 = 14;


/** As many as a request can have open at once, attempts of others included, and some to spare. */
const MOST: i32 = 64;

/** Pairs of kind and handle. */
const KEPT: usize = memory.data(512, 8);

let count: i32 = 0;

/** Keeps a handle that is open from now on. */
export function keep(kind: i32, handle: i32): i32 {
  // More would be a fault of ours that leaks, so it must show.
  if (count == MOST) unreachable();
  const at = KEPT + (<usize>count << 3);
  count++;
  store<i32>(at, kind);
  store<i32>(at, handle, 4);
  return handle;
}

/** Forgets a handle that was given away. */
export function gave(kind: i32, handle: i32): i32 {
  for (let at = KEPT + (<usize>count << 3); at > KEPT; ) {
    at -= 8;
    if (load<i32>(at) != kind || load<i32>(at, 4) != handle) continue;
    memory.copy(at, at + 8, KEPT + (<usize>count << 3) - at - 8);
    count--;
    break;
  }
  return handle;
}

/** Drops a handle now. */
export function close(kind: i32, handle: i32): void {
  drop(kind, gave(kind, handle));
}

/** How many are kept: what {@link closeSince} takes. */
export function kept(): i32 {
  return count;
}

/** Drops what was kept since there were so many, the last first. */
export function closeSince(before: i32): void {
  while (count > before) {
    count--;
    const at = KEPT + (<usize>count << 3);
    drop(load<i32>(at), load<i32>(at, 4));
  }
}

function drop(kind: i32, handle: i32): void {
  switch (kind) {
    case POLLABLE:
      return dropPollable(handle);
    case INPUT:
      return dropInputStream(handle);
    case OUTPUT:
      return dropOutputStream(handle);
    case FIELDS:
      return dropFields(handle);
    case INCOMING_REQUEST:
      return dropIncomingRequest(handle);
    case INCOMING_BODY:
      return dropIncomingBody(handle);
    case INCOMING_RESPONSE:
      return dropIncomingResponse(handle);
    case OUTGOING_REQUEST:
      return dropOutgoingRequest(handle);
    case OUTGOING_RESPONSE:
      return dropOutgoingResponse(handle);
    case OUTGOING_BODY:
      return dropOutgoingBody(handle);
    case FUTURE_RESPONSE:
      return dropFutureResponse(handle);
    case FUTURE_TRAILERS:
      return dropFutureTrailers(handle);
    case SOCKET:
      if (HAS_SOCKETS) dropSocket(handle);
      return;
    case ADDRESSES:
      if (HAS_SOCKETS) dropAddresses(handle);
  }
}
