import { joinBytes } from "../../join-bytes.ts";
import { sectionBytes, sections, unsigned, WasmFormatError, WasmReader } from "../../wasm-sections.ts";
import { mainModule } from "../bake.ts";
import { adapterGlue, adapterName, gatewayName, glueModule, guestName, hostModule } from "./guest-glue.ts";
import { meterImports } from "./meter-guest.ts";
import { listed, named } from "./module-writer.ts";
import { wasiModule, wasiStub } from "./wasi-module.ts";

/** Sections of a Wasm component. */
const id = { coreModule: 1, coreInstance: 2 } as const;

/** How a core instance is made, and what an argument of that is. */
const form = { instantiate: 0, exports: 1, instance: 0x12 } as const;

/** A guest's module that was let in and counts its steps. */
export interface GuestModule {
  readonly bytes: Uint8Array;
  /** Of `cap_host`; of one of http-wasm all, by `module.name`. */
  readonly imports: readonly string[];
  /** Functions. */
  readonly exports: readonly string[];
  /** Of one of http-wasm: what stands between it and the gateway, and numbers that this is told. */
  readonly adapter?: {
    readonly module: Adapter;
    readonly numbers: Readonly<Record<"settings" | "most", number>>;
  };
}

/** The module by which guests of http-wasm are middleware of our own ABI. */
export interface Adapter {
  readonly bytes: Uint8Array;
  readonly exports: readonly string[];
}

/** What it imports of its host beside the numbers. */
const adapterImports = ["log", "clock", "random", "fail"];

/** Modules, and what an instance of each is given: instances by their places among these, or the gateway's. */
interface Composed {
  readonly modules: readonly Uint8Array[];
  readonly given: readonly (readonly (readonly [name: string, instance: number | "gateway"])[])[];
}

function composed(guest: GuestModule, index: number): Composed {
  const { bytes, imports, exports, adapter } = guest;
  if (adapter === undefined)
    return {
      modules: [hostModule(index, [...imports, ...meterImports]), bytes, glueModule(index, exports)],
      given: [
        [[gatewayName, "gateway"]],
        [["cap_host", 0]],
        [
          [gatewayName, "gateway"],
          [guestName, 1],
        ],
      ],
    };
  const { module, numbers } = adapter;
  return {
    modules: [
      hostModule(index, [...adapterImports, ...meterImports], numbers),
      module.bytes,
      wasiStub(imports, new Set(module.exports)),
      bytes,
      adapterGlue(exports),
      glueModule(index, module.exports),
    ],
    given: [
      [[gatewayName, "gateway"]],
      [["cap_host", 0]],
      [[adapterName, 1]],
      [
        ["cap_host", 0],
        ["http_handler", 1],
        [wasiModule, 2],
      ],
      [
        [adapterName, 1],
        [guestName, 3],
      ],
      [
        [gatewayName, "gateway"],
        [guestName, 1],
      ],
    ],
  };
}

/** Which module each core instance is of; undefined: it is made of exports of others. */
function instances(file: Uint8Array): readonly (number | undefined)[] {
  return sections(file)
    .filter((one) => one.id === id.coreInstance)
    .flatMap(({ content }) => {
      const reader = new WasmReader(content);
      return Array.from({ length: reader.u32() }, () => {
        const isMade = reader.byte() === form.instantiate;
        const module = isMade ? reader.u32() : undefined;
        for (let left = reader.u32(); left > 0; left -= 1) {
          reader.take(reader.u32());
          reader.byte();
          reader.u32();
        }
        return module;
      });
    });
}

function instance(module: number, given: readonly (readonly [name: string, instance: number])[]): Uint8Array {
  const parts = given.map(([name, index]) =>
    joinBytes([named(name), Uint8Array.of(form.instance), unsigned(index)]),
  );
  return joinBytes([Uint8Array.of(form.instantiate), unsigned(module), listed(parts)]);
}

/**
 * A gateway's Wasm component with guests in it: each an instance of its own with its own memory, that imports what its shim
 * gives it and nothing else. They stand behind all that is there, so no number of what is there changes. Throws
 * WasmFormatError.
 */
export function composeGuests(file: Uint8Array, guests: readonly (GuestModule | undefined)[]): Uint8Array {
  if (guests.every((guest) => guest === undefined)) return file;
  const modules = sections(file).filter((one) => one.id === id.coreModule);
  const { start } = mainModule(file);
  const made = instances(file);
  const gateway = made.indexOf(modules.findIndex((one) => one.start === start));
  if (gateway < 0) throw new WasmFormatError("the Wasm component does not use its module");
  const added: Uint8Array[] = [];
  const numbers = new Map<Uint8Array, number>();
  const numberOf = (module: Uint8Array) => {
    // Adapters are one module, and so are guests of components that are the same file.
    const known = numbers.get(module) ?? modules.length + added.push(module) - 1;
    numbers.set(module, known);
    return known;
  };
  const instantiated: Uint8Array[] = [];
  for (const [i, guest] of guests.entries()) {
    if (guest === undefined) continue;
    const first = made.length + instantiated.length;
    const parts = composed(guest, i);
    for (const [part, module] of parts.modules.entries()) {
      const given = (parts.given[part] ?? []).map(
        ([name, each]) => [name, each === "gateway" ? gateway : first + each] as const,
      );
      instantiated.push(instance(numberOf(module), given));
    }
  }
  return joinBytes([
    file,
    ...added.map((module) => sectionBytes(id.coreModule, module)),
    sectionBytes(id.coreInstance, listed(instantiated)),
  ]);
}
