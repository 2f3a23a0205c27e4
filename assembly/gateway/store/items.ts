import { xxhash64 } from "../../hash/xxhash64";
import { wallMillis } from "../wasi/clocks";
import { NO_ENTRY } from "../wasi/filesystem";
import { entryOf } from "./entries";
import { Operation } from "./record";
import { inRuns, runsFault } from "./runs";
import { closeLog, refresh, storeFolder } from "./store";

/** Runs that a fold took away while one request reads; its log then is a new one. */
const ATTEMPTS: i32 = 8;

let fault: i32 = 0;

/** Why the last {@link readItem} answered null: a fault, or 0 where there is no such item. */
export function itemFault(): i32 {
  return fault;
}

/**
 * The item of a key, or null. Its bytes are in the log's memory or in the arena: they are the caller's until the store is
 * asked again.
 */
export function readItem(key: usize, length: i32): Operation | null {
  const hash = xxhash64(key, length);
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    fault = refresh();
    if (fault) return null;
    let item = entryOf(hash, key, length);
    if (item === null) item = inRuns(storeFolder(), hash, key, length);
    fault = item === null ? runsFault() : 0;
    if (fault == NO_ENTRY) {
      closeLog();
      continue;
    }
    if (fault) closeLog();
    return item !== null && item.isLive(wallMillis()) ? item : null;
  }
  return null;
}
