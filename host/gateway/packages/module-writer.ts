import { joinBytes } from "../../join-bytes.ts";
import { sectionBytes, unsigned } from "../../wasm-sections.ts";

const encoder = new TextEncoder();
const head = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);
const ids = { type: 1, import: 2, function: 3, export: 7, element: 9, code: 10 } as const;
const types = { i32: 0x7f, i64: 0x7e, f64: 0x7c } as const;

type ValueType = keyof typeof types;

export interface Signature {
  readonly takes: readonly ValueType[];
  readonly gives: readonly ValueType[];
}

/** A text with its length before it. */
export function named(text: string): Uint8Array {
  const bytes = encoder.encode(text);
  return joinBytes([unsigned(bytes.length), bytes]);
}

/** Parts with their count before them. */
export function listed(parts: readonly Uint8Array[]): Uint8Array {
  return joinBytes([unsigned(parts.length), ...parts]);
}

/** Makes a small module: functions that are imported, functions of its own, and places of an imported table. */
export class ModuleWriter {
  readonly #types: Uint8Array[] = [];
  readonly #imports: Uint8Array[] = [];
  readonly #functions: Uint8Array[] = [];
  readonly #exports: Uint8Array[] = [];
  readonly #elements: Uint8Array[] = [];
  readonly #bodies: Uint8Array[] = [];
  /** Imported ones come first. */
  #count = 0;

  /** Answers the function's number. All imports come before the first function of the module's own. */
  importFunction(module: string, name: string, signature: Signature): number {
    this.#imports.push(joinBytes([named(module), named(name), Uint8Array.of(0), this.#type(signature)]));
    return this.#count++;
  }

  importMemory(module: string, name: string): void {
    this.#imports.push(joinBytes([named(module), named(name), Uint8Array.of(2, 0, 0)]));
  }

  importTable(module: string, name: string): void {
    this.#imports.push(joinBytes([named(module), named(name), Uint8Array.of(1, 0x70, 0, 0)]));
  }

  /** A function without locals, by its instructions. Answers its number. */
  define(signature: Signature, instructions: readonly number[]): number {
    this.#functions.push(this.#type(signature));
    const body = Uint8Array.of(0, ...instructions, 0x0b);
    this.#bodies.push(joinBytes([unsigned(body.length), body]));
    return this.#count++;
  }

  export(name: string, index: number): void {
    this.#exports.push(joinBytes([named(name), Uint8Array.of(0), unsigned(index)]));
  }

  /** Puts a function into a place of the imported table when the module starts. */
  place(at: readonly number[], index: number): void {
    this.#elements.push(joinBytes([Uint8Array.of(0, ...at, 0x0b, 1), unsigned(index)]));
  }

  finish(): Uint8Array {
    const sections: readonly (readonly [number, readonly Uint8Array[]])[] = [
      [ids.type, this.#types],
      [ids.import, this.#imports],
      [ids.function, this.#functions],
      [ids.export, this.#exports],
      [ids.element, this.#elements],
      [ids.code, this.#bodies],
    ];
    const written = sections.filter(([, parts]) => parts.length > 0);
    return joinBytes([head, ...written.map(([id, parts]) => sectionBytes(id, listed(parts)))]);
  }

  #type({ takes, gives }: Signature): Uint8Array {
    const list = (some: readonly ValueType[]) => [some.length, ...some.map((type) => types[type])];
    this.#types.push(Uint8Array.of(0x60, ...list(takes), ...list(gives)));
    return unsigned(this.#types.length - 1);
  }
}
