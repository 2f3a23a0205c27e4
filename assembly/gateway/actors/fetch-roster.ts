/** Where a table of who hosts actors comes from: the configuration, a file in the folder, or somebody who is asked. */
import { allocate } from "../memory";
import { NONE } from "../records.gen";
import { head } from "../table";
import { exchange, FAILURE_STATUS, FAILURE_TOO_LARGE } from "../transport/exchange";
import { failureText } from "../transport/failures";
import { HAS_FOLDER } from "../variant";
import { now } from "../wasi/clocks";
import { dropDescriptor, firstDirectory, openAt, READ, readAt } from "../wasi/filesystem";
import { addBytes, beginText, textLength, textStart } from "../growing-text";
import { ask } from "./ask";
import { readRoster, rosterFault } from "./read-roster";
import { roster } from "./roster";

const MILLISECOND: u64 = 1000000;

/** Bytes of a table. */
const MOST_BYTES: i32 = 1 << 20;
const PIECE: i32 = 65536;

/** How long is waited for a table: where there is none, and where there is an old one. */
const PATIENCE: u64 = 5000 * MILLISECOND;
const SOME_PATIENCE: u64 = 1000 * MILLISECOND;
/** How long what failed is left alone: where there is no table, and where there is an old one. */
const PAUSE: u64 = 1000 * MILLISECOND;
const LONG_PAUSE: u64 = 10000 * MILLISECOND;
/** What was read just now is news enough for a call that failed meanwhile. */
const NEWS: u64 = 100 * MILLISECOND;

let fault: string = "";
/** Nanoseconds on the clock from which a table may be asked for because of its age. */
let dueAt: u64 = 0;

/** Why there is no table. */
export function fetchFault(): string {
  return fault;
}

/** True where owners can be looked up: a table that is too old, or none yet, is fetched, and an old one better than none. */
export function hasRoster(): bool {
  const time = now();
  if (time >= dueAt && (roster() == null || canRefresh())) refresh(time);
  return roster() != null;
}

/** True where a table can change while the gateway runs. */
export function canRefresh(): bool {
  const actors = head().actor(0);
  return actors.source != NONE || actors.fileLength != 0;
}

/**
 * Fetches a table because a call found the one in use to be old, unless that is younger than told: an actor of a type that
 * nobody hosts is anybody's to call.
 */
export function refreshRoster(unknownType: bool): bool {
  const used = roster();
  const time = now();
  const least = unknownType ? PAUSE : NEWS;
  if (!canRefresh() || (used != null && time - used.readAt < least)) return false;
  if (unknownType && fault.length && time < dueAt) return false;
  refresh(time);
  return true;
}

function refresh(time: u64): void {
  const actors = head().actor(0);
  fault = "";
  if (actors.source != NONE) askFor(time);
  else if (HAS_FOLDER && actors.fileLength) readFile(time);
  else use(actors.baked, actors.bakedLength, time);
  if (!fault.length) dueAt = time + <u64>actors.maxAge * MILLISECOND;
  else dueAt = now() + (roster() == null ? PAUSE : LONG_PAUSE);
}

function use(bytes: usize, length: i32, time: u64): void {
  if (!readRoster(bytes, length, time)) fault = rosterFault();
}

function askFor(time: u64): void {
  const places = head().remote(head().actor(0).source);
  const timeout = <u64>head().timeout * MILLISECOND;
  const patience = roster() == null ? PATIENCE : SOME_PATIENCE;
  const until = time + (timeout ? min(timeout, patience) : patience);
  for (let i: u32 = 0; i < places.upstreamsCount; i++) {
    if (ask(places.upstream(i), "/placement/state", MOST_BYTES, until)) return use(textStart(), textLength(), time);
  }
  const failure = exchange().failure;
  if (failure == FAILURE_STATUS) fault = "who was asked for it does not tell it";
  else fault = failure == FAILURE_TOO_LARGE ? "it is larger than 1 MiB" : failureText(failure);
}

function readFile(time: u64): void {
  const actors = head().actor(0);
  const folder = firstDirectory();
  const file = folder < 0 ? -1 : openAt(folder, actors.file, actors.fileLength, 0, READ);
  if (folder >= 0) dropDescriptor(folder);
  if (file < 0) {
    fault = "its file cannot be opened; check --dir and the name";
    return;
  }
  const piece = allocate(PIECE);
  beginText();
  let some = 0;
  do {
    some = readAt(file, piece, PIECE, textLength());
    if (some > 0) addBytes(piece, some);
  } while (some > 0 && textLength() <= MOST_BYTES);
  dropDescriptor(file);
  if (some < 0) fault = "its file cannot be read";
  else if (textLength() > MOST_BYTES) fault = "it is larger than 1 MiB";
  else use(textStart(), textLength(), time);
}
