import type { CoreExports } from "./exports.ts";
import { textBetween } from "./text.ts";

/** Views of an instance's memory. They stay valid because only a table's instance grows its memory. */
export class Inbox {
  /** Bytes that one call can take. */
  readonly size: number;
  readonly start: number;
  /** All memory, as bytes. */
  readonly bytes: Uint8Array;
  /** All memory, as words. */
  readonly words: Int32Array;
  /** The words of the last answer. */
  readonly result: Int32Array;
  /** Where text and marks of the last answer are. */
  readonly outbox: number;
  readonly #view: Uint8Array;
  readonly #encoder = new TextEncoder();

  constructor(exports: CoreExports) {
    const { buffer } = exports.memory;
    this.start = exports.inbox();
    this.size = exports.chunk();
    this.outbox = exports.outbox();
    this.bytes = new Uint8Array(buffer);
    this.words = new Int32Array(buffer);
    this.result = new Int32Array(buffer, exports.result(), 32);
    this.#view = new Uint8Array(buffer, this.start, this.size);
  }

  /** Puts text there and answers its bytes, or -1 when it does not fit. */
  text(value: string, at = 0): number {
    const target = at === 0 ? this.#view : this.#view.subarray(at);
    const { read, written } = this.#encoder.encodeInto(value, target);
    return read === value.length ? written : -1;
  }

  /** Puts bytes there; there are at most `size` of them. */
  put(bytes: Uint8Array, at = 0): void {
    this.#view.set(bytes, at);
  }

  /** Text anywhere in the memory. */
  decode(start: number, length: number): string {
    return textBetween(this.bytes, start, start + length);
  }
}
