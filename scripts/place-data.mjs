/**
 * Gives the data of the sources their places. The compiler has a segment for each piece of data, whether anything uses it or
 * not, and as they come: small ones behind large ones, where each number that names them is long. Here a first pass over
 * the sources finds out what is used, by a number for each that nothing else is; then what is used stands once, in one piece,
 * before the table, and what is large and empty behind it.
 *
 *   ┌──────┬─────────────────────┬──────┬───────┬──────────────┬──────┐
 *   │ hole │ the compiler's data │ POOL │ TABLE │ large spaces │ heap │
 *   └──────┴─────────────────────┴──────┴───────┴──────────────┴──────┘
 */
const integers = { u8: 1, u16: 2, u32: 4 };

/** Spaces as small as this are left to the compiler. */
const SMALL = 512;

/** Where nothing is that a module could mean: the places of what is not used. */
const NOWHERE = 0x10000000;
const GUARD = 0x1000;

const [codeSection, dataSection, dataCount] = [10, 11, 12];
const [i32Const, endOfCode] = [0x41, 0x0b];

const data = /\bmemory\.data(?:<(u8|u16|u32)>\(\[([^\]]*)\](?:,\s*\d+)?\)|\((\d+)(?:,\s*(\d+))?\))/g;

const aligned = (at, to) => Math.ceil(at / to) * to;

export class Places {
  /** What was found, by its bytes or by where it is. */
  #found = new Map();
  #next = NOWHERE;

  /** Where these bytes, of which there is one copy, are. */
  ofBytes(bytes, align = 1) {
    return this.#place(`${align} ${bytes}`, { bytes, size: bytes.length, align });
  }

  /** The source with its data as numbers. */
  inSource(name, source) {
    let index = 0;
    return source.replace(data, (all, integer, list, size, align) => {
      if (size !== undefined) {
        index += 1;
        if (Number(size) < SMALL) return all;
        return this.#place(`${name} ${index}`, { size: Number(size), align: Number(align ?? 16) });
      }
      const numbers = list
        .split(",")
        .filter((part) => part.trim() !== "")
        .map(Number);
      if (numbers.some(Number.isNaN)) return all;
      const width = integers[integer];
      const bytes = numbers.flatMap((value) =>
        Array.from({ length: width }, (_, i) => (value >>> (8 * i)) & 255),
      );
      return this.ofBytes(bytes, width);
    });
  }

  #place(key, item) {
    if (!this.#found.has(key)) {
      this.#found.set(key, { ...item, at: this.#next });
      this.#next = aligned(this.#next + item.size + GUARD, GUARD);
    }
    return this.#found.get(key).at;
  }

  /** What a module's text names. */
  #used(text) {
    const numbers = new Set();
    for (const [, digits] of text.matchAll(/(?:i32\.const |offset=)-?(\d+)/g)) {
      if (Number(digits) >= NOWHERE - GUARD) numbers.add(Number(digits));
    }
    const sorted = [...numbers].sort((a, b) => a - b);
    // What is computed may be somewhat before or behind it.
    return [...this.#found.values()].filter(({ at, size }) =>
      sorted.some((number) => number >= at - GUARD / 4 && number <= at + size + GUARD / 4),
    );
  }

  /** Settles where all is that this text of a module, compiled with numbers of nowhere, uses. Answers the pool and the heap. */
  settle(text, start, end, behind) {
    const used = this.#used(text);
    let at = start;
    const pool = [];
    for (const item of used.filter(({ bytes }) => bytes !== undefined).sort((a, b) => b.align - a.align)) {
      at = aligned(at, item.align);
      item.at = at;
      pool.push({ at, bytes: item.bytes });
      at += item.size;
    }
    if (at > end) throw new Error(`${at - end} bytes too many before the table`);
    let heap = behind;
    for (const item of used.filter(({ bytes }) => bytes === undefined).sort((a, b) => a.size - b.size)) {
      item.at = aligned(heap, item.align);
      heap = item.at + item.size;
    }
    const bytes = new Uint8Array(at - start);
    for (const item of pool) bytes.set(item.bytes, item.at - start);
    return { bytes, heap };
  }

  /** Throws where a module names what it was taken not to use. */
  check(text) {
    if (this.#used(text).length > 0) throw new Error("data that nothing used before is used");
  }
}

/** The module with another segment of data. */
export function withSegment(module, at, bytes, { sections, sectionBytes, signed, unsigned, WasmReader }) {
  const segment = Buffer.concat([
    Buffer.of(0, i32Const),
    signed(at),
    Buffer.of(endOfCode),
    unsigned(bytes.length),
    bytes,
  ]);
  const found = sections(module);
  const has = found.some(({ id }) => id === dataSection);
  const parts = found.flatMap(({ id, content, start, end }) => {
    const reader = new WasmReader(content);
    if (id === dataCount) return [sectionBytes(id, unsigned(reader.u32() + 1))];
    if (id === dataSection) {
      const count = unsigned(reader.u32() + 1);
      return [sectionBytes(id, Buffer.concat([count, content.subarray(reader.at), segment]))];
    }
    const own = module.subarray(start, end);
    if (id !== codeSection || has) return [own];
    return [own, sectionBytes(dataSection, Buffer.concat([unsigned(1), segment]))];
  });
  return Buffer.concat([module.subarray(0, 8), ...parts]);
}
