/** WASI preview 1 as far as guests' toolchains need it; host/capability/http-wasm/wasi-stub.ts has the same. All else answers EBADF. */
import { allocate, mark, release } from "../memory";
import { SETTING_STRICT } from "../records.gen";
import { check, give, giveNumber, taken, wordAt } from "./guest";
import { clock, failAt, log, random, settings, tick } from "./host";

const SUCCESS: i32 = 0;
const EBADF: i32 = 8;
const EINVAL: i32 = 28;
const ESPIPE: i32 = 70;

const CHARACTER_DEVICE: u64 = 2;
const SUBSCRIPTION: u32 = 48;
const EVENT: u32 = 32;
/** What one wait may be for. */
const SUBSCRIPTIONS: u32 = 1024;
const MILLISECOND: u64 = 1000000;

/** Random bytes that the gateway gives at a time. */
const CHANCE: u32 = 65536;
const MOST_LINE: i32 = 1024;

const POINTER = "a pointer that it gave is outside of its memory";
const WRITTEN = "what it writes is outside of its memory";

/** Of standard output and error, what has no line end yet. */
const LINES: usize = memory.data(2 * MOST_LINE, 8);
const LENGTHS: usize = memory.data(8, 8);

export function argsGet(list: u32, text: u32): i32 {
  return SUCCESS;
}

/** None of them: their count and the size of their text. */
export function argsSizesGet(count: u32, size: u32): i32 {
  giveNumber(count, 0, 4);
  giveNumber(size, 0, 4);
  return SUCCESS;
}

export function schedYield(): i32 {
  tick();
  return SUCCESS;
}

export function clockResGet(id: i32, result: u32): i32 {
  giveNumber(result, MILLISECOND, 8);
  return SUCCESS;
}

/** Where time tells nothing: the second in which it was asked for first, and a millisecond more each time. */
let strictTime: f64 = 0;

export function clockTimeGet(id: i32, precision: i64, result: u32): i32 {
  tick();
  if (id != 0 && id != 1) return EINVAL;
  let time = clock();
  if (settings() & SETTING_STRICT) {
    if (strictTime == 0) strictTime = Math.floor(time / 1000) * 1000;
    time = strictTime += 1;
  }
  giveNumber(result, <u64>time * MILLISECOND, 8);
  return SUCCESS;
}

let seed: u32 = 1;

export function randomGet(at: u32, length: u32): i32 {
  if (length) check(at, length, "where it wants chance is outside of its memory");
  const before = mark();
  const bytes = allocate(min(length, CHANCE) + 8);
  for (let done: u32 = 0; done < length; done += CHANCE) {
    tick();
    const size = min(length - done, CHANCE);
    if (settings() & SETTING_STRICT) {
      for (let i: usize = 0; i < <usize>size; i++) {
        seed ^= seed << 13;
        seed ^= seed >> 17;
        seed ^= seed << 5;
        store<u8>(bytes + i, <u8>seed);
      }
    } else random(bytes, size);
    give(at + done, bytes, size);
  }
  release(before);
  return SUCCESS;
}

export function procExit(code: u32): void {
  failAt("it exited with code ", code);
}

function isStandard(fd: u32): bool {
  return fd <= 2;
}

export function fdClose(fd: u32): i32 {
  return isStandard(fd) ? SUCCESS : EBADF;
}

export function fdFdstatSetFlags(fd: u32, flags: i32): i32 {
  return isStandard(fd) ? SUCCESS : EBADF;
}

export function fdSeek(fd: u32, offset: i64, whence: i32, result: u32): i32 {
  return isStandard(fd) ? ESPIPE : EBADF;
}

export function fdFdstatGet(fd: u32, result: u32): i32 {
  if (!isStandard(fd)) return EBADF;
  check(result, 24, POINTER);
  giveNumber(result, CHARACTER_DEVICE, 8);
  giveNumber(result + 8, 0, 8);
  giveNumber(result + 16, 0, 8);
  return SUCCESS;
}

export function fdRead(fd: u32, vectors: u32, count: u32, result: u32): i32 {
  if (fd != 0) return EBADF;
  giveNumber(result, 0, 4);
  return SUCCESS;
}

export function fdWrite(fd: u32, vectors: u32, count: u32, result: u32): i32 {
  if (fd != 1 && fd != 2) return EBADF;
  if (<u64>count << 3 > 0xffffffff) check(0xffffffff, 0xffffffff, WRITTEN);
  check(vectors, count << 3, WRITTEN);
  const before = mark();
  let written: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    if ((i & 1023) == 0) tick();
    const at = wordAt(vectors + (i << 3));
    const length = wordAt(vectors + (i << 3) + 4);
    check(at, length, WRITTEN);
    addLines(fd - 1, taken(at, min(length, MOST_LINE), ""), min(length, MOST_LINE));
    written += length;
    release(before);
  }
  giveNumber(result, written, 4);
  return SUCCESS;
}

/** What is longer than a line can be is cut off. */
function addLines(stream: u32, from: usize, length: u32): void {
  const line = LINES + <usize>stream * MOST_LINE;
  const size = LENGTHS + (<usize>stream << 2);
  for (let i: usize = 0; i < <usize>length; i++) {
    const byte = load<u8>(from + i);
    if (byte == 0x0a) endLine(stream);
    else if (load<i32>(size) < MOST_LINE) {
      store<u8>(line + <usize>load<i32>(size), byte);
      store<i32>(size, load<i32>(size) + 1);
    }
  }
}

function endLine(stream: u32): void {
  const size = LENGTHS + (<usize>stream << 2);
  log(0, LINES + <usize>stream * MOST_LINE, load<i32>(size));
  store<i32>(size, 0);
}

/** Lines that were not ended end with the step. */
export function flushLines(): void {
  for (let i: u32 = 0; i < 2; i++) if (load<i32>(LENGTHS + (<usize>i << 2))) endLine(i);
}

/** Nobody sleeps: what waits for a time goes on at once, and looks at the clock again. */
export function pollOneoff(subscriptions: u32, events: u32, count: u32, result: u32): i32 {
  tick();
  if (count == 0 || count > SUBSCRIPTIONS) return EINVAL;
  const before = mark();
  const asked = taken(subscriptions, count * SUBSCRIPTION, "what it waits for is outside of its memory");
  check(events, count * EVENT, "where it wants events is outside of its memory");
  const told = allocate(count * EVENT);
  memory.fill(told, 0, count * EVENT);
  for (let i: usize = 0; i < <usize>count; i++) {
    const from = asked + i * SUBSCRIPTION;
    const to = told + i * EVENT;
    store<u64>(to, load<u64>(from));
    const type = load<u8>(from, 8);
    if (type != 0) store<u8>(to, <u8>EBADF, 8);
    store<u8>(to, type, 10);
  }
  give(events, told, count * EVENT);
  release(before);
  giveNumber(result, count, 4);
  return SUCCESS;
}
