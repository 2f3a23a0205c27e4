import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { Family } from "../../components/component.ts";
import { extendRegistry } from "../../components/extend-registry.ts";
import type { Definitions, Registry } from "../../components/registry.ts";
import { reasonOf } from "../../errors/reason-of.ts";
import { nodeRegistry } from "../registry.ts";
import { type Given, UsageError } from "./arguments.ts";

type OwnDefinition = Definitions[Family];

function isDefinition(value: unknown): value is OwnDefinition {
  if (typeof value !== "object" || value === null) return false;
  const { type, version, metadata, features, open } = value as Partial<OwnDefinition>;
  const whole = typeof metadata === "object" && Array.isArray(features) && typeof open === "function";
  return whole && typeof type === "string" && typeof version === "string";
}

/** What `--components-module` adds to the components of Node: each definition that a module exports. Throws UsageError. */
export async function componentModules(given: Given): Promise<{ readonly registry?: Registry }> {
  const paths = given.paths("components-module");
  if (paths.length === 0) return {};
  const own: OwnDefinition[] = [];
  for (const path of paths) {
    const refuse = (what: string) => new UsageError(`--components-module ${path} ${what}`);
    const exported: unknown[] = await import(pathToFileURL(resolve(path)).href).then(
      (module: object) => Object.values(module),
      (error: unknown) => {
        throw refuse(`cannot be loaded: ${reasonOf(error)}`);
      },
    );
    const found = exported.flat().filter(isDefinition);
    if (found.length === 0)
      throw refuse("exports no component: export what defineStore, or its like, answers");
    own.push(...found);
  }
  try {
    return { registry: extendRegistry(nodeRegistry, own) };
  } catch (error) {
    throw new UsageError(`--components-module: ${reasonOf(error)}`);
  }
}
