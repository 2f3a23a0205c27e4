import { type Family, families } from "./component.ts";
import { familyOf } from "./open-component.ts";
import type { Definitions, Registry } from "./registry.ts";

/**
 * A host's components and an author's own, what `defineStore` and its like answer. One of a type that the host has comes
 * before the host's. Throws an Error for a type of no family.
 */
export function extendRegistry(registry: Registry, own: readonly Definitions[Family][]): Registry {
  const extended: Partial<Record<Family, readonly unknown[]>> = { ...registry };
  for (const definition of own) {
    const family = familyOf(definition.type);
    if (family === undefined) {
      throw new Error(`type ${definition.type} begins with none of ${families.join(", ")}`);
    }
    extended[family] = [definition, ...(extended[family] ?? [])];
  }
  return extended as Registry;
}

/** The same with others that come and go while it runs; each stays the same object for as long as it is the same. */
export function growingRegistry(registry: Registry, own: () => readonly Definitions[Family][]): Registry {
  const grown: Registry = {};
  for (const family of families) {
    Object.defineProperty(grown, family, {
      enumerable: true,
      get: () => extendRegistry(registry, own())[family],
    });
  }
  return grown;
}
