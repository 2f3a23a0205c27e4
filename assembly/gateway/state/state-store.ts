import { Call } from "../call";
import { NO_STORES, UNKNOWN_STORE } from "../errors.gen";
import { STORE_BYTES, Store } from "../records.gen";
import { fail, parameter } from "../reply";
import { openFolder } from "../store/open-folder";
import { head } from "../table";
import { same } from "../text";

/** The store that a path names, or null: then the caller is told. */
export function findStore(call: Call, name: usize, length: i32): Store | null {
  const table = head();
  for (let i: u32 = 0; i < table.storesCount; i++) {
    const row = changetype<Store>(table.stores + i * STORE_BYTES);
    if (same(row.name, row.nameLength, name, length)) return row;
  }
  parameter(0, name, length);
  parameter(1, table.appId, table.appIdLength);
  fail(call, table.storesCount ? UNKNOWN_STORE : NO_STORES);
  return null;
}

/** Opens a store's folder, which is made where it is missing: 0 or a fault. */
export function openStore(row: Store): i32 {
  return openFolder(row.folder, row.folderLength);
}
