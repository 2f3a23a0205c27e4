import { START_EXPORT } from "../../capability/prepared-module.ts";
import { signed } from "../../wasm-sections.ts";
import { guestPlaces, guestSlots, handlerSlots } from "../table-shape.ts";
import { ModuleWriter, type Signature } from "./module-writer.ts";

/** Instances by the names that glue imports them by. */
export const gatewayName = "gateway";
export const guestName = "guest";
export const adapterName = "adapter";

const op = { call: 0x10, get: 0x20, load: 0x29, store: 0x37, memorySize: 0x3f, const: 0x41 } as const;

/** What of a guest may be called, by its place. */
export type Called = Readonly<Record<string, { readonly slot: number; readonly signature: Signature }>>;

/** Of one of our own ABI. */
const called: Called = {
  cap_abi_version: { slot: guestSlots.version, signature: { takes: [], gives: ["i32"] } },
  cap_alloc: { slot: guestSlots.allocate, signature: { takes: ["i32"], gives: ["i32"] } },
  cap_handle: { slot: guestSlots.handle, signature: { takes: ["i32", "i32"], gives: ["i64"] } },
  cap_resume: { slot: guestSlots.resume, signature: { takes: ["i32", "i32"], gives: ["i64"] } },
  _initialize: { slot: guestSlots.initialize, signature: { takes: [], gives: [] } },
};

const nothing: Signature = { takes: [], gives: [] };

/** Of one of http-wasm. */
const handled: Called = {
  handle_request: { slot: handlerSlots.request, signature: { takes: [], gives: ["i64"] } },
  handle_response: { slot: handlerSlots.response, signature: { takes: ["i32", "i32"], gives: [] } },
  [START_EXPORT]: { slot: handlerSlots.start, signature: nothing },
  _initialize: { slot: handlerSlots.initialize, signature: nothing },
  _start: { slot: handlerSlots.initialize, signature: nothing },
};

/** What a guest may import, and what of the gateway answers it: the guest's number comes first there. */
const asked: Readonly<Record<string, { readonly target: string; readonly signature: Signature }>> = {
  log: { target: "guestLog", signature: { takes: ["i32", "i32", "i32"], gives: [] } },
  clock: { target: "guestClock", signature: { takes: [], gives: ["f64"] } },
  random: { target: "guestRandom", signature: { takes: ["i32", "i32"], gives: [] } },
  // Of metered guests: see meter-guest.ts.
  tick: { target: "guestTick", signature: nothing },
  trap: { target: "guestTrap", signature: nothing },
  // Of adapters of http-wasm.
  fail: { target: "guestFail", signature: { takes: ["i32", "i32"], gives: [] } },
};

/**
 * The module that a guest imports of: its functions, each with the guest's number before what the guest says, which so
 * cannot speak for another one. `names` are those that were let in; each of `numbers` is a function that answers it.
 */
export function hostModule(
  guest: number,
  names: readonly string[],
  numbers: Readonly<Record<string, number>> = {},
): Uint8Array {
  const module = new ModuleWriter();
  const found = names.map((name) => {
    const known = asked[name];
    if (known === undefined) throw new Error(`a gateway has no ${name} for guests`);
    const { takes, gives } = known.signature;
    const target = module.importFunction(gatewayName, known.target, { takes: ["i32", ...takes], gives });
    return { name, signature: known.signature, target };
  });
  for (const { name, signature, target } of found) {
    const arguments_ = signature.takes.flatMap((_, i) => [op.get, i]);
    module.export(
      name,
      module.define(signature, [op.const, ...signed(guest), ...arguments_, op.call, target]),
    );
  }
  for (const [name, number] of Object.entries(numbers))
    module.export(name, module.define({ takes: [], gives: ["i32"] }, [op.const, ...signed(number)]));
  return module.finish();
}

/**
 * The module that makes a guest's functions known to the gateway, and reads and writes its memory by eights: the only one that
 * sees it beside the guest. `names` are the functions that the guest exports.
 */
export function glueModule(guest: number, names: readonly string[]): Uint8Array {
  return glue(gatewayName, guestPlaces.first + guest * guestPlaces.each, names, called);
}

/** The same between a guest of http-wasm and its adapter. */
export function adapterGlue(names: readonly string[]): Uint8Array {
  // Of a module that has both, `_initialize` is called.
  const some = names.includes("_initialize") ? names.filter((name) => name !== "_start") : names;
  return glue(adapterName, guestPlaces.first, some, handled);
}

function glue(host: string, first: number, names: readonly string[], functions: Called): Uint8Array {
  const module = new ModuleWriter();
  const place = (slot: number, index: number) => module.place([op.const, ...signed(first + slot)], index);
  module.importTable(host, "table");
  module.importMemory(guestName, "memory");
  for (const name of names) {
    const known = functions[name];
    if (known !== undefined) place(known.slot, module.importFunction(guestName, name, known.signature));
  }
  // Neither needs to be aligned.
  const read = module.define({ takes: ["i32"], gives: ["i64"] }, [op.get, 0, op.load, 0, 0]);
  const write = module.define({ takes: ["i32", "i64"], gives: [] }, [op.get, 0, op.get, 1, op.store, 0, 0]);
  const pages = module.define({ takes: [], gives: ["i32"] }, [op.memorySize, 0]);
  place(guestSlots.read, read);
  place(guestSlots.write, write);
  place(guestSlots.pages, pages);
  return module.finish();
}
