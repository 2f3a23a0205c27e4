import { allocate, mark, release } from "../memory";
import {
  appendTo,
  CREATE,
  dropDescriptor,
  dropEntries,
  entryName,
  EXCLUSIVE,
  EXISTS,
  link,
  NO_ENTRY,
  nextEntry,
  openAt,
  READ,
  readDirectory,
  rename,
  syncData,
  unlink,
  WRITE,
  writeAt,
} from "../wasi/filesystem";
import { random } from "../wasi/random";
import { dropOutputStream } from "../wasi/streams";
import { forgetSeal } from "./apply";
import { NOT_A_LOG } from "./faults";
import { BIRTH, Birth, birth, catchUp, ENDED, following, forgetLog } from "./log";
import { epochOf, LOG, LOG_LENGTH, logName, NAME, newName, OTHER_NAME } from "./names";
import { closeRuns } from "./runs";
import { xxhash64 } from "../../hash/xxhash64";

/**
 * The store that is open: its folder, its newest log as far as it is read, and that log's runs. A reused instance keeps
 * it; what others wrote meanwhile is read before anything is answered.
 */
let folder: i32 = -1;
let file: i32 = -1;
let appender: i32 = -1;

/** Logs that end one after the other while one request looks for the newest; more means that the folder is damaged. */
const MOST_LOGS: i32 = 64;
const ATTEMPTS: i32 = 8;

// @ts-ignore: decorator
@inline
export function storeFolder(): i32 {
  return folder;
}

// @ts-ignore: decorator
@inline
export function logFile(): i32 {
  return file;
}

/** Opens a store in a folder, which is the store's from now on. */
export function useFolder(descriptor: i32): void {
  closeLog();
  folder = descriptor;
}

/** Forgets all that was read of the store, as after a fault. */
export function closeLog(): void {
  closeRuns();
  if (appender >= 0) dropOutputStream(appender);
  appender = -1;
  if (file >= 0) dropDescriptor(file);
  file = -1;
  forgetLog();
  forgetSeal();
}

/** The stream that appends to the log, or a fault. */
export function logAppender(): i32 {
  if (appender < 0) appender = appendTo(file);
  return appender;
}

/** True where a log was left before all of it was read, so that nobody here knows what became of its last records. */
let leapt: bool = false;

/** Whether that happened since the last call. */
export function hasLeapt(): bool {
  const did = leapt;
  leapt = false;
  return did;
}

/** Reads the newest log to its end: 0 or a fault, after which nothing of the store is known. */
export function refresh(): i32 {
  let fault = 0;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    fault = follow();
    if (!fault) return 0;
    closeLog();
    // Others fold at the same time: what was found is gone, and there is something newer.
    if (fault != NO_ENTRY) break;
    leapt = true;
  }
  return fault;
}

function follow(): i32 {
  if (file < 0) {
    const opened = openHint();
    if (opened < 0) return opened;
    file = opened;
  }
  for (let logs = 0; logs < MOST_LOGS; logs++) {
    const status = catchUp(folder, file);
    if (status != ENDED) return status;
    const opened = openFollowing();
    if (opened < 0) return opened;
    closeLog();
    file = opened;
    pointTo();
  }
  return NOT_A_LOG;
}

/** Opens the log that `log` is a link to, and begins the first one where there is none. */
function openHint(): i32 {
  const opened = openAt(folder, LOG, LOG_LENGTH, 0, READ | WRITE);
  if (opened != NO_ENTRY) return opened;
  const fault = create();
  return fault ? fault : openAt(folder, LOG, LOG_LENGTH, 0, READ | WRITE);
}

/** Of several who begin at once one gives the first log its name, and all use that one. */
function create(): i32 {
  const name = random();
  const head = allocate(offsetof<Birth>());
  makeBirth(changetype<Birth>(head), 0, 0, 0);
  const made = openAt(folder, NAME, newName(name), CREATE | EXCLUSIVE, WRITE);
  if (made < 0) return made;
  let fault = writeAt(made, head, offsetof<Birth>(), 0);
  if (!fault) fault = syncData(made);
  dropDescriptor(made);
  if (fault) return fault;
  fault = link(folder, NAME, newName(name), OTHER_NAME, logName(0, OTHER_NAME));
  if (fault && fault != EXISTS) return fault;
  unlink(folder, NAME, newName(name));
  fault = link(folder, NAME, logName(0), LOG, LOG_LENGTH);
  // Another has done it, and may have folded and removed that log since.
  return fault == EXISTS || fault == NO_ENTRY ? 0 : fault;
}

/** Begins a log's first record. Whoever adds to it calls {@link checkBirth} then. */
export function makeBirth(head: Birth, epoch: u32, runs: i32, obsolete: i32): void {
  head.magic = BIRTH;
  head.size = offsetof<Birth>() + runs * 32 + obsolete * 8;
  head.secret = random();
  head.epoch = epoch;
  head.runs = runs;
  head.obsolete = obsolete;
  head.unused = 0;
  checkBirth(head);
}

export function checkBirth(head: Birth): void {
  head.check = xxhash64(changetype<usize>(head) + 16, <i32>head.size - 16);
}

/**
 * Opens the log that the sealed one names. Its maker may have been killed before it gave it its name, so anybody does.
 */
function openFollowing(): i32 {
  const epoch = birth().epoch + 1;
  let opened = openAt(folder, NAME, logName(epoch), 0, READ | WRITE);
  if (opened != NO_ENTRY) return opened;
  const fault = rename(folder, NAME, newName(following()), OTHER_NAME, logName(epoch, OTHER_NAME));
  if (fault && fault != NO_ENTRY) return fault;
  opened = openAt(folder, NAME, logName(epoch), 0, READ | WRITE);
  return opened == NO_ENTRY ? openNewest() : opened;
}

/** The log with the highest epoch. `log` led to one so old that what follows it is gone: its writer stood still for long. */
function openNewest(): i32 {
  const before = mark();
  const list = readDirectory(folder);
  if (list < 0) return list;
  let newest: i64 = -1;
  let length = 0;
  while ((length = nextEntry(list)) > 0) newest = max(newest, epochOf(entryName(), length));
  dropEntries(list);
  release(before);
  if (length < 0) return length;
  // One that is no newer would lead here again.
  if (newest <= <i64>birth().epoch) return NOT_A_LOG;
  return openAt(folder, NAME, logName(<u32>newest), 0, READ | WRITE);
}

/** Makes `log` a link to the log that is open, so that the next who opens the store begins here. */
function pointTo(): void {
  if (catchUp(folder, file) < 0) return;
  const passing = newName(random(), OTHER_NAME);
  if (link(folder, NAME, logName(birth().epoch), OTHER_NAME, passing)) return;
  rename(folder, OTHER_NAME, passing, LOG, LOG_LENGTH);
  // Where both are the same file already, renaming one to the other leaves both.
  unlink(folder, OTHER_NAME, passing);
}
