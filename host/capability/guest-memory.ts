import { GuestFault } from "./guest-fault.ts";

/** A guest's memory, seen by the host: every span is compared with its present size before a byte is touched. */
export class GuestMemory {
  readonly #memory: WebAssembly.Memory;

  constructor(memory: WebAssembly.Memory) {
    this.#memory = memory;
  }

  /** A view of a span, valid until the guest runs again. Numbers are taken as Wasm's unsigned ones. */
  view(pointer: number, length: number, what: string): Uint8Array {
    const { buffer } = this.#memory;
    const start = pointer >>> 0;
    const size = length >>> 0;
    if (start + size > buffer.byteLength)
      throw new GuestFault("protocol", `${what} is outside of its memory`);
    return new Uint8Array(buffer, start, size);
  }

  /** What it returned as `pointer << 32 | length`, copied. */
  copy(packed: unknown, limit: number, what: string): Uint8Array {
    if (typeof packed !== "bigint") throw new GuestFault("protocol", `${what} is no span`);
    const bits = BigInt.asUintN(64, packed);
    const pointer = Number(bits >> 32n);
    const length = Number(bits & 0xffff_ffffn);
    if (length > limit)
      throw new GuestFault("budget", `${what} has ${length} bytes, where its limit is ${limit}`);
    return this.view(pointer, length, what).slice();
  }

  /** Text for a person: what is no UTF-8 in it is replaced. */
  text(pointer: number, length: number, limit: number, what: string): string {
    const bytes = this.view(pointer, length, what);
    return new TextDecoder().decode(bytes.subarray(0, limit));
  }
}
