import { CHUNK, INBOX, arena, reserve } from "../memory";
import { blake2b64 } from "../hash/blake2b";

/**
 *   ┌─────────────────────┬──────────┬──────────┐
 *   │ u64 point           │ u32 owner│ u32 0    │
 *   └─────────────────────┴──────────┴──────────┘
 *
 * The arena holds an index of where each bucket begins, the points as they were added, and the points in order.
 * A bucket is all points with the same leading bits. Points are hashes, so there is about one in each: sorting is
 * a scatter, and a look-up reads one index entry and a point or two.
 */
@unmanaged
class Point {
  point: u64;
  owner: u32;
  unused: u32;
}

/** Most points that a table can hold: its bytes stay below what memory can address. */
const MAX_POINTS: i32 = 1 << 26;
/** A virtual node is named by its host and at most this many digits. */
const DIGITS: i32 = 10;

let bits: u64 = 0;
let index: usize = 0;
let added: usize = 0;
let sorted: usize = 0;
let count: i32 = 0;

/** Makes room for a table of this many points and forgets the one before. False when there is no room. */
export function ring(points: i32): bool {
  count = 0;
  if (<u32>points > <u32>MAX_POINTS) return false;
  bits = points < 2 ? 1 : 31 - clz(points);
  const size = <usize>points * offsetof<Point>();
  index = arena();
  // One entry more than buckets, and the alignment of a point.
  added = index + ((((<usize>1 << <usize>bits) + 1) << 2) + 15 & ~15);
  sorted = added + size;
  return reserve(sorted + size - index);
}

/** Adds the virtual nodes of the host whose name is in the inbox. Hosts come in the order that decides ties. */
export function host(length: i32, owner: i32, replicas: i32): bool {
  if (length > CHUNK - DIGITS) return false;
  for (let i: i32 = 0; i < replicas; i++) {
    const record = at(added, count++);
    record.point = blake2b64(INBOX, length + decimal(<u32>i, INBOX + length));
    record.owner = <u32>owner;
  }
  return true;
}

/** Puts the points in order. Equal ones stay as they came. */
export function seal(): void {
  memory.fill(index, 0, ((<usize>1 << <usize>bits) + 1) << 2);
  for (let i: i32 = 0; i < count; i++) {
    const slot = bucket(at(added, i).point);
    store<u32>(slot, load<u32>(slot, 4) + 1, 4);
  }
  // Counts become the ends of the buckets; scattering from the last point on moves each back to its begin.
  const last = index + (<usize>1 << <usize>bits << 2);
  for (let slot = index + 4; slot < last; slot += 4) store<u32>(slot, load<u32>(slot) + load<u32>(slot, 4), 4);
  for (let i: i32 = count - 1; i >= 0; i--) {
    const source = at(added, i);
    const slot = bucket(source.point);
    const place = load<u32>(slot, 4) - 1;
    store<u32>(slot, place, 4);
    memory.copy(changetype<usize>(at(sorted, place)), changetype<usize>(source), offsetof<Point>());
  }
  insertion();
}

/** Owner of the key in the inbox: that of the first point at or after its hash, the first of all when none is. */
export function owner(length: i32): i32 {
  if (count == 0) return -1;
  const key = blake2b64(INBOX, length);
  let i = load<i32>(bucket(key), 4);
  while (i < count && at(sorted, i).point < key) i++;
  return at(sorted, i == count ? 0 : i).owner;
}

/**
 * As {@link owner}, where only hosts count whose byte of `among` is not 0: as on a ring of those alone, since a ring of some
 * has the points of all but the others'. -1 where none counts.
 */
export function ownerAmong(length: i32, among: usize): i32 {
  if (count == 0) return -1;
  const key = blake2b64(INBOX, length);
  let i = load<i32>(bucket(key), 4);
  while (i < count && at(sorted, i).point < key) i++;
  for (let looked: i32 = 0; looked < count; looked++, i++) {
    if (i >= count) i = 0;
    const owner = at(sorted, i).owner;
    if (load<u8>(among + owner)) return owner;
  }
  return -1;
}

// @ts-ignore: decorator
@inline
function at(table: usize, i: i32): Point {
  return changetype<Point>(table + <usize>i * offsetof<Point>());
}

/** Index entry of a hash's bucket; its own place is the next word, so that sorting can count there. */
// @ts-ignore: decorator
@inline
function bucket(hash: u64): usize {
  return index + (<usize>(hash >> (64 - bits)) << 2);
}

/** Orders the few points of each bucket. */
function insertion(): void {
  for (let i: i32 = 1; i < count; i++) {
    const point = at(sorted, i).point;
    if (at(sorted, i - 1).point <= point) continue;
    const owner = at(sorted, i).owner;
    let j = i;
    for (; j > 0 && at(sorted, j - 1).point > point; j--) {
      const before = at(sorted, j - 1);
      at(sorted, j).point = before.point;
      at(sorted, j).owner = before.owner;
    }
    at(sorted, j).point = point;
    at(sorted, j).owner = owner;
  }
}

/** Writes a number in base ten and answers its digits. */
function decimal(value: u32, target: usize): i32 {
  let digits = 1;
  for (let rest = value; rest > 9; rest /= 10) digits++;
  for (let i = digits - 1; i >= 0; i--) {
    store<u8>(target + i, <u8>(0x30 + (value % 10)));
    value /= 10;
  }
  return digits;
}
