/** Where a table of who hosts actors comes from: the configuration, a file in the folder, or somebody who is asked. */
import { allocate } from "../memory";
import { NONE } from "../records.gen";
import { head } from "../table";
import { exchange, FAILURE_STATUS, FAILURE_TOO_LARGE } from "../transport/exchange";
import { failureText } from "../transport/failures";
import { HAS_FOLDER } from "../variant";
import { now } from "../wasi/clocks";
import { dropDescriptor, firstDirectory, openAt, READ, readAt } from "../wasi/filesystem";
import { ask, document } from "./ask";
import { readRoster, rosterFault } from "./read-roster";
import { roster } from "./roster";

const MILLISECOND: u64 = 1000000;

/** Bytes of a table. */
const MOST_BYTES: i32 = 1 << 20;
const PIECE: i32 = 65536;

/** Nobody waits longer for a table. */
const PATIENCE: u64 = 5000 * MILLISECOND;
/** What failed is not asked again at once: a call of an actor that nobody hosts is anybody's to make. */
const PAUSE: u64 = 1000 * MILLISECOND;
/** What was read just now is news enough for a call that failed meanwhile. */
const NEWS: u64 = 100 * MILLISECOND;

let fault: string = "";
let triedAt: u64 = 0;

/** Why there is no table. */
export function fetchFault(): string {
  return fault;
}

/** True where owners can be looked up: a table that is too old, or none yet, is fetched, and an old one better than none. */
export function hasRoster(): bool {
  const used = roster();
  const time = now();
  if (used != null && (!canRefresh() || time - used.readAt < <u64>head().actor(0).maxAge * MILLISECOND)) return true;
  if (!triedAt || time - triedAt >= PAUSE) refresh(time);
  return roster() != null;
}

/** True where a table can change while the gateway runs. */
export function canRefresh(): bool {
  const actors = head().actor(0);
  return actors.source != NONE || actors.fileLength != 0;
}

/** Fetches a table because a call found the one in use to be old. */
export function refreshRoster(): void {
  const used = roster();
  const time = now();
  if (canRefresh() && (used == null || time - used.readAt >= NEWS)) refresh(time);
}

/** The same because it does not know a type. False where it is too soon for that. */
export function refreshForType(): bool {
  const used = roster();
  const time = now();
  if (!canRefresh() || (used != null && time - used.readAt < PAUSE) || time - triedAt < PAUSE) return false;
  refresh(time);
  return true;
}

function refresh(time: u64): void {
  triedAt = time;
  const actors = head().actor(0);
  if (actors.source != NONE) askFor(time);
  else if (HAS_FOLDER && actors.fileLength) readFile(time);
  else use(actors.baked, actors.bakedLength, time);
}

function use(bytes: usize, length: i32, time: u64): void {
  if (!readRoster(bytes, length, time)) fault = rosterFault();
}

function askFor(time: u64): void {
  const places = head().remote(head().actor(0).source);
  const timeout = <u64>head().timeout * MILLISECOND;
  const until = time + (timeout ? min(timeout, PATIENCE) : PATIENCE);
  for (let i: u32 = 0; i < places.upstreamsCount; i++) {
    const length = ask(places.upstream(i), "/placement/state", MOST_BYTES, until);
    if (length >= 0) return use(document(), length, time);
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
  const bytes = allocate(MOST_BYTES + PIECE);
  let length = 0;
  let some = 0;
  do {
    some = readAt(file, bytes + <usize>length, PIECE, length);
    if (some > 0) length += some;
  } while (some > 0 && length <= MOST_BYTES);
  dropDescriptor(file);
  if (some < 0) fault = "its file cannot be read";
  else if (length > MOST_BYTES) fault = "it is larger than 1 MiB";
  else use(bytes, length, time);
}
