import { readFileSync } from "node:fs";
import { type Section, sections, WasmReader } from "../../host/wasm-sections.ts";

/** A gateway's file without the Wasm component around it: the module with the memory, the gateway, and what that imports. */
export interface GatewayModules {
  readonly allocator: WebAssembly.Module;
  readonly gateway: WebAssembly.Module;
  /** By the short names of the file: the interface, and the function's name there, or that of the resource that is dropped. */
  readonly imports: ReadonlyMap<string, { readonly from: string; readonly name: string }>;
}

/** Sections of a Wasm component. */
const id = { coreModule: 1, coreInstance: 2, alias: 6, type: 7, canon: 8, import: 10 };
const coreSort = 0;
const functionSort = 1;
const lower = 1;
/** The first option of a function that has a number behind it. */
const numbered = 3;

const text = (reader: WasmReader) => Buffer.from(reader.take(reader.u32())).toString();

function* items({ content }: Section): Generator<WasmReader> {
  const reader = new WasmReader(content);
  for (let left = reader.u32(); left > 0; left -= 1) yield reader;
}

/** Reads the file as scripts/compact-component.mjs writes it. */
export function gatewayModules(file: URL): GatewayModules {
  const modules: WebAssembly.Module[] = [];
  const interfaces: string[] = [];
  /** By their numbers; what is no import's has a place all the same. */
  const functions: { from: string; name: string }[] = [];
  const types: { from: string; name: string }[] = [];
  const core: { from: string; name: string }[] = [];
  const imports = new Map<string, { from: string; name: string }>();
  const nowhere = { from: "", name: "" };

  function readAlias(reader: WasmReader): void {
    const sort = reader.byte();
    const coreKind = sort === coreSort ? reader.byte() : undefined;
    reader.byte();
    const found = { from: interfaces[reader.u32()] ?? "", name: text(reader) };
    if (coreKind === 0) core.push(nowhere);
    else if (sort === functionSort) functions.push(found);
    else if (sort !== coreSort) types.push({ ...found, name: `[resource-drop]${found.name}` });
  }

  function readCanon(reader: WasmReader): void {
    const kind = reader.byte();
    if (kind > lower) return void core.push(types[reader.u32()] ?? nowhere);
    reader.byte();
    const index = reader.u32();
    for (let left = reader.u32(); left > 0; left -= 1) if (reader.byte() >= numbered) reader.u32();
    if (kind === lower) core.push(functions[index] ?? nowhere);
    else reader.u32();
  }

  function readInstance(reader: WasmReader): void {
    const isMade = reader.byte() === 0;
    if (isMade) reader.u32();
    for (let left = reader.u32(); left > 0; left -= 1) {
      const name = text(reader);
      const sort = reader.byte();
      const index = reader.u32();
      if (!isMade && sort === 0) imports.set(name, core[index] ?? nowhere);
    }
  }

  for (const section of sections(readFileSync(file))) {
    if (section.id === id.coreModule) modules.push(new WebAssembly.Module(section.content as BufferSource));
    else if (section.id === id.type) {
      const count = new WasmReader(section.content).u32();
      types.push(...Array.from({ length: count }, () => nowhere));
    } else if (section.id === id.alias) for (const reader of items(section)) readAlias(reader);
    else if (section.id === id.canon) for (const reader of items(section)) readCanon(reader);
    else if (section.id === id.coreInstance) for (const reader of items(section)) readInstance(reader);
    else if (section.id === id.import) {
      for (const reader of items(section)) {
        reader.byte();
        interfaces.push(text(reader));
        reader.byte();
        reader.u32();
      }
    }
  }
  const [gateway, allocator] = modules as [WebAssembly.Module, WebAssembly.Module];
  return { allocator, gateway, imports };
}
