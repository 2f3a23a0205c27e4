/** What holds of every output stream of a component: whatever is written to one is taken at once. */

/** As much as may be written at once: all of it is kept in memory, or logged, anyway. */
const ROOM: u64 = 1 << 20;

export function output_stream_check_write(output: i32, into: usize): void {
  store<u32>(into, 0);
  store<u64>(into, ROOM, 8);
}

export function output_stream_flush(output: i32, into: usize): void {
  store<u32>(into, 0);
}

export function output_stream_blocking_flush(output: i32, into: usize): void {
  store<u32>(into, 0);
}
