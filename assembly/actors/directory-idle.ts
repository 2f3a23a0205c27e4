import { OUTBOX } from "../memory";
import { numberOf } from "./directory-pages";
import { Actor, actorAt, actors, typeAt, typeOf, types } from "./directory-records";

/**
 * Actors without a call, in a list for each type in the order in which they became so: since a type has one timeout,
 * that is the order in which they are due.
 */

/** Most that one answer holds. */
const MOST: u32 = 16384;

/** Where the lists are that are being merged, behind the answer. */
const CURSORS: usize = OUTBOX + (<usize>MOST << 2);

/** Appends an actor to the idle of its type. */
export function rest(actor: Actor, now: f64): void {
  const type = typeAt(typeOf(actor));
  const before = type.last;
  actor.since = now;
  actor.first = before;
  actor.last = 0;
  type.last = changetype<usize>(actor);
  if (before == 0) type.first = changetype<usize>(actor);
  else actorAt(before).last = changetype<usize>(actor);
}

/** Takes an actor out of the idle. */
export function rouse(actor: Actor): void {
  const type = typeAt(typeOf(actor));
  const before = actor.first;
  const after = actor.last;
  if (before == 0) type.first = after;
  else actorAt(before).last = after;
  if (after == 0) type.last = before;
  else actorAt(after).first = before;
  actor.first = 0;
  actor.last = 0;
}

/** Writes to the outbox who is due by now, the longest idle first, and answers how many. */
export function dueActors(now: f64, limit: u32): u32 {
  let end = CURSORS;
  for (let i: u32 = 0; i < types; i++) {
    const first = typeAt(i).first;
    if (!isDue(first, now)) continue;
    store<u32>(end, <u32>first);
    end += 4;
  }
  let found: u32 = 0;
  for (const most = min(limit, MOST); found < most && end > CURSORS; found++) {
    let chosen = CURSORS;
    for (let at = CURSORS + 4; at < end; at += 4) {
      if (actorAt(load<u32>(at)).since < actorAt(load<u32>(chosen)).since) chosen = at;
    }
    const actor: usize = load<u32>(chosen);
    store<u32>(OUTBOX + (<usize>found << 2), numberOf(actors, actor));
    const next = actorAt(actor).last;
    if (isDue(next, now)) store<u32>(chosen, <u32>next);
    else {
      end -= 4;
      store<u32>(chosen, load<u32>(end));
    }
  }
  return found;
}

/** When the next one is due; infinite when none will be. */
export function nextDue(): f64 {
  let soonest = Infinity;
  for (let i: u32 = 0; i < types; i++) {
    const first = typeAt(i).first;
    if (first != 0) soonest = min(soonest, dueAt(first));
  }
  return soonest;
}

function isDue(actor: usize, now: f64): bool {
  return actor != 0 && dueAt(actor) <= now;
}

function dueAt(actor: usize): f64 {
  return actorAt(actor).since + typeAt(typeOf(actorAt(actor))).timeout;
}
