/** Calls of the API that are about an actor: handed to the sidecar beside which it lives. */
import { alarm } from "../alarm";
import { body, canRewind, rewindBody } from "../body";
import { Call, NEVER } from "../call";
import {
  ERR_ACTOR_INSTANCE_MISSING,
  ERR_ACTOR_INVOKE_METHOD,
  ERR_ACTOR_REMINDER_CREATE,
  ERR_ACTOR_REMINDER_DELETE,
  ERR_ACTOR_REMINDER_GET,
  ERR_ACTOR_REMINDER_NON_HOSTED,
  ERR_ACTOR_STATE_GET,
  ERR_ACTOR_STATE_TRANSACTION_SAVE,
  ERR_ACTOR_TIMER_CREATE,
  ERR_BAD_REQUEST,
  ERR_GATEWAY_UNSERVED,
  ERR_MALFORMED_REQUEST,
} from "../errors.gen";
import { admits, isOver, isUnreached, reach, refuse } from "../invoke";
import { allocate } from "../memory";
import {
  ACTORS_INVOKE,
  ACTORS_REMINDER,
  ACTORS_REMINDER_2,
  ACTORS_STATE,
  ACTORS_TIMER,
  ACTORS_TRANSACT,
} from "../operations.gen";
import { App, APP_BYTES, NONE, PROTOCOL_SIDECAR } from "../records.gen";
import { fail, parameter, reply } from "../reply";
import { spanLength, takeSpan } from "../route-spans";
import { findApp, findMember, head } from "../table";
import { table } from "../table-place";
import { Target } from "../target";
import { copy, put } from "../text";
import { exchange, FAILURE_MOVED } from "../transport/exchange";
import { now } from "../wasi/clocks";
import { closeSince, kept } from "../wasi/handles";
import { GET } from "../wasi/incoming";
import { wait, waitFor } from "../wasi/poll";
import { encode, ENCODED_GROWTH } from "../wire-path";
import { canRefresh, fetchFault, hasRoster, refreshRoster } from "./fetch-roster";
import { mayBeCalled } from "./names";
import { Member, ownerOf, roster } from "./roster";

const DELETE: i32 = 4;

/** Looks for another owner than one that is away, and the wait before the second, which doubles: nanoseconds. Longer than owners are away. */
const MOST_LOOKS: i32 = 9;
const FIRST_WAIT: u64 = 200000000;
const MOST_DOUBLINGS: i32 = 3;

const TARGET: usize = memory.data(32, 4);
/** The row of a place that has none in the configuration, and of one whose policies are about other calls. */
const PLACE: usize = memory.data(APP_BYTES, 4);

/** The place that was found last is the owner's own. */
let isOwners: bool = false;

export function isActors(operation: i32): bool {
  return operation >= ACTORS_INVOKE && operation <= ACTORS_TIMER;
}

/** Answers a call of an actor, as it was routed last. */
export function callActor(call: Call, operation: i32): void {
  if (head().actorsCount == 0) return fail(call, ERR_GATEWAY_UNSERVED);
  const typeLength = spanLength(1);
  const type = takeSpan(1);
  const idLength = spanLength(2);
  const id = takeSpan(2);
  const isNamed = operation != ACTORS_TRANSACT && operation != ACTORS_REMINDER_2;
  const nameLength = isNamed ? spanLength(3) : 0;
  const name = isNamed ? takeSpan(3) : 0;
  if (!mayBeCalled(call, operation, type, typeLength, id, idLength, name, nameLength)) return;
  // Nothing of it may reach its actor twice.
  call.repeats = NEVER;
  call.refusal = rowOf(call, operation);
  call.tooLarge = operation == ACTORS_INVOKE ? ERR_BAD_REQUEST : ERR_MALFORMED_REQUEST;
  call.causeAt = 0;
  if (!hasRoster()) return refuseFor(call, "the table of placement cannot be had: ", fetchFault());

  const target = changetype<Target>(TARGET);
  target.id = id;
  target.idLength = idLength;
  target.isEvent = false;
  target.wire = allocate(<usize>(typeLength + idLength + nameLength) * ENCODED_GROWTH + 48);
  let end = encode(put(target.wire, "/v1.0/actors/"), type, typeLength, true);
  end = put(encode(put(end, "/"), id, idLength, true), segment(operation));
  if (isNamed) end = encode(put(end, "/"), name, nameLength, true);
  target.wireLength = <i32>(end - target.wire);

  let owner = ownerOf(type, typeLength, id, idLength);
  if (owner === null && refreshRoster(true)) owner = ownerOf(type, typeLength, id, idLength);
  if (owner === null) return refuseUnknown(call, operation, type, typeLength, id, idLength);
  if (!admits(call)) return;
  for (let look = 0; ; look++) {
    const place = placeOf(owner);
    if (place === null) return refuseFor(call, "the sidecar of the actor's host is not known here: list it", "");
    // Whoever gets a call without a version looks for the owner itself, and waits as long as owners are changing. With one it
    // says that it is not the owner: worth it where a newer table helps, and nothing is sent that cannot be sent again.
    const tells = look == 0 && isOwners && canRefresh() && body().whole;
    call.placement = tells ? roster()!.version + 1 : 0;
    const before = kept();
    if (reach(call, target, place)) return;
    closeSince(before);
    const failure = exchange().failure;
    const again = failure == FAILURE_MOVED || (isUnreached(failure) && look < MOST_LOOKS);
    if (!again || !canRefresh() || !canRewind()) return refuse(call, failure);
    if (look && !pause(FIRST_WAIT << min(look - 1, MOST_DOUBLINGS))) return refuse(call, failure);
    refreshRoster(false);
    rewindBody();
    owner = ownerOf(type, typeLength, id, idLength);
    if (owner === null) return refuseUnknown(call, operation, type, typeLength, id, idLength);
  }
}

function segment(operation: i32): string {
  switch (operation) {
    case ACTORS_INVOKE:
      return "/method";
    case ACTORS_TRANSACT:
    case ACTORS_STATE:
      return "/state";
    case ACTORS_TIMER:
      return "/timers";
    default:
      return "/reminders";
  }
}

/** The row of what cannot be done. */
function rowOf(call: Call, operation: i32): usize {
  switch (operation) {
    case ACTORS_INVOKE:
      return ERR_ACTOR_INVOKE_METHOD;
    case ACTORS_TRANSACT:
      return ERR_ACTOR_STATE_TRANSACTION_SAVE;
    case ACTORS_STATE:
      return ERR_ACTOR_STATE_GET;
    case ACTORS_TIMER:
      return ERR_ACTOR_TIMER_CREATE;
    default:
      if (call.method == GET) return ERR_ACTOR_REMINDER_GET;
      return call.method == DELETE ? ERR_ACTOR_REMINDER_DELETE : ERR_ACTOR_REMINDER_CREATE;
  }
}

function refuseFor(call: Call, before: string, cause: string): void {
  const text = allocate(before.length + cause.length);
  put(put(text, before), cause);
  parameter(0, text, before.length + cause.length);
  fail(call, call.refusal);
}

/** As daprd words it. */
function refuseUnknown(call: Call, operation: i32, type: usize, typeLength: i32, id: usize, idLength: i32): void {
  if (operation == ACTORS_REMINDER || operation == ACTORS_REMINDER_2) return fail(call, ERR_ACTOR_REMINDER_NON_HOSTED);
  if (operation == ACTORS_TRANSACT) return fail(call, ERR_ACTOR_INSTANCE_MISSING);
  // There is none.
  if (operation == ACTORS_TIMER && call.method == DELETE) return reply(call, 204, "", 0, 0);
  const text = allocate(<usize>(typeLength + idLength) + 48);
  let end = copy(put(text, "did not find address for actor '"), type, typeLength);
  end = put(copy(put(end, "||"), id, idLength), "'");
  parameter(0, text, <i32>(end - text));
  fail(call, call.refusal);
}

/**
 * Where a member's sidecar is: its entry in the configuration, else what the table says, else the sidecars of its app, or
 * whoever passes calls on: these find the owner themselves. Null: nobody knows.
 */
function placeOf(member: Member): App | null {
  const own = findMember(member.name, member.nameLength);
  isOwners = own != null || member.upstream != 0;
  if (own != null) return own;
  const row = changetype<App>(PLACE);
  row.policy = NONE;
  if (member.upstream) {
    row.upstreamsAt = <u32>(member.upstream - table());
    row.upstreamsCount = 1;
    return row;
  }
  const app = findApp(member.appId, member.appIdLength);
  if (app != null && app.upstream(0).protocol == PROTOCOL_SIDECAR) {
    memory.copy(PLACE, changetype<usize>(app), APP_BYTES);
    row.policy = NONE;
    return row;
  }
  const onward = head().actor(0).onward;
  return onward == NONE ? null : head().remote(onward);
}

/** False where the call would be over by then. */
function pause(nanos: u64): bool {
  const start = now();
  const end = start + nanos;
  if (isOver(end)) return false;
  for (let time = start; time < end; time = now()) {
    waitFor(0, alarm(time, end));
    wait(1);
  }
  return true;
}
