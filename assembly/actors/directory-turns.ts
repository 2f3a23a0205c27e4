import { give, numberOf, recordOf, take } from "./directory-pages";
import { rest, rouse } from "./directory-idle";
import { Actor, actorOf, calls, chainList, groups } from "./directory-records";

/**
 * Turns: each actor has groups of calls, of which the first runs. A call of a chain joins the group of that chain;
 * any other is a group of its own.
 */

/** Calls of one actor that run together, in a ring by their arrival. */
@unmanaged
class Group {
  actor: Actor;
  previous: usize;
  next: usize;
  /** The call that came first of those that are left. */
  call: usize;
  /** The next group in the list of its chain's hash. */
  other: usize;
  depth: u32;
  /** The hash of the chain's id; 0: none. */
  chain: u64;
}

/** Its ticket is 21 bits of number, 9 of how often that was given back, and a bit that says it is in use. */
@unmanaged
class Call {
  group: Group;
  previous: Call;
  next: Call;
  ticket: u32;
}

const GENERATION: u32 = 0x3fe00000;
const NUMBER: u32 = 0x001fffff;
const USED: u32 = 0x80000000;

/** No turn begins, or: deeper than allowed. */
const NONE: i32 = -1;
const NO_ROOM: i32 = -2;
const UNKNOWN: i32 = -3;

/** A ticket for a call; or why there is none, and then nothing has changed. */
export function enterTurn(number: u32, chain: u64, deepest: f64): i32 {
  const actor = actorOf(number);
  if (actor === null) return UNKNOWN;
  let at: usize = 0;
  if (chain != 0) {
    at = groupOf(actor, chain);
    if (<f64>(at == 0 ? 1 : groupAt(at).depth + 1) > deepest) return NONE;
  }
  const record = take(calls);
  if (record == 0) return NO_ROOM;
  const call = changetype<Call>(record);
  if (at == 0) {
    at = take(groups);
    if (at == 0) {
      give(calls, record);
      return NO_ROOM;
    }
    append(actor, at, chain);
    groupAt(at).call = record;
    call.previous = call;
  }
  const group = groupAt(at);
  const first = changetype<Call>(group.call);
  const last = first.previous;
  call.group = group;
  call.previous = last;
  call.next = first;
  last.next = call;
  first.previous = call;
  call.ticket = (call.ticket & GENERATION) | numberOf(calls, record) | USED;
  group.depth++;
  actor.calls++;
  return ticketOf(call);
}

/** Ends a call, running or not. Answers the first of the calls whose turn begins by it, or that none does. */
export function leaveTurn(ticket: u32, now: f64): i32 {
  const call = callOf(ticket);
  if (call === null) return UNKNOWN;
  const group = call.group;
  const actor = group.actor;
  call.previous.next = call.next;
  call.next.previous = call.previous;
  if (group.call == changetype<usize>(call)) group.call = changetype<usize>(call.next);
  call.ticket = (call.ticket + NUMBER + 1) & GENERATION;
  give(calls, changetype<usize>(call));
  actor.calls--;
  group.depth--;
  if (group.depth > 0) return NONE;
  const next = group.next;
  const previous = group.previous;
  if (previous == 0) actor.first = next;
  else groupAt(previous).next = next;
  if (next == 0) actor.last = previous;
  else groupAt(next).previous = previous;
  if (group.chain != 0) unchain(group);
  give(groups, changetype<usize>(group));
  if (actor.calls == 0) rest(actor, now);
  else if (previous == 0) return ticketOf(changetype<Call>(groupAt(next).call));
  return NONE;
}

/** The call that came after this one in its group. */
export function followingCall(ticket: u32): i32 {
  const call = callOf(ticket);
  if (call === null || changetype<usize>(call.next) == call.group.call) return NONE;
  return ticketOf(call.next);
}

export function runsCall(ticket: u32): bool {
  const call = callOf(ticket);
  return call !== null && call.group.previous == 0;
}

/** Appends an empty group to those of an actor. */
function append(actor: Actor, at: usize, chain: u64): void {
  if (actor.calls == 0) rouse(actor);
  const last = actor.last;
  const group = groupAt(at);
  group.actor = actor;
  group.previous = last;
  group.next = 0;
  group.depth = 0;
  group.chain = chain;
  actor.last = at;
  if (last == 0) actor.first = at;
  else groupAt(last).next = at;
  if (chain == 0) return;
  const list = chainList(chain);
  group.other = load<u32>(list);
  store<u32>(list, <u32>at);
}

/** The group of an actor's chain; 0 when there is none. */
function groupOf(actor: Actor, chain: u64): usize {
  let at: usize = load<u32>(chainList(chain));
  while (at != 0 && (groupAt(at).chain != chain || groupAt(at).actor !== actor)) at = groupAt(at).other;
  return at;
}

function unchain(group: Group): void {
  let place = chainList(group.chain);
  while (load<u32>(place) != <u32>changetype<usize>(group)) place = load<u32>(place) + offsetof<Group>("other");
  store<u32>(place, <u32>group.other);
}

/** The call of a ticket, unless it has ended. */
function callOf(ticket: u32): Call | null {
  const record = recordOf(calls, ticket & NUMBER);
  if (record == 0 || changetype<Call>(record).ticket != (ticket | USED)) return null;
  return changetype<Call>(record);
}

// @ts-ignore: decorator
@inline
function ticketOf(call: Call): i32 {
  return <i32>(call.ticket & ~USED);
}

// @ts-ignore: decorator
@inline
function groupAt(address: usize): Group {
  return changetype<Group>(address);
}
