/**
 * The allocator of a guest whose own gives out, and never grows: Python's keeps to what the component model asks of it. Beneath it
 * is a C library of its own, which grows what that gave out.
 */
// @ts-ignore: decorator
@external("guest", "allocator")
declare function given(old: usize, oldSize: i32, align: i32, size: i32): usize;
// @ts-ignore: decorator
@external("guest", "library")
declare function grown(old: usize, size: i32): usize;

export function realloc(old: usize, oldSize: i32, align: i32, size: i32): usize {
  return old == 0 ? given(0, 0, align, size) : grown(old, size);
}
