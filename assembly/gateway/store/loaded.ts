/** Where the log's bytes lie: beyond every request's arena, and only as far as they are there. */
export const LOADED: usize = 0x4000000;

/** Makes the memory reach as far. False where the host refuses. */
export function reach(end: usize): bool {
  const pages = <i32>((end + 0xffff) >> 16) - memory.size();
  return pages <= 0 || memory.grow(pages) >= 0;
}
