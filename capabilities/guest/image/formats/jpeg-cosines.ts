/** By place and frequency. */
const cosines = new StaticArray<f32>(64);
for (let place = 0; place < 8; place++) {
  for (let frequency = 0; frequency < 8; frequency++) {
    const scale = frequency == 0 ? Math.sqrt(0.125) : 0.5;
    cosines[place * 8 + frequency] = <f32>(scale * Math.cos(((2 * place + 1) * frequency * Math.PI) / 16));
  }
}

const halfway = new StaticArray<f32>(64);

/** A block of coefficients as bytes of a plane: first its rows, then its columns. */
export function inverseCosines(block: StaticArray<f32>, plane: Uint8Array, at: i32, stride: i32): void {
  for (let row = 0; row < 64; row += 8) {
    for (let x = 0; x < 8; x++) {
      let sum: f32 = 0;
      for (let i = 0; i < 8; i++) sum += unchecked(block[row + i]) * unchecked(cosines[x * 8 + i]);
      unchecked((halfway[row + x] = sum));
    }
  }
  for (let y = 0; y < 8; y++) {
    for (let x = 0; x < 8; x++) {
      let sum: f32 = 128.5;
      for (let i = 0; i < 8; i++) sum += unchecked(halfway[i * 8 + x]) * unchecked(cosines[y * 8 + i]);
      plane[at + y * stride + x] = <u8>(<i32>min<f32>(max<f32>(sum, 0), 255));
    }
  }
}
