/** Reads a picture's bytes. Beyond their end are zeros, and `ended` says so. */
export class Reader {
  at: i32 = 0;
  ended: bool = false;

  constructor(readonly bytes: Uint8Array) {}

  u8(): i32 {
    if (this.at < 0 || this.at >= this.bytes.length) {
      this.ended = true;
      return 0;
    }
    return this.bytes[this.at++];
  }

  u16(): i32 {
    const high = this.u8();
    return (high << 8) | this.u8();
  }

  u32(): i32 {
    const high = this.u16();
    return (high << 16) | this.u16();
  }

  /** The lowest byte first. */
  u16le(): i32 {
    const low = this.u8();
    return low | (this.u8() << 8);
  }

  u32le(): i32 {
    const low = this.u16le();
    return low | (this.u16le() << 16);
  }

  get left(): i32 {
    return this.bytes.length - this.at;
  }
}

/** Writes bytes that grow. */
export class ByteWriter {
  private bytes: Uint8Array;
  length: i32 = 0;

  constructor(capacity: i32) {
    this.bytes = new Uint8Array(max(capacity, 64));
  }

  u8(value: i32): void {
    this.room(1);
    this.bytes[this.length++] = <u8>value;
  }

  u32(value: i32): void {
    this.room(4);
    store<u32>(this.bytes.dataStart + this.length, bswap<u32>(value));
    this.length += 4;
  }

  u32le(value: i32): void {
    this.room(4);
    store<u32>(this.bytes.dataStart + this.length, value);
    this.length += 4;
  }

  text(value: string): void {
    for (let i = 0; i < value.length; i++) this.u8(value.charCodeAt(i));
  }

  append(bytes: Uint8Array): void {
    this.room(bytes.length);
    this.bytes.set(bytes, this.length);
    this.length += bytes.length;
  }

  finish(): Uint8Array {
    return this.bytes.subarray(0, this.length);
  }

  private room(count: i32): void {
    const needed = this.length + count;
    if (needed <= this.bytes.length) return;
    const larger = new Uint8Array(max(needed, this.bytes.length * 2));
    larger.set(this.bytes);
    this.bytes = larger;
  }
}
