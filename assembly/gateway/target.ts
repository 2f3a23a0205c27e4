/** Whom a call addresses, in Dapr's order: the header, Basic credentials of that name, then the path's own form. */
import { RESULT } from "../memory";
import { Call, findField } from "./call";
import { allocate } from "./memory";
import { copy, is } from "./text";

@unmanaged
export class Target {
  id: usize;
  idLength: i32;
  /** The normal form of the path at the callee, without a slash at its start. */
  method: usize;
  methodLength: i32;
}

const TARGET: usize = memory.data(16, 4);

/** The core's `index`-th span of the last route, in the arena: the next call of the core would overwrite it. */
function takeSpan(index: i32, to: usize): i32 {
  const slot = RESULT + (<usize>(1 + (index << 1)) << 2);
  const length = load<i32>(slot, 4);
  const at = allocate(length);
  copy(at, load<usize>(slot), length);
  store<usize>(to, at);
  store<i32>(to, length, 4);
  return length;
}

/** The target of a request that was routed just before; `invocation`: in the path's own form. Null: it addresses none. */
export function addressed(call: Call, invocation: bool): Target | null {
  const target = changetype<Target>(TARGET);
  const named = findField(call.fields, "dapr-app-id");
  if (named != null && named.valueLength) {
    target.id = named.value;
    target.idLength = named.valueLength;
    takeSpan(0, TARGET + offsetof<Target>("method"));
    return target;
  }
  if (!invocation) return null;
  const length = takeSpan(1, TARGET);
  takeSpan(2, TARGET + offsetof<Target>("method"));
  return length ? target : null;
}
