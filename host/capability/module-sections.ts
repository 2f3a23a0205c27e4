import { GuestFault } from "./guest-fault.ts";

/** The limits of a memory or a table, in pages or elements; undefined: no maximum. */
export interface Extent {
  readonly initial: number;
  readonly maximum: number | undefined;
}

/** What of a module's bytes its JavaScript interface does not tell. */
export interface ModuleSections {
  readonly memories: readonly Extent[];
  readonly tables: readonly Extent[];
  /** Signatures of imported functions, by `module.name`, such as `(i32,i32)->i64`. */
  readonly imports: readonly { readonly name: string; readonly kind: string; readonly signature: string }[];
  /** Of exported functions. */
  readonly exports: ReadonlyMap<string, string>;
  readonly hasStart: boolean;
}

const values: Readonly<Record<number, string>> = {
  127: "i32",
  126: "i64",
  125: "f32",
  124: "f64",
  123: "v128",
  112: "funcref",
  111: "externref",
};

const importKinds = ["function", "table", "memory", "global", "tag"] as const;

/** Reads LEB128 numbers and names off bytes that an engine has found valid, and stops at what it does not know. */
export class WasmReader {
  at: number;
  readonly #bytes: Uint8Array<ArrayBuffer>;

  constructor(bytes: Uint8Array<ArrayBuffer>, at = 0) {
    this.#bytes = bytes;
    this.at = at;
  }

  get done(): boolean {
    return this.at >= this.#bytes.length;
  }

  byte(): number {
    const byte = this.#bytes[this.at];
    if (byte === undefined) throw new GuestFault("refused", "its module ends in the middle of a section");
    this.at += 1;
    return byte;
  }

  number(): number {
    let value = 0;
    let factor = 1;
    for (let i = 0; i < 5; i += 1) {
      const byte = this.byte();
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
      factor *= 128;
    }
    throw new GuestFault("refused", "a number in its module is longer than 32 bits");
  }

  name(): string {
    return new TextDecoder().decode(this.bytes());
  }

  bytes(): Uint8Array<ArrayBuffer> {
    const length = this.number();
    this.at += length;
    return this.#bytes.subarray(this.at - length, this.at);
  }

  value(): string {
    const known = values[this.byte()];
    if (known === undefined)
      throw new GuestFault("refused", "its module uses types of values beyond the ABI's");
    return known;
  }

  signature(): string {
    if (this.byte() !== 0x60) throw new GuestFault("refused", "its module uses types other than functions");
    const some = () => Array.from({ length: this.number() }, () => this.value()).join(",");
    const parameters = some();
    return `(${parameters})->${some() || "()"}`;
  }

  extent(what: string): Extent {
    const flags = this.byte();
    if (flags > 1) throw new GuestFault("refused", `its ${what} is shared or of 64 bits`);
    const initial = this.number();
    return { initial, maximum: flags === 1 ? this.number() : undefined };
  }

  table(): Extent {
    this.value();
    return this.extent("table");
  }
}

/** Throws a GuestFault for what is beyond WebAssembly with plain types. The bytes must have been compiled before. */
export function moduleSections(bytes: Uint8Array<ArrayBuffer>): ModuleSections {
  const reader = new WasmReader(bytes, 8);
  const types: string[] = [];
  const functions: string[] = [];
  const imports: { name: string; kind: string; signature: string }[] = [];
  const memories: Extent[] = [];
  const tables: Extent[] = [];
  const exports = new Map<string, string>();
  let hasStart = false;
  const list = (read: (from: WasmReader) => void, from: WasmReader) => {
    for (let left = from.number(); left > 0; left -= 1) read(from);
  };
  const sections: Readonly<Record<number, (from: WasmReader) => void>> = {
    1: (from) => list(() => types.push(from.signature()), from),
    2: (from) =>
      list(() => {
        const name = `${from.name()}.${from.name()}`;
        const kind = importKinds[from.byte()] ?? "something unknown";
        // Nothing but functions is ever granted: what follows one of the others is not needed.
        if (kind !== "function")
          throw new GuestFault("refused", `it imports ${name}, a ${kind}: only functions are granted`);
        const signature = types[from.number()] ?? "";
        imports.push({ name, kind, signature });
        functions.push(signature);
      }, from),
    3: (from) => list(() => functions.push(types[from.number()] ?? ""), from),
    4: (from) =>
      list(() => {
        tables.push(from.table());
      }, from),
    5: (from) => list(() => memories.push(from.extent("memory")), from),
    7: (from) =>
      list(() => {
        const name = from.name();
        const kind = from.byte();
        const index = from.number();
        if (kind === 0) exports.set(name, functions[index] ?? "");
      }, from),
    8: () => {
      hasStart = true;
    },
  };
  while (!reader.done) {
    const id = reader.byte();
    const section = new WasmReader(reader.bytes());
    sections[id]?.(section);
  }
  return { memories, tables, imports, exports, hasStart };
}
