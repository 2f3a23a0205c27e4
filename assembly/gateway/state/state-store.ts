import { Call } from "../call";
import { NO_STORES, UNKNOWN_STORE } from "../errors.gen";
import { STORE_BYTES, Store } from "../records.gen";
import { fail, parameter } from "../reply";
import { closeLog, useFolder } from "../store/store";
import { head } from "../table";
import { same } from "../text";
import { CHANGE, createDirectory, DIRECTORY, dropDescriptor, EXISTS, firstDirectory, openAt, READ } from "../wasi/filesystem";

/** What {@link openStore} answers besides the host's faults: no folder was opened for the gateway. */
export const NO_FOLDER: i32 = -110;

/** The store whose folder is open; a reused instance finds it so. */
let opened: usize = 0;
let folder: i32 = -1;

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

/** Lets the next request open its folder anew: the one that is open failed, and may be another's by now. */
export function forgetStore(): void {
  opened = 0;
}

/** Opens a store's folder, which is made where it is missing: 0 or a fault. */
export function openStore(row: Store): i32 {
  if (opened == changetype<usize>(row)) return 0;
  const base = firstDirectory();
  if (base < 0) return NO_FOLDER;
  const found = open(base, row);
  dropDescriptor(base);
  if (found < 0) return found;
  closeLog();
  if (folder >= 0) dropDescriptor(folder);
  folder = found;
  opened = changetype<usize>(row);
  useFolder(found);
  return 0;
}

function open(base: i32, row: Store): i32 {
  const there = openAt(base, row.folder, row.folderLength, DIRECTORY, READ | CHANGE);
  if (there >= 0) return there;
  const made = createDirectory(base, row.folder, row.folderLength);
  if (made && made != EXISTS) return made;
  return openAt(base, row.folder, row.folderLength, DIRECTORY, READ | CHANGE);
}
