import { GuestFault } from "./guest-fault.ts";

/** Wasm's numbers in, one or none out; those of 64 bits are BigInts. */
export type HostFunction = (...numbers: never[]) => number | bigint | undefined;

/** The imports of a module, by `module.name`, as an object of objects, each with names of its own only. */
export function importObject(
  names: readonly string[],
  functions: ReadonlyMap<string, HostFunction>,
): WebAssembly.Imports {
  const modules: Record<string, Record<string, WebAssembly.ImportValue>> = Object.create(null);
  for (const name of names) {
    const dot = name.indexOf(".");
    const module = name.slice(0, dot);
    const known = functions.get(name);
    if (known === undefined)
      throw new GuestFault("refused", `it imports ${name}, which the ABI does not have`);
    modules[module] ??= Object.create(null) as Record<string, WebAssembly.ImportValue>;
    (modules[module] as Record<string, WebAssembly.ImportValue>)[name.slice(dot + 1)] = known;
  }
  return modules;
}
