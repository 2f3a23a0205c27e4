const ALPHABET: usize = memory.data<u8>([
  65, 66, 67, 68, 69, 70, 71, 72, 73, 74, 75, 76, 77, 78, 79, 80, 81, 82, 83, 84, 85, 86, 87, 88, 89, 90, 97, 98, 99,
  100, 101, 102, 103, 104, 105, 106, 107, 108, 109, 110, 111, 112, 113, 114, 115, 116, 117, 118, 119, 120, 121, 122, 48,
  49, 50, 51, 52, 53, 54, 55, 56, 57, 43, 47,
]);
const PAD: u8 = 0x3d;

/** Writes bytes as base64 with padding and answers the length written. Chunks of a multiple of three concatenate. */
export function base64(source: usize, length: i32, target: usize): i32 {
  const whole = length - (length % 3);
  let write = target;
  for (let at = source, end = source + whole; at < end; at += 3) {
    const bits = (<u32>load<u8>(at) << 16) | (<u32>load<u8>(at, 1) << 8) | <u32>load<u8>(at, 2);
    store<u32>(write, letter(bits >> 18) | (letter(bits >> 12) << 8) | (letter(bits >> 6) << 16) | (letter(bits) << 24));
    write += 4;
  }
  const rest = length - whole;
  if (rest) {
    const at = source + whole;
    const bits = (<u32>load<u8>(at) << 16) | (rest == 2 ? <u32>load<u8>(at, 1) << 8 : 0);
    const third: u32 = rest == 2 ? letter(bits >> 6) : PAD;
    store<u32>(write, letter(bits >> 18) | (letter(bits >> 12) << 8) | (third << 16) | (<u32>PAD << 24));
    write += 4;
  }
  return <i32>(write - target);
}

// @ts-ignore: decorator
@inline
function letter(bits: u32): u32 {
  return <u32>load<u8>(ALPHABET + <usize>(bits & 63));
}
