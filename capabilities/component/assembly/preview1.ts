/**
 * What a language's own library wants of WASI, preview 1, before a line of its program runs: no arguments, no environment, no files;
 * what it writes to its standard streams is logged. All else that a library may import is answered that there is no such file, by what
 * the build puts in its place.
 */
import { ERROR, INFO } from "./levels";

// @ts-ignore: decorator
@external("cap_host", "log")
declare function hostLog(level: i32, at: usize, length: i32): void;
// @ts-ignore: decorator
@external("cap_host", "clock")
declare function hostClock(): f64;
// @ts-ignore: decorator
@external("cap_host", "random")
declare function hostRandom(at: usize, length: i32): void;

const BADF = 8;
const INVAL = 28;
const SPIPE = 70;

const CHARACTER_DEVICE = 2;

const SUBSCRIPTION = 48;
const EVENT = 32;
const CLOCK = 0;

function none(count: usize, size: usize): i32 {
  store<u32>(count, 0);
  store<u32>(size, 0);
  return 0;
}

export function args_sizes_get(count: usize, size: usize): i32 {
  return none(count, size);
}

export function environ_sizes_get(count: usize, size: usize): i32 {
  return none(count, size);
}

export function args_get(list: usize, texts: usize): i32 {
  return 0;
}

export function environ_get(list: usize, texts: usize): i32 {
  return 0;
}

/** In nanoseconds, as coarse as the host's. */
export function clock_time_get(which: i32, precision: u64, into: usize): i32 {
  store<u64>(into, <u64>hostClock() * 1000000);
  return 0;
}

export function clock_res_get(which: i32, into: usize): i32 {
  store<u64>(into, 1000000);
  return 0;
}

export function random_get(at: usize, length: i32): i32 {
  hostRandom(at, length);
  return 0;
}

export function fd_write(file: i32, parts: usize, count: i32, into: usize): i32 {
  if (file != 1 && file != 2) return BADF;
  let length = 0;
  for (let i = 0; i < count; i++) {
    const part = parts + 8 * i;
    if (load<i32>(part, 4) > 0) hostLog(file == 1 ? INFO : ERROR, load<u32>(part), load<i32>(part, 4));
    length += load<i32>(part, 4);
  }
  store<u32>(into, length);
  return 0;
}

export function fd_read(file: i32, parts: usize, count: i32, into: usize): i32 {
  store<u32>(into, 0);
  return file == 0 ? 0 : BADF;
}

export function fd_fdstat_get(file: i32, into: usize): i32 {
  if (file < 0 || file > 2) return BADF;
  memory.fill(into, 0, 24);
  store<u8>(into, CHARACTER_DEVICE);
  return 0;
}

export function fd_fdstat_set_flags(file: i32, flags: i32): i32 {
  return file <= 2 ? 0 : BADF;
}

export function fd_close(file: i32): i32 {
  return file <= 2 ? 0 : BADF;
}

export function fd_seek(file: i32, offset: i64, whence: i32, into: usize): i32 {
  return file <= 2 ? SPIPE : BADF;
}

/** Nobody sleeps: what waits for a time goes on at once, and looks at the clock again. */
export function poll_oneoff(asked: usize, events: usize, count: i32, into: usize): i32 {
  if (count == 0) return INVAL;
  for (let i = 0; i < count; i++) {
    const from = asked + SUBSCRIPTION * i;
    const event = events + EVENT * i;
    const type = load<u8>(from, 8);
    memory.fill(event, 0, EVENT);
    store<u64>(event, load<u64>(from));
    if (type != CLOCK) store<u16>(event, BADF, 8);
    store<u8>(event, type, 10);
  }
  store<i32>(into, count);
  return 0;
}

export function sched_yield(): i32 {
  return 0;
}

export function proc_exit(code: i32): void {
  unreachable();
}

/** Of what toolchains put between preview 1 and 2: there is nothing of it to begin anew. */
export function reset_adapter_state(): void {}
