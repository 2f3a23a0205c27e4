import { joinBytes } from "./join-bytes.ts";

/** A section of a module or a Wasm component: where it stands with its head, and where its content does. */
export interface Section {
  readonly id: number;
  readonly start: number;
  readonly content: Uint8Array;
  readonly end: number;
}

/** Bytes that are no WebAssembly, or end too early. */
export class WasmFormatError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "WasmFormatError";
  }
}

const moduleHead = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
const componentHead = [0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0];
const startsWith = (bytes: Uint8Array, head: readonly number[]) => head.every((byte, i) => bytes[i] === byte);

export const isModule = (bytes: Uint8Array): boolean => startsWith(bytes, moduleHead);
export const isComponent = (bytes: Uint8Array): boolean => startsWith(bytes, componentHead);

/** Reads numbers of WebAssembly's format one after the other. */
export class WasmReader {
  at: number;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array, at = 0) {
    this.#bytes = bytes;
    this.at = at;
  }

  get done(): boolean {
    return this.at >= this.#bytes.length;
  }

  byte(): number {
    const byte = this.#bytes[this.at++];
    if (byte === undefined) throw new WasmFormatError("the file ends too early");
    return byte;
  }

  /** An unsigned number in LEB128. */
  u32(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) {
        if (value > 0xffffffff) break;
        return value;
      }
    }
    throw new WasmFormatError(`no number at byte ${this.at}`);
  }

  /** A signed number of 32 bits in LEB128. */
  s32(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.byte();
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return shift < 28 && byte & 0x40 ? value | (-1 << (shift + 7)) : value;
    }
    throw new WasmFormatError(`no number at byte ${this.at}`);
  }

  take(length: number): Uint8Array {
    const end = this.at + length;
    if (end > this.#bytes.length) throw new WasmFormatError("the file ends too early");
    const taken = this.#bytes.subarray(this.at, end);
    this.at = end;
    return taken;
  }
}

/** The sections of a module or a Wasm component, in their order. Throws WasmFormatError. */
export function sections(bytes: Uint8Array): readonly Section[] {
  if (!isModule(bytes) && !isComponent(bytes)) throw new WasmFormatError("no WebAssembly");
  const reader = new WasmReader(bytes, 8);
  const found: Section[] = [];
  while (!reader.done) {
    const start = reader.at;
    const id = reader.byte();
    const content = reader.take(reader.u32());
    found.push({ id, start, content, end: reader.at });
  }
  return found;
}

/** An unsigned number in LEB128. */
export function unsigned(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  do {
    bytes.push((rest % 128) + (rest >= 128 ? 128 : 0));
    rest = Math.floor(rest / 128);
  } while (rest > 0);
  return new Uint8Array(bytes);
}

/** A signed number of 32 bits in LEB128. */
export function signed(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (;;) {
    const byte = rest & 0x7f;
    rest >>= 7;
    const last = (rest === 0 && (byte & 0x40) === 0) || (rest === -1 && (byte & 0x40) !== 0);
    bytes.push(last ? byte : byte | 0x80);
    if (last) return new Uint8Array(bytes);
  }
}

/** A section with its head. */
export function sectionBytes(id: number, content: Uint8Array): Uint8Array {
  return joinBytes([new Uint8Array([id]), unsigned(content.length), content]);
}
