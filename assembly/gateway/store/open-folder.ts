import { CHANGE, createDirectory, DIRECTORY, dropDescriptor, EXISTS, firstDirectory, openAt, READ } from "../wasi/filesystem";
import { closeLog, useFolder } from "./store";

/** What {@link openFolder} answers besides the host's faults: no folder was opened for the gateway. */
export const NO_FOLDER: i32 = -110;

/** `.gateway`: what is the gateway's own stands there, beside its stores, none of which can have the name. */
const OWN_FOLDER: usize = memory.data<u8>([0x2e, 0x67, 0x61, 0x74, 0x65, 0x77, 0x61, 0x79]);

/** Where the name of the folder that is open stands; a reused instance finds it so. */
let opened: usize = 0;
let folder: i32 = -1;

/** Lets the next request open its folder anew: the one that is open failed, and may be another's by now. */
export function forgetFolder(): void {
  opened = 0;
}

export function openOwnFolder(): i32 {
  return openFolder(OWN_FOLDER, 8);
}

/** Opens a store's folder of this name, which stands at one place always; it is made where it is missing. 0 or a fault. */
export function openFolder(name: usize, length: i32): i32 {
  if (opened == name) return 0;
  const base = firstDirectory();
  if (base < 0) return NO_FOLDER;
  const found = open(base, name, length);
  dropDescriptor(base);
  if (found < 0) return found;
  closeLog();
  if (folder >= 0) dropDescriptor(folder);
  folder = found;
  opened = name;
  useFolder(found);
  return 0;
}

function open(base: i32, name: usize, length: i32): i32 {
  const there = openAt(base, name, length, DIRECTORY, READ | CHANGE);
  if (there >= 0) return there;
  const made = createDirectory(base, name, length);
  if (made && made != EXISTS) return made;
  return openAt(base, name, length, DIRECTORY, READ | CHANGE);
}
