/**
 * Who hosts actors: the table in use, and the one that is read next. What a reused instance keeps of it lies behind the
 * statics (see memory.ts): a half for each of both, and the ring of the one in use.
 *
 *   ┌────────────────────────────────────────┬───────────────────────┬──────────────────────────┐
 *   │ HALF: Members, their order, Types,     │ HALF: the same of the │ RING: the core's         │
 *   │ a byte for each member of each type,   │ other table           │ of all members, or names │
 *   │ texts                                  │                       │                          │
 *   └────────────────────────────────────────┴───────────────────────┴──────────────────────────┘
 */
import { host, ownerAmong, ring, seal } from "../../actors/ring";
import { peer, peers, preferred } from "../../actors/rendezvous";
import { INBOX, moveArena } from "../../memory";
import { forgetAmong } from "../health";
import { owners, OWNERS_HALF } from "../memory";
import { same } from "../text";
import { closeAmong } from "../transport/pool";
import { HAS_SOCKETS } from "../variant";

/** More than as many hosts, types or points are no table for a gateway. */
export const MOST_MEMBERS: i32 = 1000;
export const MOST_TYPES: i32 = 256;
export const MOST_POINTS: i32 = 131072;

@unmanaged
export class Member {
  name: usize;
  nameLength: i32;
  appId: usize;
  appIdLength: i32;
  /** Its types, in the text that is read. */
  entities: usize;
  /** An Upstream: where it is, as the table tells it; 0 where it does not. */
  upstream: usize;
}

@unmanaged
export class Type {
  name: usize;
  nameLength: i32;
  /** A byte for each member, in their order: 1 where it hosts the type. */
  hosts: usize;
}

@unmanaged
export class Roster {
  version: u64;
  points: i32;
  /** Owners are found by rendezvous: there is no ring. */
  rendezvous: bool;
  /** Places of the members' records, in the order of their names. */
  order: usize;
  members: i32;
  types: usize;
  typesCount: i32;
  /** Nanoseconds on the clock. */
  readAt: u64;

  // @ts-ignore: decorator
  @inline
  member(index: i32): Member {
    return changetype<Member>(load<usize>(this.order + (<usize>index << 2)));
  }

  // @ts-ignore: decorator
  @inline
  type(index: i32): Type {
    return changetype<Type>(this.types + <usize>index * offsetof<Type>());
  }
}

const USED: usize = memory.data(offsetof<Roster>(), 8);
const NEXT: usize = memory.data(offsetof<Roster>(), 8);

let half: usize = 0;
let free: usize = 0;
let usable: bool = false;

/** The table in use, null where there has been none. */
export function roster(): Roster | null {
  return usable ? changetype<Roster>(USED) : null;
}

/** Begins another table, in the half that is not in use. */
export function beginRoster(): Roster {
  free = owners() + (half ? 0 : OWNERS_HALF);
  if (HAS_SOCKETS) closeAmong(free, free + OWNERS_HALF);
  forgetAmong(free, free + OWNERS_HALF);
  memory.fill(NEXT, 0, offsetof<Roster>());
  return changetype<Roster>(NEXT);
}

/** Room in that half, 0 where there is no more. */
export function room(size: usize): usize {
  const at = (free + 7) & ~7;
  const end = owners() + (half ? 0 : OWNERS_HALF) + OWNERS_HALF;
  if (at > end || size > end - at) return 0;
  free = at + size;
  return at;
}

/** Gives back what was taken last but for so many bytes. */
export function trim(at: usize, length: i32): void {
  free = at + <usize>length;
}

/** Puts the table that was read in the place of the one before. False where there is no memory for it. */
export function useRoster(): bool {
  moveArena(owners() + 2 * OWNERS_HALF);
  const next = changetype<Roster>(NEXT);
  usable = next.rendezvous || makeRing(next);
  if (!usable) return false;
  memory.copy(USED, NEXT, offsetof<Roster>());
  half = half ? 0 : OWNERS_HALF;
  return true;
}

function makeRing(next: Roster): bool {
  if (!ring(next.members * next.points)) return false;
  for (let i = 0; i < next.members; i++) {
    const member = next.member(i);
    memory.copy(INBOX, member.name, member.nameLength);
    if (!host(member.nameLength, i, next.points)) return false;
  }
  seal();
  return true;
}

/** The hosts of a type; null: nobody hosts it. */
export function findType(from: Roster, name: usize, length: i32): Type | null {
  for (let i = 0; i < from.typesCount; i++) {
    const type = from.type(i);
    if (same(type.name, type.nameLength, name, length)) return type;
  }
  return null;
}

/** Who owns an actor; null: nobody hosts its type. Uses the core's inbox. */
export function ownerOf(type: usize, typeLength: i32, id: usize, idLength: i32): Member | null {
  const used = changetype<Roster>(USED);
  const hosted = findType(used, type, typeLength);
  if (hosted === null) return null;
  if (used.rendezvous && !callTogether(used, hosted)) return null;
  memory.copy(INBOX, id, idLength);
  const index = used.rendezvous ? preferred(idLength) : ownerAmong(idLength, hosted.hosts);
  return index < 0 ? null : used.member(index);
}

/** Those who host the type, for the core to choose from. */
function callTogether(used: Roster, hosted: Type): bool {
  let count = 0;
  let bytes = 0;
  for (let i = 0; i < used.members; i++) {
    if (!load<u8>(hosted.hosts + <usize>i)) continue;
    count++;
    bytes += used.member(i).nameLength;
  }
  if (!peers(count, bytes)) return false;
  for (let i = 0; i < used.members; i++) {
    if (!load<u8>(hosted.hosts + <usize>i)) continue;
    const member = used.member(i);
    memory.copy(INBOX, member.name, member.nameLength);
    peer(member.nameLength, i);
  }
  return true;
}
