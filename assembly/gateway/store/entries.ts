import { Operation, hashOf, isKey } from "./record";

/**
 * The last operation on each key of the log, by the hash of the key: open addressing, never removed one by one.
 *
 *   ┌─────────┬─────────────┐
 *   │ u32 tag │ u32 address │
 *   └─────────┴─────────────┘
 */
const SLOTS: i32 = 131072;
const TABLE: usize = memory.data(1048576, 16);

/** A log that has more keys takes no more before it is folded into runs. */
export const MOST_ENTRIES: i32 = 98304;

let count: i32 = 0;

export function clearEntries(): void {
  if (count) memory.fill(TABLE, 0, <usize>SLOTS << 3);
  count = 0;
}

export function entries(): i32 {
  return count;
}

/** The key's last operation, or null. */
export function entryOf(hash: u64, key: usize, length: i32): Operation | null {
  const slot = find(hash, key, length);
  const address = <usize>load<u32>(slot, 4);
  return address ? changetype<Operation>(address) : null;
}

/** Makes an operation its key's last one. */
export function enter(operation: Operation): void {
  const hash = hashOf(operation);
  const slot = find(hash, operation.key, <i32>operation.keyLength);
  if (!load<u32>(slot, 4)) count++;
  store<u32>(slot, <u32>(hash >> 32));
  store<u32>(slot, <u32>changetype<usize>(operation), 4);
}

/** The slot that the key has, or would get: one is always free, as there are more than {@link MOST_ENTRIES}. */
function find(hash: u64, key: usize, length: i32): usize {
  const tag = <u32>(hash >> 32);
  let slot = TABLE + (<usize>(<i32>hash & (SLOTS - 1)) << 3);
  while (load<u32>(slot, 4)) {
    if (load<u32>(slot) == tag && isKey(changetype<Operation>(load<u32>(slot, 4)), key, length)) break;
    slot = TABLE + ((slot + 8 - TABLE) & ((SLOTS << 3) - 1));
  }
  return slot;
}

/** Writes the addresses of all entries to `target`, 4 bytes each, and answers how many. */
export function listEntries(target: usize): i32 {
  let listed = 0;
  for (let slot = TABLE, end = TABLE + (<usize>SLOTS << 3); slot < end; slot += 8) {
    const address = load<u32>(slot, 4);
    if (address) store<u32>(target + (<usize>(listed++) << 2), address);
  }
  return listed;
}
