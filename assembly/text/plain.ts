const QUOTE: u8 = 0x22;
const BACKSLASH: u8 = 0x5c;

/**
 * The first byte at or after `at` that a JSON string does not carry as it is: a quote, a backslash, a control, or
 * anything beyond ASCII; or `end`. Reads up to 15 bytes past `end`, which the inbox leaves room for.
 */
export function skipPlain(at: usize, end: usize): usize {
  return ASC_FEATURE_SIMD ? skipBlocks(at, end) : skipBytes(at, end);
}

/** For interpreters that have no vectors. */
// @ts-ignore: decorator
@inline
function skipBytes(at: usize, end: usize): usize {
  while (at < end) {
    const byte = load<u8>(at);
    if (byte < 0x20 || byte >= 0x80 || byte == QUOTE || byte == BACKSLASH) break;
    at++;
  }
  return at;
}

// @ts-ignore: decorator
@inline
function skipBlocks(at: usize, end: usize): usize {
  const quote = i8x16.splat(QUOTE);
  const backslash = i8x16.splat(BACKSLASH);
  const space = i8x16.splat(0x20);
  while (at < end) {
    const block = v128.load(at);
    const special = v128.or(v128.or(i8x16.eq(block, quote), i8x16.eq(block, backslash)), i8x16.lt_u(block, space));
    // A byte beyond ASCII has the bit that the mask reads.
    const mask = i8x16.bitmask(v128.or(block, special));
    if (mask != 0) {
      const found = at + <usize>ctz(mask);
      return found < end ? found : end;
    }
    at += 16;
  }
  return end;
}
