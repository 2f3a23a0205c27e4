/**
 * WASI's streams, preview 2, for a guest that has no others than the standard ones: what it writes is logged, and of the standard
 * input there is nothing. So a handle tells no more than which of them it is.
 */
import { ERROR, INFO } from "./levels";
import { allocate } from "./memory";

export * from "./output";

// @ts-ignore: decorator
@external("cap_host", "log")
declare function hostLog(level: i32, at: usize, length: i32): void;

const STDIN = 1;
const STDOUT = 2;
const STDERR = 3;
/** Always ready: nothing here is waited for. */
const POLLABLE = 4;

const CLOSED = 1;

export function stdin_get_stdin(): i32 {
  return STDIN;
}

export function stdout_get_stdout(): i32 {
  return STDOUT;
}

export function stderr_get_stderr(): i32 {
  return STDERR;
}

export function input_stream_read(input: i32, most: u64, into: usize): void {
  store<u32>(into, 1);
  store<u32>(into, CLOSED, 4);
}

export function input_stream_blocking_read(input: i32, most: u64, into: usize): void {
  input_stream_read(input, most, into);
}

export function output_stream_write(output: i32, from: usize, length: i32, into: usize): void {
  if (length > 0) hostLog(output == STDERR ? ERROR : INFO, from, length);
  store<u32>(into, 0);
}

export function output_stream_blocking_write_and_flush(output: i32, from: usize, length: i32, into: usize): void {
  output_stream_write(output, from, length, into);
}

export function input_stream_subscribe(input: i32): i32 {
  return POLLABLE;
}

export function output_stream_subscribe(output: i32): i32 {
  return POLLABLE;
}

export function monotonic_clock_subscribe_instant(when: u64): i32 {
  return POLLABLE;
}

export function monotonic_clock_subscribe_duration(time: u64): i32 {
  return POLLABLE;
}

export function pollable_ready(pollable: i32): i32 {
  return 1;
}

export function pollable_block(pollable: i32): void {}

export function drop_resource(handle: i32): void {}

/** All of them are ready. */
export function poll_poll(list: usize, count: i32, into: usize): void {
  const indices = allocate(4, 4 * count);
  for (let i = 0; i < count; i++) store<i32>(indices + 4 * i, i);
  store<u32>(into, <u32>indices);
  store<i32>(into, count, 4);
}

export function error_to_debug_string(error: i32, into: usize): void {
  store<u32>(into, <u32>allocate(1, 0));
  store<u32>(into, 0, 4);
}

export function input_stream_skip(input: i32, most: u64, into: usize): void {
  store<u32>(into, 1);
  store<u32>(into, CLOSED, 8);
}

export function input_stream_blocking_skip(input: i32, most: u64, into: usize): void {
  input_stream_skip(input, most, into);
}

/** There is no other input than the standard one, which is empty. */
export function output_stream_splice(output: i32, input: i32, most: u64, into: usize): void {
  input_stream_skip(input, most, into);
}

export function output_stream_blocking_splice(output: i32, input: i32, most: u64, into: usize): void {
  input_stream_skip(input, most, into);
}

/** Of zeros a log says nothing. */
export function output_stream_write_zeroes(output: i32, length: u64, into: usize): void {
  store<u32>(into, 0);
}

export function output_stream_blocking_write_zeroes_and_flush(output: i32, length: u64, into: usize): void {
  store<u32>(into, 0);
}
