/** wasi:filesystem: the folders that the host opened for us, and the files in them. */
import { ANSWER, mark, release } from "../memory";
import { tag, word } from "./answers";

// @ts-ignore: decorator
@external("wasi:filesystem/preopens@0.2.12", "get-directories")
declare function rawDirectories(answer: usize): void;
// @ts-ignore: decorator
@external("wasi:filesystem/types@0.2.12", "[method]descriptor.open-at")
declare function rawOpenAt(
  folder: i32,
  follow: i32,
  path: usize,
  length: i32,
  how: i32,
  access: i32,
  answer: usize,
): void;
// @ts-ignore: decorator
@external("wasi:filesystem/types@0.2.12", "[method]descriptor.read")
declare function rawRead(file: i32, length: u64, offset: u64, answer: usize): void;
// @ts-ignore: decorator
@external("wasi:filesystem/types@0.2.12", "[method]descriptor.write")
declare function rawWrite(file: i32, bytes: usize, length: i32, offset: u64, answer: usize): void;
// @ts-ignore: decorator
@external("wasi:filesystem/types@0.2.12", "[method]descriptor.append-via-stream")
declare function rawAppend(file: i32, answer: usize): void;
// @ts-ignore: decorator
@external("wasi:filesystem/types@0.2.12", "[method]descriptor.sync-data")
declare function rawSyncData(file: i32, answer: usize): void;
// @ts-ignore: decorator
@external("wasi:filesystem/types@0.2.12", "[method]descriptor.stat")
declare function rawStat(file: i32, answer: usize): void;
// @ts-ignore: decorator
@external("wasi:filesystem/types@0.2.12", "[method]descriptor.create-directory-at")
declare function rawCreateDirectory(folder: i32, path: usize, length: i32, answer: usize): void;
// @ts-ignore: decorator
@external("wasi:filesystem/types@0.2.12", "[method]descriptor.link-at")
declare function rawLink(
  folder: i32,
  follow: i32,
  old: usize,
  oldLength: i32,
  to: i32,
  path: usize,
  length: i32,
  answer: usize,
): void;
// @ts-ignore: decorator
@external("wasi:filesystem/types@0.2.12", "[method]descriptor.rename-at")
declare function rawRename(
  folder: i32,
  old: usize,
  oldLength: i32,
  to: i32,
  path: usize,
  length: i32,
  answer: usize,
): void;
// @ts-ignore: decorator
@external("wasi:filesystem/types@0.2.12", "[method]descriptor.unlink-file-at")
declare function rawUnlink(folder: i32, path: usize, length: i32, answer: usize): void;
// @ts-ignore: decorator
@external("wasi:filesystem/types@0.2.12", "[method]descriptor.read-directory")
declare function rawReadDirectory(folder: i32, answer: usize): void;
// @ts-ignore: decorator
@external("wasi:filesystem/types@0.2.12", "[method]directory-entry-stream.read-directory-entry")
declare function rawReadEntry(entries: i32, answer: usize): void;
// @ts-ignore: decorator
@external("wasi:filesystem/types@0.2.12", "[resource-drop]descriptor")
export declare function dropDescriptor(file: i32): void;
// @ts-ignore: decorator
@external("wasi:filesystem/types@0.2.12", "[resource-drop]directory-entry-stream")
export declare function dropEntries(entries: i32): void;

/** How a path is opened. */
export const CREATE: i32 = 1;
export const DIRECTORY: i32 = 2;
export const EXCLUSIVE: i32 = 4;

/** What a descriptor may be used for. */
export const READ: i32 = 1;
export const WRITE: i32 = 2;
export const CHANGE: i32 = 32;

/** Faults, as the interface's `error-code` numbers them: below zero, so that they fit beside a handle or a length. */
export const EXISTS: i32 = -8;
export const NO_ENTRY: i32 = -21;

/** 0, or the fault of an answer whose payload is at `at`. */
function status(at: usize): i32 {
  return tag() ? -1 - <i32>load<u8>(ANSWER + at) : 0;
}

/** The first folder that the host opened for us, or -1. It is the caller's. */
export function firstDirectory(): i32 {
  const before = mark();
  rawDirectories(ANSWER);
  const list = <usize>word(0);
  const count = word(4);
  let first = -1;
  for (let i = 0; i < count; i++) {
    const descriptor = load<i32>(list + <usize>i * 12);
    if (i == 0) first = descriptor;
    else dropDescriptor(descriptor);
  }
  release(before);
  return first;
}

/** A descriptor that is the caller's, or a fault. Links are not followed out of what is asked for. */
export function openAt(folder: i32, path: usize, length: i32, how: i32, access: i32): i32 {
  rawOpenAt(folder, 0, path, length, how, access, ANSWER);
  const fault = status(4);
  return fault ? fault : word(4);
}

/** Copies what is there at `offset` to `target`, at most `length` bytes: how many, 0 at the end, or a fault. */
export function readAt(file: i32, target: usize, length: i32, offset: u64): i32 {
  const before = mark();
  rawRead(file, <u64>length, offset, ANSWER);
  release(before);
  const fault = status(4);
  if (fault) return fault;
  const read = word(8);
  memory.copy(target, <usize>word(4), read);
  return read;
}

/** Writes all bytes at `offset`: 0 or a fault. */
export function writeAt(file: i32, bytes: usize, length: i32, offset: u64): i32 {
  while (length > 0) {
    rawWrite(file, bytes, length, offset, ANSWER);
    const fault = status(8);
    if (fault) return fault;
    const written = <i32>load<u64>(ANSWER, 8);
    bytes += written;
    length -= written;
    offset += written;
  }
  return 0;
}

/** A stream whose every write goes to the end that the file has then, or a fault. */
export function appendTo(file: i32): i32 {
  rawAppend(file, ANSWER);
  const fault = status(4);
  return fault ? fault : word(4);
}

/** Returns once what was written to the file, by whomever, would survive a loss of power: 0 or a fault. */
export function syncData(file: i32): i32 {
  rawSyncData(file, ANSWER);
  return status(1);
}

/** What a host tells of a file: longer than other answers. */
const STAT: usize = memory.data(112, 8);

/** True while the file has a name; one that was removed can be written to as long as somebody has it open. */
export function hasName(file: i32): bool {
  rawStat(file, STAT);
  return load<u8>(STAT) == 0 && load<u64>(STAT, 16) != 0;
}

export function createDirectory(folder: i32, path: usize, length: i32): i32 {
  rawCreateDirectory(folder, path, length, ANSWER);
  return status(1);
}

/** One more name of a file; EXISTS where the name is taken. */
export function link(folder: i32, old: usize, oldLength: i32, path: usize, length: i32): i32 {
  rawLink(folder, 0, old, oldLength, folder, path, length, ANSWER);
  return status(1);
}

/** Gives a file another name, in place of whatever has it. */
export function rename(folder: i32, old: usize, oldLength: i32, path: usize, length: i32): i32 {
  rawRename(folder, old, oldLength, folder, path, length, ANSWER);
  return status(1);
}

export function unlink(folder: i32, path: usize, length: i32): i32 {
  rawUnlink(folder, path, length, ANSWER);
  return status(1);
}

/** The names in a folder, to be read one by one; they are the caller's. */
export function readDirectory(folder: i32): i32 {
  rawReadDirectory(folder, ANSWER);
  const fault = status(4);
  return fault ? fault : word(4);
}

/** Reads the next name into the arena: its length, 0 after the last, or a fault. It begins at {@link entryName}. */
export function nextEntry(entries: i32): i32 {
  rawReadEntry(entries, ANSWER);
  const fault = status(4);
  if (fault) return fault;
  return tag(4) ? word(16) : 0;
}

// @ts-ignore: decorator
@inline
export function entryName(): usize {
  return <usize>word(12);
}
