import { joinBytes } from "../../../../join-bytes.ts";
import { sectionBytes, unsigned } from "../../../../wasm-sections.ts";

/** Reads a module's sections, and writes imports, exports and the memory's maximum anew. The bytes are taken for valid. */
class Reader {
  at = 0;

  constructor(readonly bytes: Uint8Array) {}

  get done(): boolean {
    return this.at >= this.bytes.length;
  }

  byte(): number {
    const byte = this.bytes[this.at];
    if (byte === undefined) throw new Error("the module ends in the middle of a section");
    this.at += 1;
    return byte;
  }

  number(): number {
    let value = 0;
    for (let shift = 1; ; shift *= 128) {
      const byte = this.byte();
      value += (byte & 0x7f) * shift;
      if (byte < 0x80) return value;
    }
  }

  span(): Uint8Array {
    const length = this.number();
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  name(): string {
    return new TextDecoder().decode(this.span());
  }

  limits(): { readonly flags: number; readonly initial: number; readonly maximum: number | undefined } {
    const flags = this.byte();
    const initial = this.number();
    return { flags, initial, maximum: (flags & 1) === 1 ? this.number() : undefined };
  }
}

function sized(bytes: Uint8Array | readonly number[]): number[] {
  return [...unsigned(bytes.length), ...bytes];
}

const named = (name: string) => sized(new TextEncoder().encode(name));

/** One thing that a module imports. `type` is as its bytes have it. */
export interface CoreImport {
  readonly module: string;
  readonly name: string;
  readonly kind: number;
  readonly type: Uint8Array;
}

export interface CoreExport {
  readonly name: string;
  readonly kind: number;
  readonly index: number;
}

const CUSTOM = 0;
const TYPES = 1;
const IMPORTS = 2;
const TABLE = 4;
const MEMORY = 5;
const EXPORTS = 7;
const START = 8;
const ELEMENTS = 9;
const CODE = 10;
const DATA = 11;
export const FUNCTION = 0;
export const GLOBAL = 3;
const TABLE_KIND = 1;
const MEMORY_KIND = 2;
const UNREACHABLE = 0;

function readImport(from: Reader): CoreImport {
  const [module, name, kind] = [from.name(), from.name(), from.byte()];
  const start = from.at;
  if (kind === 0) from.number();
  else if (kind === 1) {
    from.byte();
    from.limits();
  } else if (kind === 2) from.limits();
  else {
    from.byte();
    from.number();
  }
  return { module, name, kind, type: from.bytes.slice(start, from.at) };
}

function readFunctionType(from: Reader): Uint8Array {
  const start = from.at;
  if (from.byte() !== 0x60) throw new Error("it has types other than functions of plain numbers");
  from.span();
  from.span();
  return from.bytes.slice(start, from.at);
}

/** What is to be other. */
export interface Changes {
  import?(one: CoreImport): Pick<CoreImport, "module" | "name">;
  /** Undefined: it is not exported. */
  export?(one: CoreExport): string | undefined;
  /** What its start function is exported as instead. */
  readonly start?: string;
  /** Of its memory, pages of 64 KiB; its tables get one as well. */
  readonly maximum?: number;
}

/** The sections of a file of WebAssembly, by their numbers. */
export function sectionsOf(
  bytes: Uint8Array,
): readonly { readonly id: number; readonly bytes: Uint8Array }[] {
  const reader = new Reader(bytes);
  reader.at = 8;
  const sections: { readonly id: number; readonly bytes: Uint8Array }[] = [];
  while (!reader.done) sections.push({ id: reader.byte(), bytes: reader.span() });
  return sections;
}

/** A module without what is for debuggers, which may be most of it. */
function stripped(module: Uint8Array): Uint8Array {
  const kept = sectionsOf(module).filter(({ id }) => id !== CUSTOM);
  return joinBytes([module.subarray(0, 8), ...kept.map(({ id, bytes }) => sectionBytes(id, bytes))]);
}

/** A core module of WebAssembly, at the level of its sections. */
export class CoreModule {
  readonly imports: readonly CoreImport[];
  readonly exports: readonly CoreExport[];
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = stripped(bytes);
    this.imports = this.#list(IMPORTS, readImport);
    this.exports = this.#list(EXPORTS, (from) => ({
      name: from.name(),
      kind: from.byte(),
      index: from.number(),
    }));
  }

  has(name: string): boolean {
    return this.exports.some((one) => one.name === name);
  }

  /** Whether its memory has a maximum. */
  get isBounded(): boolean {
    return this.#list(MEMORY, (from) => from.limits().maximum)[0] !== undefined;
  }

  /** Whether it does something as soon as it is there: it is started, or writes to a memory or a table of another's. */
  get acts(): boolean {
    const has = (id: number) => sectionsOf(this.#bytes).some((one) => one.id === id);
    const shares = this.imports.some(({ kind }) => kind === TABLE_KIND || kind === MEMORY_KIND);
    return has(START) || (shares && (has(ELEMENTS) || has(DATA)));
  }

  get starts(): boolean {
    return sectionsOf(this.#bytes).some(({ id }) => id === START);
  }

  /** What it imports and starts: it has no other purpose. */
  get startedImport(): CoreImport | undefined {
    const section = sectionsOf(this.#bytes).find(({ id }) => id === START);
    if (section === undefined) return undefined;
    return this.imports.filter(({ kind }) => kind === FUNCTION)[new Reader(section.bytes).number()];
  }

  get hasData(): boolean {
    return sectionsOf(this.#bytes).some(({ id }) => id === DATA);
  }

  /** Whether a function of its own does nothing but trap: a toolchain's dummy. */
  traps(name: string): boolean {
    const index = this.exports.find((one) => one.name === name && one.kind === FUNCTION)?.index ?? 0;
    const imported = this.imports.filter(({ kind }) => kind === FUNCTION).length;
    const body = this.#list(CODE, (from) => from.span())[index - imported];
    return body?.length === 3 && body[1] === UNREACHABLE;
  }

  /** The type of a function that it imports, as its bytes have it. */
  functionType({ type }: CoreImport): Uint8Array {
    const found = this.#list(TYPES, readFunctionType)[new Reader(type).number()];
    if (found === undefined) throw new Error("it imports a function of no type that it has");
    return found;
  }

  /** Throws where its memory needs more than `maximum` at once. */
  with(changes: Changes): Uint8Array {
    const changed = sectionsOf(this.#bytes)
      .filter(({ id }) => id !== START || changes.start === undefined)
      .map(({ id, bytes }) => sectionBytes(id, this.#changed(id, bytes, changes)));
    return joinBytes([this.#bytes.subarray(0, 8), ...changed]);
  }

  #changed(
    id: number,
    bytes: Uint8Array,
    { import: renamed, export: kept, start, maximum }: Changes,
  ): Uint8Array {
    if (id === IMPORTS && renamed !== undefined) {
      const entries = this.imports.map((one) => {
        const { module, name } = renamed(one);
        return [...named(module), ...named(name), one.kind, ...one.type];
      });
      return new Uint8Array([...unsigned(entries.length), ...entries.flat()]);
    }
    if (id === EXPORTS && kept !== undefined) {
      const entries = this.exports.flatMap((one) => {
        const name = kept(one);
        return name === undefined ? [] : [[...named(name), one.kind, ...unsigned(one.index)]];
      });
      const started = sectionsOf(this.#bytes).find((one) => one.id === START);
      if (start !== undefined && started !== undefined)
        entries.push([...named(start), FUNCTION, ...started.bytes]);
      return new Uint8Array([...unsigned(entries.length), ...entries.flat()]);
    }
    if (id === MEMORY && maximum !== undefined) return bounded(bytes, maximum);
    if (id === TABLE && maximum !== undefined) return boundedTables(bytes);
    return bytes;
  }

  #list<T>(id: number, read: (from: Reader) => T): readonly T[] {
    const section = sectionsOf(this.#bytes).find((one) => one.id === id);
    if (section === undefined) return [];
    const reader = new Reader(section.bytes);
    return Array.from({ length: reader.number() }, () => read(reader));
  }
}

/** Elements that a host lets a module have, where its toolchain says nothing. */
const MAX_ELEMENTS = 65_536;

function boundedTables(section: Uint8Array): Uint8Array {
  const reader = new Reader(section);
  const tables = Array.from({ length: reader.number() }, () => {
    const type = reader.byte();
    const { flags, initial, maximum } = reader.limits();
    return [type, flags | 1, ...unsigned(initial), ...unsigned(maximum ?? Math.max(initial, MAX_ELEMENTS))];
  });
  return new Uint8Array([...unsigned(tables.length), ...tables.flat()]);
}

/** Toolchains of Wasm components leave a memory without a maximum, or give it the largest one that there is. */
function bounded(section: Uint8Array, maximum: number): Uint8Array {
  const reader = new Reader(section);
  if (reader.number() !== 1) throw new Error("it has more than one memory");
  const limits = reader.limits();
  if (limits.initial > maximum)
    throw new Error(
      `its memory begins with ${limits.initial << 16} bytes, where its limit is ${maximum << 16}: raise limits.memory, or link it with a smaller stack`,
    );
  const most = Math.min(limits.maximum ?? maximum, maximum);
  return new Uint8Array([1, limits.flags | 1, ...unsigned(limits.initial), ...unsigned(most)]);
}
