/** What actors may be called: the sidecar's rules, as what is refused there is not to be asked for here. */
import { Call } from "../call";
import { ERR_ACTOR_TYPE_RESERVED, ERR_BAD_REQUEST } from "../errors.gen";
import { allocate } from "../memory";
import { ACTORS_INVOKE, ACTORS_STATE } from "../operations.gen";
import { fail, parameter } from "../reply";
import { begins, put } from "../text";

const DOT: u8 = 0x2e;
const BAR: u8 = 0x7c;

const UNUSABLE: string = " must not be . or .., nor hold / \\ # ? or control characters";

/**
 * False where the caller was told that a type, an id or a name could be taken for a piece of a path, or one actor's keys for
 * another's. Types of Dapr's workflow engine can only be invoked; a key of an actor's state may be anything.
 */
export function mayBeCalled(
  call: Call,
  operation: i32,
  type: usize,
  typeLength: i32,
  id: usize,
  idLength: i32,
  name: usize,
  nameLength: i32,
): bool {
  if (!isName(type, typeLength)) return refuse(call, "the actor type", UNUSABLE);
  if (!isName(id, idLength)) return refuse(call, "the actor id", UNUSABLE);
  if (holdsBars(type, typeLength)) return refuse(call, "the actor type", " must not hold ||");
  if (operation != ACTORS_INVOKE && begins(type, typeLength, "dapr.internal.")) {
    parameter(0, type, typeLength);
    fail(call, ERR_ACTOR_TYPE_RESERVED);
    return false;
  }
  if (operation == ACTORS_STATE || name == 0 || isName(name, nameLength)) return true;
  return refuse(call, operation == ACTORS_INVOKE ? "the method" : "the name", UNUSABLE);
}

function refuse(call: Call, what: string, why: string): bool {
  const cause = allocate(what.length + why.length);
  parameter(0, cause, <i32>(put(put(cause, what), why) - cause));
  fail(call, ERR_BAD_REQUEST);
  return false;
}

function isName(text: usize, length: i32): bool {
  if (length == 0 || (length < 3 && load<u8>(text) == DOT && load<u8>(text + <usize>length - 1) == DOT)) return false;
  for (let at = text, end = text + <usize>length; at < end; at++) {
    const byte = load<u8>(at);
    if (byte < 0x20 || byte == 0x7f) return false;
    // / \ # ?
    if (byte == 0x2f || byte == 0x5c || byte == 0x23 || byte == 0x3f) return false;
  }
  return true;
}

function holdsBars(text: usize, length: i32): bool {
  for (let at = text, last = text + <usize>length - 1; at < last; at++) {
    if (load<u8>(at) == BAR && load<u8>(at, 1) == BAR) return true;
  }
  return false;
}
