import { allocate } from "./memory";

// @ts-ignore: decorator
@external("cap_host", "clock")
declare function hostClock(): f64;
// @ts-ignore: decorator
@external("cap_host", "random")
declare function hostRandom(at: usize, length: i32): void;

/** What of WASI, preview 2, a language's library begins with. As in preview 1: nothing that leads out. */

function emptyList(into: usize): void {
  store<u32>(into, 4);
  store<u32>(into, 0, 4);
}

export function environment_get_environment(into: usize): void {
  emptyList(into);
}

export function environment_get_arguments(into: usize): void {
  emptyList(into);
}

export function environment_initial_cwd(into: usize): void {
  store<u32>(into, 0);
}

export function exit_exit(failed: i32): void {
  unreachable();
}

export function exit_exit_with_code(code: i32): void {
  unreachable();
}

/** No folder: whatever wants one of it is never reached. */
export function preopens_get_directories(into: usize): void {
  emptyList(into);
}

function noTerminal(into: usize): void {
  store<u32>(into, 0);
}

export function terminal_stdin_get_terminal_stdin(into: usize): void {
  noTerminal(into);
}

export function terminal_stdout_get_terminal_stdout(into: usize): void {
  noTerminal(into);
}

export function terminal_stderr_get_terminal_stderr(into: usize): void {
  noTerminal(into);
}

export function wall_clock_now(into: usize): void {
  const now = <u64>hostClock();
  store<u64>(into, now / 1000);
  store<u32>(into, <u32>(now % 1000) * 1000000, 8);
}

export function monotonic_clock_now(): u64 {
  return <u64>hostClock() * 1000000;
}

export function monotonic_clock_resolution(): u64 {
  return 1000000;
}

export function wall_clock_resolution(into: usize): void {
  store<u64>(into, 0);
  store<u32>(into, 1000000, 8);
}

export function random_get_random_bytes(length: u64, into: usize): void {
  const at = allocate(1, <i32>length);
  hostRandom(at, <i32>length);
  store<u32>(into, <u32>at);
  store<u32>(into, <u32>length, 4);
}

export function insecure_get_insecure_random_bytes(length: u64, into: usize): void {
  random_get_random_bytes(length, into);
}

function chance(): u64 {
  const at = allocate(8, 8);
  hostRandom(at, 8);
  return load<u64>(at);
}

export function random_get_random_u64(): u64 {
  return chance();
}

export function insecure_get_insecure_random_u64(): u64 {
  return chance();
}

export function insecure_seed_insecure_seed(into: usize): void {
  store<u64>(into, chance());
  store<u64>(into, chance(), 8);
}
