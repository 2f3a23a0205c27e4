import { Exchange, UPSTREAM_FAULT } from "./exchange";
import { Connection } from "./pool";

/** The exchange that goes over a connection of the gateway's own. */
@unmanaged
export class Talk {
  /** Null until there is one. */
  connection: Connection | null;
  connecting: bool;
  /** The connection has served another one. */
  reused: bool;
  /** All of the request was handed over. */
  ended: bool;
  /** The upstream takes nothing any more. */
  deaf: bool;
}

export const talk: Talk = changetype<Talk>(memory.data(offsetof<Talk>(), 4));

export function fault(x: Exchange, failure: i32): i32 {
  x.failure = failure;
  return UPSTREAM_FAULT;
}
