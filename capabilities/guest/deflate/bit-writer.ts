/** Bytes that grow, written bit by bit, the lowest first. */
export class BitWriter {
  private output: Uint8Array;
  private length: i32 = 0;
  private bits: u64 = 0;
  private count: i32 = 0;

  constructor(capacity: i32) {
    this.output = new Uint8Array(max(capacity, 64));
  }

  /** At most 32 bits. */
  put(value: u32, count: i32): void {
    this.bits |= (<u64>value) << this.count;
    this.count += count;
    if (this.count < 32) return;
    this.room(4);
    store<u32>(this.output.dataStart + this.length, <u32>this.bits);
    this.length += 4;
    this.bits >>= 32;
    this.count -= 32;
  }

  /** To the end of the byte. */
  align(): void {
    while (this.count > 0) {
      this.room(1);
      this.output[this.length++] = <u8>this.bits;
      this.bits >>= 8;
      this.count -= 8;
    }
    this.count = 0;
  }

  /** Bytes as they are, from a byte's beginning. */
  bytes(source: Uint8Array, from: i32, count: i32): void {
    this.room(count);
    memory.copy(this.output.dataStart + this.length, source.dataStart + from, count);
    this.length += count;
  }

  finish(): Uint8Array {
    this.align();
    return this.output.subarray(0, this.length);
  }

  private room(count: i32): void {
    const needed = this.length + count;
    if (needed <= this.output.length) return;
    const larger = new Uint8Array(max(needed, this.output.length * 2));
    larger.set(this.output);
    this.output = larger;
  }
}
