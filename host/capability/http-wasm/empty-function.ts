import { WasmReader } from "../module-sections.ts";

const IMPORT = 2;
const EXPORT = 7;
const CODE = 10;
const FUNCTION = 0;

const NOP = 0x01;
const END = 0x0b;

/** Whether an exported function of a module that was let in does nothing at all. */
export function isEmptyFunction(bytes: Uint8Array<ArrayBuffer>, name: string): boolean {
  const reader = new WasmReader(bytes, 8);
  let imported = 0;
  let index: number | undefined;
  while (!reader.done) {
    const id = reader.byte();
    const section = new WasmReader(reader.bytes());
    // Whoever was let in imports nothing but functions.
    if (id === IMPORT) imported = section.number();
    if (id === EXPORT) index = exported(section, name);
    if (id === CODE) return index !== undefined && index >= imported && isEmpty(section, index - imported);
  }
  return false;
}

function exported(section: WasmReader, wanted: string): number | undefined {
  for (let left = section.number(); left > 0; left -= 1) {
    const name = section.name();
    const kind = section.byte();
    const index = section.number();
    if (name === wanted && kind === FUNCTION) return index;
  }
  return undefined;
}

function isEmpty(section: WasmReader, index: number): boolean {
  section.number();
  for (let i = 0; i < index; i += 1) section.bytes();
  const body = section.bytes();
  const reader = new WasmReader(body);
  for (let groups = reader.number(); groups > 0; groups -= 1) {
    reader.number();
    reader.byte();
  }
  const code = body.subarray(reader.at);
  return code.every((byte, i) => byte === (i === code.length - 1 ? END : NOP));
}
