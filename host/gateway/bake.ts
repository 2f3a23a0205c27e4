import { joinBytes } from "../join-bytes.ts";
import {
  isComponent,
  isModule,
  type Section,
  sectionBytes,
  sections,
  signed,
  unsigned,
  WasmFormatError,
  WasmReader,
} from "../wasm-sections.ts";
import { decodeTable, TABLE, TABLE_END } from "./table.ts";
import type { GatewayTable } from "./table-shape.ts";

/** Sections of a module, and the one of a Wasm component that holds a module. */
const id = { import: 2, memory: 5, data: 11, dataCount: 12, coreModule: 1 };

const imported = { function: 0, memory: 2 };

const opcode = { globalGet: 0x23, i32Const: 0x41, end: 0x0b };

const PAGE = 65_536;

/** A data segment with its head, as it stands in the module. */
interface Segment {
  readonly raw: Uint8Array;
  /** Where in memory it begins; undefined: nobody knows before it runs. */
  readonly offset: number | undefined;
  readonly data: Uint8Array;
}

function readSegment(content: Uint8Array, reader: WasmReader): Segment {
  const start = reader.at;
  const flags = reader.u32();
  if (flags > 2) throw new WasmFormatError(`a data segment of kind ${flags}`);
  if (flags === 2) reader.u32();
  let offset: number | undefined;
  if (flags !== 1) {
    const code = reader.byte();
    if (code === opcode.i32Const) offset = reader.s32();
    else if (code === opcode.globalGet) reader.u32();
    else throw new WasmFormatError("a data segment whose place is computed");
    if (reader.byte() !== opcode.end) throw new WasmFormatError("a data segment whose place is computed");
  }
  const data = reader.take(reader.u32());
  return { raw: content.subarray(start, reader.at), offset, data };
}

function segments(module: Uint8Array): readonly Segment[] {
  const content = sections(module).find((section) => section.id === id.data)?.content;
  if (content === undefined) return [];
  const reader = new WasmReader(content);
  return Array.from({ length: reader.u32() }, () => readSegment(content, reader));
}

const inHole = ({ offset }: Segment) => offset !== undefined && offset >= TABLE && offset < TABLE_END;

/** A module's memory as it starts, in bytes, where it imports that; 0 where it does not. */
function importedMemory(content: Uint8Array): number {
  const reader = new WasmReader(content);
  for (let left = reader.u32(); left > 0; left -= 1) {
    // Its module, and its name there.
    for (let name = 0; name < 2; name += 1) reader.take(reader.u32());
    const kind = reader.byte();
    if (kind === imported.memory) return limit(reader);
    if (kind !== imported.function)
      throw new WasmFormatError("a module that imports neither functions nor a memory");
    reader.u32();
  }
  return 0;
}

function limit(reader: WasmReader): number {
  reader.byte();
  return reader.u32() * PAGE;
}

/** A module's memory as it starts, in bytes; 0 where it has none. */
function memorySize(module: Uint8Array): number {
  const parts = sections(module);
  const own = parts.find((section) => section.id === id.memory);
  if (own !== undefined) {
    const reader = new WasmReader(own.content);
    return reader.u32() === 0 ? 0 : limit(reader);
  }
  const imports = parts.find((section) => section.id === id.import);
  return imports === undefined ? 0 : importedMemory(imports.content);
}

/** The module with this table where the one before was, or none yet. */
function bakeModule(module: Uint8Array, written: Uint8Array): Uint8Array {
  const found = segments(module);
  if (found.some((segment) => inHole(segment) && segment.offset !== TABLE)) {
    throw new WasmFormatError("the place of the table is taken");
  }
  const kept = found.filter((segment) => !inHole(segment)).map(({ raw }) => raw);
  const place = [[0, opcode.i32Const], signed(TABLE), [opcode.end], unsigned(written.length)];
  const own = joinBytes([...place.map((part) => Uint8Array.from(part)), written]);
  const count = unsigned(kept.length + 1);
  const data = sectionBytes(id.data, joinBytes([count, ...kept, own]));
  const all = sections(module);
  const parts = [module.subarray(0, 8)];
  for (const section of all) {
    if (section.id === id.dataCount) parts.push(sectionBytes(id.dataCount, count));
    else if (section.id !== id.data) parts.push(module.subarray(section.start, section.end));
    // What is behind the code may be custom sections only.
    if (section.id === 10) parts.push(data);
  }
  return joinBytes(parts);
}

/** The module of a Wasm component that has data: the others have the memory, or only pass calls on. */
export function mainModule(component: Uint8Array): Section {
  const found = sections(component).find(
    ({ id: kind, content }) =>
      kind === id.coreModule && isModule(content) && sections(content).some((part) => part.id === id.data),
  );
  if (found === undefined) throw new WasmFormatError("the Wasm component has no module with data");
  return found;
}

function checked(file: Uint8Array): Uint8Array {
  if (!isComponent(file)) throw new WasmFormatError("the file is no Wasm component");
  return file;
}

/** A gateway's Wasm component with a table inside; one that it has already is replaced. Throws WasmFormatError. */
export function bake(file: Uint8Array, written: Uint8Array): Uint8Array {
  const section = mainModule(checked(file));
  if (memorySize(section.content) < TABLE_END) {
    throw new WasmFormatError(
      "the Wasm component leaves no room for a table: it is no gateway of this version",
    );
  }
  const module = sectionBytes(id.coreModule, bakeModule(section.content, written));
  return joinBytes([file.subarray(0, section.start), module, file.subarray(section.end)]);
}

/** The bytes of the table inside, undefined where there is none yet. Throws WasmFormatError. */
export function bakedTable(file: Uint8Array): Uint8Array | undefined {
  return segments(mainModule(checked(file)).content).find(({ offset }) => offset === TABLE)?.data;
}

/** What the table inside says, undefined where there is none. Throws WasmFormatError. */
export function bakedConfiguration(file: Uint8Array): GatewayTable | undefined {
  const written = bakedTable(file);
  if (written === undefined) return undefined;
  let decoded: GatewayTable | undefined;
  try {
    decoded = decodeTable(written);
  } catch {
    throw new WasmFormatError("the configuration inside is broken");
  }
  if (decoded === undefined)
    throw new WasmFormatError("the configuration inside is of another version of daprlet");
  return decoded;
}
