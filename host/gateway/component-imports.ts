import { isComponent, sections, WasmFormatError, WasmReader } from "../wasm-sections.ts";

/** The section of a Wasm component that has its imports, and what marks one that is an instance. */
const importSection = 10;
const instance = 5;

/**
 * The interfaces that a gateway's Wasm component imports, such as `wasi:http/types@0.2.12`. Throws WasmFormatError where
 * it imports anything but interfaces.
 */
export function importedInterfaces(file: Uint8Array): readonly string[] {
  if (!isComponent(file)) throw new WasmFormatError("the file is no Wasm component");
  const decoder = new TextDecoder();
  return sections(file)
    .filter(({ id }) => id === importSection)
    .flatMap(({ content }) => {
      const reader = new WasmReader(content);
      return Array.from({ length: reader.u32() }, () => {
        reader.byte();
        const name = decoder.decode(reader.take(reader.u32()));
        if (reader.byte() !== instance)
          throw new WasmFormatError(`${name} is imported, which is no interface`);
        reader.u32();
        return name;
      });
    });
}
