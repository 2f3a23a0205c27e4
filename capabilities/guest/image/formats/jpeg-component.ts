/** Where the coefficients of a block are in the order of their writing. */
export const zigzag: StaticArray<u8> = [
  0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28,
  35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55,
  62, 63,
];

/** One of the colours that a JPEG is made of, in blocks of 8 × 8. */
export class Component {
  across: i32 = 1;
  down: i32 = 1;
  quantization: i32 = 0;
  direct: i32 = 0;
  alternating: i32 = 0;
  predicted: i32 = 0;
  /** Of whole blocks. */
  stride: i32 = 0;
  plane: Uint8Array = new Uint8Array(0);
  /** Of a progressive one: those of all its blocks, until its last scan. */
  coefficients: Int16Array = new Int16Array(0);

  constructor(readonly id: i32) {}
}
