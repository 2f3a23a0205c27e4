import { joinBytes } from "../join-bytes.ts";
import { WasmReader } from "./module-sections.ts";

const MEMORY = 5;
const EXPORT = 7;
const START = 8;

/** What a start function is exported as: the host calls it, since a start function of its own sees no memory through imports. */
export const START_EXPORT = "daprlet:start";

/** A number as LEB128. */
function leb(number: number): number[] {
  const bytes: number[] = [];
  for (let left = number; ; left = Math.floor(left / 128)) {
    if (left < 128) return [...bytes, left];
    bytes.push((left % 128) + 128);
  }
}

type Bytes = Uint8Array<ArrayBuffer>;

/** At most so many pages, or its first ones if they are more. */
function bounded(body: Bytes, pages: number): Bytes {
  const reader = new WasmReader(body);
  // More than one is refused later.
  if (reader.number() !== 1) return body;
  const { initial, maximum } = reader.extent("memory");
  const most = Math.max(initial, pages);
  return maximum !== undefined && maximum <= most
    ? body
    : Uint8Array.from([1, 1, ...leb(initial), ...leb(most)]);
}

/** With one more export: a function of that index, written as a module has it. */
function exporting(body: Bytes, index: Bytes): Bytes {
  const reader = new WasmReader(body);
  const count = Uint8Array.from(leb(reader.number() + 1));
  const name = new TextEncoder().encode(START_EXPORT);
  const added = Uint8Array.from([name.length, ...name, 0]);
  return joinBytes([count, body.subarray(reader.at), added, index]);
}

/**
 * A module as the host runs it where toolchains link it as they like: with a maximum of so many pages on its memory, and with its
 * start function exported instead. The bytes need not be a module's: an engine says so then. Throws a GuestFault for half of one.
 */
export function preparedModule(bytes: Bytes, pages: number): Bytes {
  const sections: { readonly id: number; readonly body: Bytes }[] = [];
  const reader = new WasmReader(bytes, 8);
  while (!reader.done) sections.push({ id: reader.byte(), body: reader.bytes() });
  const start = sections.find(({ id }) => id === START)?.body;
  const parts = sections.flatMap(({ id, body }) => {
    if (id === START) return [];
    const changed =
      id === MEMORY ? bounded(body, pages) : id === EXPORT && start ? exporting(body, start) : body;
    return [Uint8Array.from([id, ...leb(changed.length)]), changed];
  });
  return joinBytes([bytes.subarray(0, 8), ...parts]);
}
