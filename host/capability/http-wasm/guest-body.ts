import { joinBytes } from "../../join-bytes.ts";
import { GuestFault } from "../guest-fault.ts";

/** A body that a guest reads piece by piece, and writes over piece by piece. */
export class GuestBody {
  readonly #bytes: Uint8Array;
  readonly #limit: number;
  #at = 0;
  #written: Uint8Array[] | undefined;
  #size = 0;

  /** `limit`: bytes that may be written. */
  constructor(bytes: Uint8Array, limit: number) {
    this.#bytes = bytes;
    this.#limit = limit;
  }

  /** Copies what comes next, and answers how much that was. */
  read(into: Uint8Array): number {
    const part = this.#bytes.subarray(this.#at, this.#at + into.length);
    into.set(part);
    this.#at += part.length;
    return part.length;
  }

  get ended(): boolean {
    return this.#at === this.#bytes.length;
  }

  /** The first part replaces what was there. */
  write(part: Uint8Array): void {
    this.#size += part.length;
    if (this.#size > this.#limit)
      throw new GuestFault("budget", `it writes a body of more than ${this.#limit} bytes`);
    this.#written ??= [];
    this.#written.push(part.slice());
  }

  get written(): Uint8Array | undefined {
    return this.#written && joinBytes(this.#written);
  }

  /** What was not read; undefined where nothing was. */
  get rest(): Uint8Array | undefined {
    return this.#at === 0 ? undefined : this.#bytes.subarray(this.#at);
  }
}
