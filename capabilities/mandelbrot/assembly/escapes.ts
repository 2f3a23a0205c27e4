/**
 * After how many iterations each point of a square leaves the set, row by row from the top; `iterations` of one that
 * stays. Two neighbours are computed at once, each exactly as it would be alone: every machine comes to the same bytes.
 */
export function escapes(x: f64, y: f64, width: f64, size: i32, iterations: i32): Uint16Array {
  const counts = new Uint16Array(size * size);
  const step = width / <f64>size;
  // A point is the middle of its pixel.
  const left = x - width / 2 + step / 2;
  const top = y + width / 2 - step / 2;
  for (let row = 0; row < size; row++) {
    const ci = top - <f64>row * step;
    for (let column = 0; column < size; column += 2) {
      const cr = f64x2.replace_lane(f64x2.splat(left + <f64>column * step), 1, left + <f64>(column + 1) * step);
      const pair = escape(cr, f64x2.splat(ci), iterations);
      const at = row * size + column;
      counts[at] = <u16>i64x2.extract_lane(pair, 0);
      if (column + 1 < size) counts[at + 1] = <u16>i64x2.extract_lane(pair, 1);
    }
  }
  return counts;
}

/** The two counts, a lane each. */
function escape(cr: v128, ci: v128, iterations: i32): v128 {
  const four = f64x2.splat(4);
  let zr = f64x2.splat(0);
  let zi = f64x2.splat(0);
  let counts = i64x2.splat(0);
  // -1 in the lane of a point that has not left yet: what is subtracted counts it.
  let inside = i64x2.splat(-1);
  for (let i = 0; i < iterations; i++) {
    const rr = f64x2.mul(zr, zr);
    const ii = f64x2.mul(zi, zi);
    inside = v128.and(inside, f64x2.le(f64x2.add(rr, ii), four));
    if (!v128.any_true(inside)) break;
    counts = i64x2.sub(counts, inside);
    const product = f64x2.mul(zr, zi);
    zi = f64x2.add(f64x2.add(product, product), ci);
    zr = f64x2.add(f64x2.sub(rr, ii), cr);
  }
  return counts;
}
