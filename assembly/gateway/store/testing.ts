/** The store's engine alone, for a host whose folder is a fake one. */
import { allocate, resetArena } from "../memory";
import { addOperation, afterCommit, commit as commitBatch } from "./batch";
import { fold as foldLog } from "./fold";
import { itemFault, readItem } from "./items";
import { birth } from "./log";
import { closeLog, useFolder } from "./store";

export { cabiRealloc as cabi_realloc } from "../arena";
export { beginBatch } from "./batch";
export {
  addOperation as add,
  afterCommit,
  allocate,
  closeLog,
  itemFault,
  resetArena,
  useFolder,
};

export function fold(): i32 {
  return foldLog();
}

export function commit(): i32 {
  return commitBatch();
}

/** Where the item's value is, or 0; its length and version are behind the next two. */
export function get(key: usize, length: i32): usize {
  const item = readItem(key, length);
  if (item === null) return 0;
  foundLength = item.valueLength;
  foundVersion = item.version;
  return item.value;
}

let foundLength: i32 = 0;
let foundVersion: u64 = 0;

export function valueLength(): i32 {
  return foundLength;
}

export function version(): u64 {
  return foundVersion;
}

export function epoch(): i32 {
  return birth().epoch;
}
