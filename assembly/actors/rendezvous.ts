import { INBOX, OUTBOX, arena, reserve } from "../memory";
import { xxhash64 } from "../hash/xxhash64";

/**
 *   ┌────────────┬──────────┬─────────────┬─────────┐
 *   │ u32 length │ u32 owner│ name  |  |  │ 0…7 pad │   for each host, one after the other
 *   └────────────┴──────────┴─────────────┴─────────┘
 */
const HEAD: usize = 8;
const BAR: u8 = 0x7c;

let end: usize = 0;

/** Makes room for hosts whose names take this many bytes, and forgets those before. */
export function peers(hosts: i32, bytes: i32): bool {
  end = arena();
  // Head, two bars and padding of each.
  return reserve(<usize>bytes + <usize>hosts * 18);
}

/** Adds the host whose name is in the inbox. Hosts come in the order that decides ties. */
export function peer(length: i32, owner: i32): void {
  store<u32>(end, <u32>length + 2);
  store<u32>(end, <u32>owner, 4);
  const name = end + HEAD;
  memory.copy(name, INBOX, length);
  store<u8>(name + length, BAR);
  store<u8>(name + length, BAR, 1);
  end = (name + length + 2 + 7) & ~7;
}

/** The host whose name, two bars and the key in the inbox hash to the most; -1 when there is none. */
export function preferred(length: i32): i32 {
  let best: u64 = 0;
  let owner = -1;
  for (let at = arena(); at < end; ) {
    const size = load<u32>(at);
    memory.copy(OUTBOX, at + HEAD, size);
    memory.copy(OUTBOX + size, INBOX, length);
    const hash = xxhash64(OUTBOX, <i32>size + length);
    if (owner < 0 || hash > best) {
      best = hash;
      owner = load<u32>(at, 4);
    }
    at = (at + HEAD + size + 7) & ~7;
  }
  return owner;
}
