/**
 * Where the bytes of one request go, one after the other. Hosts put there what they hand in; in the gateway's file this is a
 * module of its own with the memory, which is there before what calls the host is.
 */

/** Where the arena goes on: of all that is kept, what both modules have to know. */
const FREE: usize = 8;

/** Where the arena's next bytes go: what {@link release} takes; 0 where it has not begun. */
// @ts-ignore: decorator
@inline
export function mark(): usize {
  return load<usize>(FREE);
}

/** Gives back what was allocated since that mark: it is there until something else is. */
// @ts-ignore: decorator
@inline
export function release(to: usize): void {
  store<usize>(FREE, to);
}

/** Bytes, aligned for vectors, with room behind them for a vector load that runs over. */
// @ts-ignore: decorator
@inline
export function take(size: usize): usize {
  const at = mark();
  const free = (at + size + 31) & ~15;
  release(free);
  const pages = <i32>((free + 0xffff) >> 16) - memory.size();
  if (pages > 0 && memory.grow(pages) < 0) unreachable();
  return at;
}

/** The canonical ABI's allocator: hosts put strings and lists there. A list that grows moves. */
export function cabiRealloc(old: usize, oldSize: usize, align: usize, size: usize): usize {
  const at = take(size);
  if (old) memory.copy(at, old, min(oldSize, size));
  return at;
}
