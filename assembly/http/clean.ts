const SLASH: u8 = 0x2f;
const DOT: u8 = 0x2e;

/**
 * Writes the rooted normal form of a path: one slash before each segment, no empty or dot segment, nothing above
 * the root, no slash at the end. Answers its length; the root itself is empty. The target takes at
 * most `length + 1` bytes, and may overlap a source that begins at least one byte after it.
 */
export function clean(source: usize, length: i32, target: usize): i32 {
  const end = source + length;
  let read = source;
  let write = target;
  while (read < end) {
    if (load<u8>(read) == SLASH) {
      read++;
      continue;
    }
    const start = read;
    while (read < end && load<u8>(read) != SLASH) read++;
    const size = read - start;
    if (size == 1 && load<u8>(start) == DOT) continue;
    if (size == 2 && load<u8>(start) == DOT && load<u8>(start, 1) == DOT) {
      while (write > target && load<u8>(--write) != SLASH) {}
      continue;
    }
    store<u8>(write++, SLASH);
    memory.copy(write, start, size);
    write += size;
  }
  return <i32>(write - target);
}
