import { unsigned, WasmFormatError, type WasmReader } from "../../wasm-sections.ts";

/** What follows an instruction's number. */
type Immediates = (reader: WasmReader) => void;

/** A number in LEB128 of any width. */
const leb: Immediates = (reader) => {
  while (reader.byte() >= 0x80);
};
const bytes =
  (count: number): Immediates =>
  (reader) => {
    reader.take(count);
  };
const all =
  (...parts: readonly Immediates[]): Immediates =>
  (reader) => {
    for (const part of parts) part(reader);
  };
const list: Immediates = (reader) => {
  for (let left = reader.u32(); left > 0; left -= 1) leb(reader);
};
const nothing: Immediates = () => undefined;
/** Alignment and offset: there is one memory, and it has 32 bits. */
const place = all(leb, leb);

/** By ranges of numbers, the last that begins at or below one counts. */
const plain: readonly (readonly [first: number, last: number, immediates: Immediates])[] = [
  [0x00, 0x01, nothing],
  [0x02, 0x04, leb],
  [0x05, 0x05, nothing],
  [0x0b, 0x0b, nothing],
  [0x0c, 0x0d, leb],
  [0x0e, 0x0e, all(list, leb)],
  [0x0f, 0x0f, nothing],
  [0x10, 0x10, leb],
  [0x11, 0x11, all(leb, leb)],
  [0x12, 0x12, leb],
  [0x13, 0x13, all(leb, leb)],
  [0x1a, 0x1b, nothing],
  [0x1c, 0x1c, list],
  [0x20, 0x26, leb],
  [0x28, 0x3e, place],
  [0x3f, 0x42, leb],
  [0x43, 0x43, bytes(4)],
  [0x44, 0x44, bytes(8)],
  [0x45, 0xc4, nothing],
  [0xd0, 0xd0, leb],
  [0xd1, 0xd1, nothing],
  [0xd2, 0xd2, leb],
];

/** Of `memory.copy` and its like, behind 0xfc. */
const bulk: typeof plain = [
  [0, 7, nothing],
  [8, 8, all(leb, leb)],
  [9, 9, leb],
  [10, 10, all(leb, leb)],
  [11, 11, leb],
  [12, 12, all(leb, leb)],
  [13, 13, leb],
  [14, 14, all(leb, leb)],
  [15, 17, leb],
];

/** Of vectors, behind 0xfd. */
const vectors: typeof plain = [
  [0, 11, place],
  [12, 13, bytes(16)],
  [14, 20, nothing],
  [21, 34, bytes(1)],
  [35, 83, nothing],
  [84, 91, all(place, bytes(1))],
  [92, 93, place],
  [94, 275, nothing],
];

const prefixes: ReadonlyMap<number, typeof plain> = new Map([
  [0xfc, bulk],
  [0xfd, vectors],
]);

export const opcodes = {
  unreachable: 0x00,
  loop: 0x03,
  end: 0x0b,
  call: 0x10,
  returnCall: 0x12,
  refFunc: 0xd2,
  bulk: 0xfc,
} as const;

/** An instruction that was passed: its number, the one behind a prefix, and where its immediates begin. */
export interface Passed {
  readonly opcode: number;
  readonly sub: number;
  readonly start: number;
  readonly immediates: number;
}

/** Passes one instruction. Throws WasmFormatError for one that is not known here. */
export function passInstruction(reader: WasmReader): Passed {
  const start = reader.at;
  const opcode = reader.byte();
  const table = prefixes.get(opcode);
  const sub = table === undefined ? opcode : reader.u32();
  const immediates = reader.at;
  const known = (table ?? plain).find(([first, last]) => sub >= first && sub <= last);
  if (known === undefined) {
    const name = `0x${opcode.toString(16)}${table === undefined ? "" : ` ${sub}`}`;
    throw new WasmFormatError(`it has the instruction ${name}, which a gateway does not know`);
  }
  known[2](reader);
  return { opcode, sub, start, immediates };
}

/** Instructions up to the `end` of an expression, with other numbers for functions: `renumbered` has them. */
export function renumberExpression(
  reader: WasmReader,
  content: Uint8Array,
  renumbered: (index: number) => number,
): readonly Uint8Array[] {
  const parts: Uint8Array[] = [];
  for (;;) {
    const { opcode, start, immediates } = passInstruction(reader);
    if (opcode === opcodes.refFunc) {
      const end = reader.at;
      reader.at = immediates;
      parts.push(content.subarray(start, immediates), unsigned(renumbered(reader.u32())));
      reader.at = end;
    } else parts.push(content.subarray(start, reader.at));
    if (opcode === opcodes.end) return parts;
  }
}
