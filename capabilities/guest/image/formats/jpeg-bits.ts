import { Reader } from "../bytes";

/** A canonical Huffman code. */
export class JpegCode {
  readonly counts: StaticArray<u8> = new StaticArray<u8>(17);
  symbols: StaticArray<u8> = new StaticArray<u8>(0);

  static read(reader: Reader): JpegCode | null {
    const code = new JpegCode();
    let total = 0;
    for (let i = 1; i < 17; i++) {
      code.counts[i] = <u8>reader.u8();
      total += code.counts[i];
    }
    if (total > 256) return null;
    code.symbols = new StaticArray<u8>(total);
    for (let i = 0; i < total; i++) code.symbols[i] = <u8>reader.u8();
    return code;
  }
}

/** The bits of a scan, the highest first. After their end are zeros: a picture that is cut off is grey at the bottom. */
export class JpegBits {
  private bits: u32 = 0;
  private count: i32 = 0;

  constructor(private readonly reader: Reader) {}

  bit(): i32 {
    if (this.count == 0) this.next();
    this.count--;
    return (this.bits >> this.count) & 1;
  }

  private next(): void {
    this.bits = 0;
    this.count = 8;
    const reader = this.reader;
    if (reader.left < 1) return;
    const byte = reader.u8();
    if (byte == 0xff) {
      // A zero that was stuffed in; else it is a marker, which ends the bits.
      if (reader.left > 0 && reader.bytes[reader.at] == 0) reader.at++;
      else {
        reader.at--;
        return;
      }
    }
    this.bits = byte;
  }

  /** -1: there is none. */
  symbol(code: JpegCode): i32 {
    let value = 0;
    let first = 0;
    let index = 0;
    for (let length = 1; length < 17; length++) {
      value |= this.bit();
      const count = <i32>code.counts[length];
      if (value - first < count) return code.symbols[index + value - first];
      index += count;
      first = (first + count) << 1;
      value <<= 1;
    }
    return -1;
  }

  /** A number of so many bits. */
  number(size: i32): i32 {
    let value = 0;
    for (let i = 0; i < size; i++) value = (value << 1) | this.bit();
    return value;
  }

  /** A number of so many bits; those that begin with 0 are negative. */
  signed(size: i32): i32 {
    const value = this.number(size);
    return size == 0 || value >> (size - 1) != 0 ? value : value - (1 << size) + 1;
  }

  /** Goes over a restart marker. */
  restart(): bool {
    this.count = 0;
    const marker = this.reader.u16();
    return marker >= 0xffd0 && marker <= 0xffd7;
  }
}
