/**
 * The gateway's configuration: bytes that host/gateway/table.ts wrote into the file, behind each other.
 *
 *   ┌───────┬──────────────┬─────────┬───────┬────────────┬───────────────┐
 *   │ Table │ Apps (by id) │ Upstreams of each … │ Sites …    │ texts         │
 *   └───────┴──────────────┴─────────────────────┴────────────┴───────────────┘
 *
 * Whoever wrote them has checked them, so reading does not.
 */
import { App, APP_BYTES, TABLE_MAGIC, TABLE_VERSION, Table } from "./records.gen";
import { table } from "./table-place";

// @ts-ignore: decorator
@inline
export function head(): Table {
  return changetype<Table>(table());
}

/** False where no configuration was written into the file, or one for a gateway of another version. */
export function configured(): bool {
  return head().magic == TABLE_MAGIC && head().version == TABLE_VERSION;
}

/** The app of this id; 0: there is none. */
export function findApp(id: usize, length: u32): App | null {
  return find(head().apps, head().appsCount, id, length);
}

/** The site of this name; 0: there is none. */
export function findSite(name: usize, length: u32): App | null {
  return find(head().sites, head().sitesCount, name, length);
}

/** The places of the host of actors that has this name; null: it has no entry of its own. */
export function findMember(name: usize, length: u32): App | null {
  const actors = head().actor(0);
  return find(actors.members, actors.membersCount, name, length);
}

/** Searches records that are sorted by their names, as bytes. */
function find(rows: usize, count: u32, name: usize, length: u32): App | null {
  let low: u32 = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const row = changetype<App>(rows + middle * APP_BYTES);
    const order = compare(row.id, row.idLength, name, length);
    if (order == 0) return row;
    if (order < 0) low = middle + 1;
    else high = middle;
  }
  return null;
}

/** Below 0 where the first text comes before the other, as bytes. */
export function compare(a: usize, aLength: u32, b: usize, bLength: u32): i32 {
  const order = memory.compare(a, b, min(aLength, bLength));
  return order != 0 ? order : <i32>aLength - <i32>bLength;
}
