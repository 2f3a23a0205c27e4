import { joinBytes } from "../../join-bytes.ts";
import { sectionBytes, sections, unsigned, WasmFormatError, WasmReader } from "../../wasm-sections.ts";
import { mainModule } from "../bake.ts";
import { gatewayName, glueModule, guestName, hostModule } from "./guest-glue.ts";
import { meterImports } from "./meter-guest.ts";
import { listed, named } from "./module-writer.ts";

/** Sections of a Wasm component. */
const id = { coreModule: 1, coreInstance: 2 } as const;

/** How a core instance is made, and what an argument of that is. */
const form = { instantiate: 0, exports: 1, instance: 0x12 } as const;

/** A guest's module that was let in and counts its steps. */
export interface GuestModule {
  readonly bytes: Uint8Array;
  /** Of `cap_host`. */
  readonly imports: readonly string[];
  /** Functions. */
  readonly exports: readonly string[];
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
export function composeGuests(file: Uint8Array, guests: readonly GuestModule[]): Uint8Array {
  if (guests.length === 0) return file;
  const modules = sections(file).filter((one) => one.id === id.coreModule);
  const { start } = mainModule(file);
  const made = instances(file);
  const gateway = made.indexOf(modules.findIndex((one) => one.start === start));
  if (gateway < 0) throw new WasmFormatError("the Wasm component does not use its module");
  const added = guests.flatMap(({ bytes, imports, exports }, i) => [
    hostModule(i, [...imports, ...meterImports]),
    bytes,
    glueModule(i, exports),
  ]);
  const instantiated = guests.flatMap((_, i) => {
    const module = modules.length + i * 3;
    const first = made.length + i * 3;
    return [
      instance(module, [[gatewayName, gateway]]),
      instance(module + 1, [["cap_host", first]]),
      instance(module + 2, [
        [gatewayName, gateway],
        [guestName, first + 1],
      ]),
    ];
  });
  return joinBytes([
    file,
    ...added.map((module) => sectionBytes(id.coreModule, module)),
    sectionBytes(id.coreInstance, listed(instantiated)),
  ]);
}
