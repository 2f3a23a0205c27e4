/** The ABI: every export of core.wasm, and nothing else. The caller in host/core checks `abi()` before it calls. */
import { CHUNK, INBOX, OUTBOX, RESULT, arena } from "./memory";

export { route, normalise } from "./http/route";
export { policies, allows } from "./access/policies";
export { begin, feed } from "./json/scan";
export { frame, complete, escape, base64, data } from "./cloudevents/envelope";
export { ring, host, seal, owner } from "./actors/ring";
export { peers, peer, preferred } from "./actors/rendezvous";
export {
  directory,
  kind,
  size,
  active,
  activate,
  find,
  actor,
  remove,
  next,
  ask,
  done,
  following,
  runs,
  idle,
  due,
} from "./actors/directory";
export { xxhash, blake } from "./hash/digest";
export { traceparent } from "./trace/traceparent";
export { backOff as backoff } from "./resiliency/back-off";
export { breakerState as breaker, enterBreaker as enter, leaveBreaker as leave, tripBreaker as trip } from "./resiliency/breaker";

/** Raised by every change of an export's meaning. */
export function abi(): i32 {
  return 4;
}

/** Where the caller puts bytes, at most `chunk()` of them. */
export function inbox(): usize {
  return INBOX;
}

export function chunk(): i32 {
  return CHUNK;
}

/** Where words of the last answer are. */
export function result(): usize {
  return RESULT;
}

/** Where text and marks of the last answer are. */
export function outbox(): usize {
  return OUTBOX;
}

/** Where tables begin. Nothing else writes at or beyond it, and nothing else grows the memory. */
export function tables(): usize {
  return arena();
}
