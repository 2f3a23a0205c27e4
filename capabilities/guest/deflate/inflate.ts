import { distanceBase, distanceBits, fixedLengths, lengthBase, lengthBits, lengthOrder } from "./codes";

/** A canonical Huffman code: how many codes there are of each length, and the symbols in their order. */
class Code {
  readonly counts: StaticArray<u16>;
  readonly symbols: StaticArray<u16>;

  constructor(lengths: StaticArray<u8>, from: i32, to: i32) {
    const counts = new StaticArray<u16>(16);
    const symbols = new StaticArray<u16>(to - from);
    const offsets = new StaticArray<u16>(16);
    for (let i = from; i < to; i++) counts[lengths[i]]++;
    counts[0] = 0;
    for (let i = 1; i < 16; i++) offsets[i] = offsets[i - 1] + counts[i - 1];
    for (let i = from; i < to; i++) {
      const length = lengths[i];
      if (length != 0) symbols[offsets[length]++] = <u16>(i - from);
    }
    this.counts = counts;
    this.symbols = symbols;
  }

  /** More codes of some length than there is room for: the data are broken. */
  get oversubscribed(): bool {
    let left = 1;
    for (let i = 1; i < 16; i++) {
      left = (left << 1) - this.counts[i];
      if (left < 0) return true;
    }
    return false;
  }
}

class Inflater {
  failed: bool = false;
  private at: i32 = 0;
  private bits: u32 = 0;
  private count: i32 = 0;
  private output: Uint8Array = new Uint8Array(1024);
  private length: i32 = 0;

  constructor(
    private readonly input: Uint8Array,
    private readonly limit: i32,
  ) {}

  run(): Uint8Array | null {
    let last: u32 = 0;
    while (last == 0 && !this.failed) {
      last = this.take(1);
      const type = this.take(2);
      if (type == 0) this.stored();
      else if (type == 1) this.block(new Code(fixedLengths(), 0, 288), new Code(new StaticArray<u8>(30).fill(5), 0, 30));
      else if (type == 2) this.dynamic();
      else this.failed = true;
    }
    return this.failed ? null : this.output.subarray(0, this.length);
  }

  private take(count: i32): u32 {
    while (this.count < count) {
      if (this.at >= this.input.length) {
        this.failed = true;
        return 0;
      }
      this.bits |= (<u32>unchecked(this.input[this.at++])) << this.count;
      this.count += 8;
    }
    const value = this.bits & ((1 << count) - 1);
    this.bits >>= count;
    this.count -= count;
    return value;
  }

  private symbol(code: Code): i32 {
    let value = 0;
    let first = 0;
    let index = 0;
    for (let length = 1; length < 16; length++) {
      value |= this.take(1);
      if (this.failed) return -1;
      const count = <i32>code.counts[length];
      if (value - count < first) return code.symbols[index + (value - first)];
      index += count;
      first = (first + count) << 1;
      value <<= 1;
    }
    this.failed = true;
    return -1;
  }

  /** Room for so many bytes more; false beyond the limit. */
  private room(count: i32): bool {
    const needed = this.length + count;
    if (needed > this.limit) this.failed = true;
    else if (needed > this.output.length) {
      const larger = new Uint8Array(max(needed, min(this.output.length * 2, this.limit)));
      larger.set(this.output);
      this.output = larger;
    }
    return !this.failed;
  }

  private stored(): void {
    this.bits = 0;
    this.count = 0;
    const size = <i32>this.take(16);
    const complement = <i32>this.take(16);
    if (this.failed || (size ^ complement) != 0xffff || this.input.length - this.at < size) {
      this.failed = true;
      return;
    }
    if (!this.room(size)) return;
    memory.copy(this.output.dataStart + this.length, this.input.dataStart + this.at, size);
    this.at += size;
    this.length += size;
  }

  private dynamic(): void {
    const literals = <i32>this.take(5) + 257;
    const distances = <i32>this.take(5) + 1;
    const count = <i32>this.take(4) + 4;
    const order = new StaticArray<u8>(19);
    for (let i = 0; i < count; i++) order[lengthOrder[i]] = <u8>this.take(3);
    const code = new Code(order, 0, 19);
    const lengths = new StaticArray<u8>(literals + distances);
    if (code.oversubscribed) this.failed = true;
    for (let i = 0; i < lengths.length && !this.failed; ) i = this.repeat(lengths, i, this.symbol(code));
    if (this.failed || lengths[256] == 0) {
      this.failed = true;
      return;
    }
    const literal = new Code(lengths, 0, literals);
    const distance = new Code(lengths, literals, lengths.length);
    if (literal.oversubscribed || distance.oversubscribed) this.failed = true;
    else this.block(literal, distance);
  }

  /** Writes what a symbol of the code of lengths means. Answers where the next one goes. */
  private repeat(lengths: StaticArray<u8>, at: i32, symbol: i32): i32 {
    let times = 1;
    let value = <u8>symbol;
    if (symbol == 16) {
      times = 3 + <i32>this.take(2);
      if (at == 0) this.failed = true;
      else value = lengths[at - 1];
    } else if (symbol > 16) {
      times = symbol == 17 ? 3 + <i32>this.take(3) : 11 + <i32>this.take(7);
      value = 0;
    }
    if (at + times > lengths.length) this.failed = true;
    for (let i = 0; i < times && !this.failed; i++) lengths[at++] = value;
    return at;
  }

  private block(literal: Code, distance: Code): void {
    while (!this.failed) {
      const symbol = this.symbol(literal);
      if (symbol < 0 || symbol == 256) return;
      if (symbol < 256) {
        if (this.room(1)) unchecked((this.output[this.length++] = <u8>symbol));
      } else this.copy(symbol - 257, distance);
    }
  }

  private copy(symbol: i32, distance: Code): void {
    if (symbol >= lengthBase.length) {
      this.failed = true;
      return;
    }
    const length = <i32>lengthBase[symbol] + <i32>this.take(lengthBits[symbol]);
    const code = this.symbol(distance);
    if (code < 0 || code >= distanceBase.length) {
      this.failed = true;
      return;
    }
    const back = <i32>distanceBase[code] + <i32>this.take(distanceBits[code]);
    if (back > this.length) this.failed = true;
    if (!this.room(length)) return;
    // Byte by byte: a copy may reach into itself.
    const to = this.output.dataStart + this.length;
    for (let i: usize = 0; i < <usize>length; i++) store<u8>(to + i, load<u8>(to + i - back));
    this.length += length;
  }
}

/** What deflate data say (RFC 1951), or null where they are none, or say more than the limit. */
export function inflate(input: Uint8Array, limit: i32): Uint8Array | null {
  return new Inflater(input, limit).run();
}
