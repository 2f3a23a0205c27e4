import type { AdmittedModule } from "./admission.ts";
import { GuestFault } from "./guest-fault.ts";
import { importObject } from "./import-object.ts";
import { moduleSections } from "./module-sections.ts";

/**
 * Refuses a module that does anything by merely being there, or that no instance can be made of, where that would end more than
 * its own calls: one with a start function, or with data outside of its memory. Nothing of it runs here.
 */
export async function mustSettle({ bytes, module, imports }: AdmittedModule): Promise<void> {
  if (moduleSections(bytes).hasStart) {
    throw new GuestFault(
      "refused",
      "it has a start function, which would run before every request: let it be _initialize",
    );
  }
  // None of them is called.
  const functions = new Map(imports.map((name) => [name, () => 0]));
  try {
    await WebAssembly.instantiate(module, importObject(imports, functions));
  } catch {
    throw new GuestFault(
      "refused",
      "no instance can be made of it: its data or its table is larger than its room",
    );
  }
}
