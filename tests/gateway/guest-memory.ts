type Reallocate = (old: number, oldSize: number, align: number, size: number) => number;

/** The memory of a program behind the canonical ABI, as its host reads it and lays out what it answers there. */
export class GuestMemory {
  readonly #memory: WebAssembly.Memory;
  readonly #reallocate: Reallocate;

  constructor(memory: WebAssembly.Memory, reallocate: Reallocate) {
    this.#memory = memory;
    this.#reallocate = reallocate;
  }

  /** Until the memory grows. */
  get view(): DataView {
    return new DataView(this.#memory.buffer);
  }

  get size(): number {
    return this.#memory.buffer.byteLength;
  }

  /** A copy. */
  bytes(at: number, length: number): Buffer {
    return Buffer.from(this.#memory.buffer.slice(at, at + length));
  }

  text(at: number, length: number): string {
    return this.bytes(at, length).toString("latin1");
  }

  put(at: number, bytes: Uint8Array | readonly number[]): void {
    new Uint8Array(this.#memory.buffer).set(bytes, at);
  }

  /** A place for a list, which nobody has told the guest of yet. */
  allocate(align: number, size: number): number {
    return this.#reallocate(0, 0, align, size);
  }

  /** Puts bytes where the guest's allocator says, and tells it where. */
  hand(bytes: Uint8Array, ret: number, at = 0): void {
    const place = this.allocate(1, bytes.length);
    this.put(place, bytes);
    this.view.setUint32(ret + at, place, true);
    this.view.setUint32(ret + at + 4, bytes.length, true);
  }

  /** An `option` of a text. */
  option(text: string | undefined, ret: number): void {
    this.view.setUint8(ret, text === undefined ? 0 : 1);
    if (text !== undefined) this.hand(Buffer.from(text, "latin1"), ret, 4);
  }

  /** A `result` of a handle; undefined is its error. */
  result(ret: number, handle: number | undefined): void {
    this.view.setUint8(ret, handle === undefined ? 1 : 0);
    if (handle !== undefined) this.view.setUint32(ret + 4, handle, true);
  }

  /** A list of pairs of texts or bytes, as fields are. */
  pairs(list: readonly (readonly [string | Uint8Array, string | Uint8Array])[], ret: number): void {
    const bytes = (part: string | Uint8Array) =>
      typeof part === "string" ? Buffer.from(part, "latin1") : part;
    const place = this.allocate(4, list.length * 16);
    list.forEach(([name, value], i) => {
      this.hand(bytes(name), place, i * 16);
      this.hand(bytes(value), place, i * 16 + 8);
    });
    this.view.setUint32(ret, place, true);
    this.view.setUint32(ret + 4, list.length, true);
  }
}
