const SLASH: u8 = 0x2f;
const STAR: u8 = 0x2a;

/** An upper-case letter of ASCII as its lower case. What is beyond ASCII the caller has lowered. */
// @ts-ignore: decorator
@inline
export function lower(byte: u8): u8 {
  return <u32>byte - 0x41 < 26 ? byte | 0x20 : byte;
}

/** Where the segment that begins at `at` ends. */
export function segmentEnd(at: usize, end: usize): usize {
  while (at < end && load<u8>(at) != SLASH) at++;
  return at;
}

/** True when the segment is this text; `*` in it stands for any characters, also for none. */
export function globs(pattern: usize, patternEnd: usize, at: usize, end: usize): bool {
  let star: usize = 0;
  let retry: usize = 0;
  while (at < end) {
    if (pattern < patternEnd && load<u8>(pattern) == STAR) {
      star = ++pattern;
      retry = at;
    } else if (pattern < patternEnd && load<u8>(pattern) == lower(load<u8>(at))) {
      pattern++;
      at++;
    } else if (star) {
      pattern = star;
      at = ++retry;
    } else return false;
  }
  while (pattern < patternEnd && load<u8>(pattern) == STAR) pattern++;
  return pattern == patternEnd;
}

// @ts-ignore: decorator
@inline
function isOne(pattern: usize, stop: usize): bool {
  return stop - pattern == 1 && load<u8>(pattern) == STAR;
}

// @ts-ignore: decorator
@inline
function isMany(pattern: usize, stop: usize): bool {
  return stop - pattern == 2 && load<u8>(pattern) == STAR && load<u8>(pattern, 1) == STAR;
}

/**
 * True when a pattern covers a path; neither begins with a slash. A segment `*` is one segment, `**` any number of
 * them, also none. What lies below a path that is covered is covered, unless the pattern ends with `*`, which may
 * stand for nothing at its end. Takes time in proportion to the lengths' product at most.
 */
export function covers(pattern: usize, patternEnd: usize, path: usize, pathEnd: usize): bool {
  if (pattern == patternEnd) return path == pathEnd;
  /** What follows the last `**`, and where it was looked for. */
  let many: usize = 0;
  let retry: usize = 0;
  let at = path;
  let next = pattern;
  while (true) {
    const stop = segmentEnd(next, patternEnd);
    const last = stop == patternEnd;
    if (isMany(next, stop)) {
      if (last) return true;
      many = next = stop + 1;
      retry = at;
      continue;
    }
    if (at >= pathEnd) return last && isOne(next, stop);
    const end = segmentEnd(at, pathEnd);
    if (globs(next, stop, at, end) && (!last || end == pathEnd || !isOne(next, stop))) {
      if (last) return true;
      next = stop + 1;
      at = end + 1;
      continue;
    }
    if (!many) return false;
    next = many;
    retry = at = segmentEnd(retry, pathEnd) + 1;
  }
}
