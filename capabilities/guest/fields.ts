/**
 * The fields of a message, in their order: spans into it, nothing is copied before it is asked for.
 *
 *     u32 kind, u32 count, then count × { u32 nameLength, name, u32 valueLength, value }
 *
 * A message that does not fit ends the guest: the host wrote it, so nothing that follows could be right.
 */
export class Fields {
  readonly kind: i32;
  readonly count: i32;
  private readonly message: ArrayBuffer;
  /** Of each field: where its name begins, how long it is, and the same of its value. */
  private readonly spans: StaticArray<i32>;

  constructor(message: ArrayBuffer, length: i32) {
    const at = changetype<usize>(message);
    if (length < 8) unreachable();
    const count = load<i32>(at, 4);
    if (count < 0 || count > (length - 8) / 8) unreachable();
    const spans = new StaticArray<i32>(count * 4);
    let cursor = 8;
    for (let i = 0; i < count * 2; i++) {
      if (length - cursor < 4) unreachable();
      const size = load<i32>(at + cursor);
      cursor += 4;
      if (size < 0 || size > length - cursor) unreachable();
      spans[i * 2] = cursor;
      spans[i * 2 + 1] = size;
      cursor += size;
    }
    this.kind = load<i32>(at);
    this.count = count;
    this.message = message;
    this.spans = spans;
  }

  name(field: i32): string {
    return String.UTF8.decodeUnsafe(this.address(field, 0), this.spans[field * 4 + 1]);
  }

  /** A field's value where it lies, without a copy. */
  bytes(field: i32): Uint8Array {
    return Uint8Array.wrap(this.message, this.spans[field * 4 + 2], this.spans[field * 4 + 3]);
  }

  text(field: i32): string {
    return String.UTF8.decodeUnsafe(this.address(field, 2), this.spans[field * 4 + 3]);
  }

  /** The first field of this name between two fields, or -1. */
  find(name: string, from: i32 = 0, to: i32 = this.count): i32 {
    for (let field = from; field < to; field++) if (this.isNamed(field, name)) return field;
    return -1;
  }

  isNamed(field: i32, name: string): bool {
    const length = this.spans[field * 4 + 1];
    // Longer in UTF-8 than in UTF-16 where it is not ASCII: then it has to be decoded.
    if (length < name.length) return false;
    const at = this.address(field, 0);
    for (let i = 0; i < name.length; i++) {
      const unit = name.charCodeAt(i);
      if (unit >= 0x80) return this.name(field) == name;
      if (load<u8>(at + i) != unit) return false;
    }
    return length == name.length;
  }

  @inline
  private address(field: i32, part: i32): usize {
    return changetype<usize>(this.message) + this.spans[field * 4 + part];
  }
}
