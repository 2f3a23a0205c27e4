const MINUS: u8 = 0x2d;
const POINT: u8 = 0x2e;
/** Digits that a number is made of exactly; what follows only scales it. */
const EXACT: i32 = 18;

/** The number that a text is as JSON writes it, but for zeros before it; NaN: none. */
export function numberOf(at: usize, end: usize): f64 {
  const negative = at < end && load<u8>(at) == MINUS;
  if (negative) at++;
  let digits: u64 = 0;
  let scale = 0;
  let exact = 0;
  const first = at;
  for (; isDigit(at, end); at++) {
    if (exact < EXACT) {
      digits = digits * 10 + (load<u8>(at) - 0x30);
      if (digits) exact++;
    } else scale++;
  }
  if (at == first) return NaN;
  if (at < end && load<u8>(at) == POINT) {
    const point = ++at;
    for (; isDigit(at, end); at++) {
      if (exact >= EXACT) continue;
      digits = digits * 10 + (load<u8>(at) - 0x30);
      if (digits) exact++;
      scale--;
    }
    if (at == point) return NaN;
  }
  if (at < end && (load<u8>(at) | 0x20) == 0x65) {
    at++;
    const down = at < end && load<u8>(at) == MINUS;
    if (at < end && (down || load<u8>(at) == 0x2b)) at++;
    const power = at;
    let exponent = 0;
    for (; isDigit(at, end); at++) exponent = min(exponent * 10 + (load<u8>(at) - 0x30), 9999);
    if (at == power) return NaN;
    scale += down ? -exponent : exponent;
  }
  if (at != end) return NaN;
  let number = <f64>digits;
  let ten: f64 = 10;
  const up = scale >= 0;
  for (let left = up ? scale : -scale; left; left >>= 1, ten *= ten) {
    if (left & 1) number = up ? number * ten : number / ten;
  }
  return negative ? -number : number;
}

// @ts-ignore: decorator
@inline
function isDigit(at: usize, end: usize): bool {
  return at < end && <u32>load<u8>(at) - 0x30 < 10;
}
