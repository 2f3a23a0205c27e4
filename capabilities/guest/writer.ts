import { Kind } from "./kind";

/** Writes a message, field by field. */
export class Writer {
  private buffer: ArrayBuffer = new ArrayBuffer(256);
  private count: i32 = 0;
  length: i32 = 8;

  bytes(name: string, value: Uint8Array): void {
    const nameLength = String.UTF8.byteLength(name);
    const at = this.room(8 + nameLength + value.length);
    store<i32>(at, nameLength);
    String.UTF8.encodeUnsafe(changetype<usize>(name), name.length, at + 4);
    store<i32>(at + 4 + nameLength, value.length);
    memory.copy(at + 8 + nameLength, value.dataStart, value.length);
  }

  text(name: string, value: string): void {
    const nameLength = String.UTF8.byteLength(name);
    const valueLength = String.UTF8.byteLength(value);
    const at = this.room(8 + nameLength + valueLength);
    store<i32>(at, nameLength);
    String.UTF8.encodeUnsafe(changetype<usize>(name), name.length, at + 4);
    store<i32>(at + 4 + nameLength, valueLength);
    String.UTF8.encodeUnsafe(changetype<usize>(value), value.length, at + 8 + nameLength);
  }

  /** The fields of another message after these. */
  append(other: Writer): void {
    const size = other.length - 8;
    const at = this.room(size);
    memory.copy(at, changetype<usize>(other.buffer) + 8, size);
    this.count += other.count - 1;
  }

  /** The message. The writer may go on afterwards. */
  message(kind: Kind): ArrayBuffer {
    store<i32>(changetype<usize>(this.buffer), kind);
    store<i32>(changetype<usize>(this.buffer), this.count, 4);
    return this.buffer;
  }

  /** Room for one more field of a size. */
  private room(size: i32): usize {
    const end = this.length + size;
    if (end > this.buffer.byteLength) {
      const larger = new ArrayBuffer(max(end, this.buffer.byteLength * 2));
      memory.copy(changetype<usize>(larger), changetype<usize>(this.buffer), this.length);
      this.buffer = larger;
    }
    const at = changetype<usize>(this.buffer) + this.length;
    this.length = end;
    this.count++;
    return at;
  }
}
