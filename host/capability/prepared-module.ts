import { joinBytes } from "../join-bytes.ts";
import { sectionBytes, unsigned } from "../wasm-sections.ts";
import { WasmReader } from "./module-sections.ts";

const TABLE = 4;
const MEMORY = 5;
const EXPORT = 7;
const START = 8;

/** What a start function is exported as: the host calls it, since a start function of its own sees no memory through imports. */
export const START_EXPORT = "daprlet:start";

type Bytes = Uint8Array<ArrayBuffer>;

/** The one memory or table of a section with at most so much, or its first extent if that is more. */
function bounded(body: Bytes, most: number, isTable: boolean): Bytes {
  const reader = new WasmReader(body);
  // More than one is refused later.
  if (reader.number() !== 1) return body;
  const type = isTable ? [reader.byte()] : [];
  const { initial, maximum = Number.POSITIVE_INFINITY } = reader.extent(isTable ? "table" : "memory");
  const bound = Math.max(initial, Math.min(maximum, most));
  return Uint8Array.from([1, ...type, 1, ...unsigned(initial), ...unsigned(bound)]);
}

/** With one more export: a function of that index, written as a module has it. */
function exporting(body: Bytes, index: Bytes): Bytes {
  const reader = new WasmReader(body);
  const count = unsigned(reader.number() + 1);
  const name = new TextEncoder().encode(START_EXPORT);
  const added = Uint8Array.from([name.length, ...name, 0]);
  return joinBytes([count, body.subarray(reader.at), added, index]);
}

/**
 * A module as the host runs it where toolchains link it as they like: with a maximum of so many pages on its memory and
 * of so many elements on its table, and with its start function exported instead. The bytes need not be a module's: an engine says so then. Throws a GuestFault for half of one.
 */
export function preparedModule(bytes: Bytes, pages: number, elements: number): Bytes {
  const sections: { readonly id: number; readonly body: Bytes }[] = [];
  const reader = new WasmReader(bytes, 8);
  while (!reader.done) sections.push({ id: reader.byte(), body: reader.bytes() });
  const start = sections.find(({ id }) => id === START)?.body;
  const parts = sections.flatMap(({ id, body }) => {
    if (id === START) return [];
    const changed =
      id === MEMORY || id === TABLE
        ? bounded(body, id === TABLE ? elements : pages, id === TABLE)
        : id === EXPORT && start
          ? exporting(body, start)
          : body;
    return sectionBytes(id, changed);
  });
  return joinBytes([bytes.subarray(0, 8), ...parts]);
}
