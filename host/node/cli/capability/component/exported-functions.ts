import {
  type ComponentItem,
  CoreExportOf,
  type CoreItem,
  type Instantiated,
  Lifted,
} from "./component-instances.ts";
import { type World, worlds } from "./worlds.ts";

/** What both conventions of names call what a guest's module has besides its functions. */
const memories = ["memory", "cm32p2_memory"];
const allocators = ["cabi_realloc", "cm32p2_realloc"];

/** Functions of a component that a world has, by what the adapter calls them. */
export interface Exported {
  readonly world: World;
  readonly functions: ReadonlyMap<string, Lifted>;
}

export function exportedFunctions(exports: ReadonlyMap<string, ComponentItem>): Exported {
  for (const [name, item] of exports) {
    const world = worlds.find(({ exports: face }) => face.test(name));
    if (world === undefined || !(item instanceof Map)) continue;
    const functions = new Map(
      [...item].filter((entry): entry is [string, Lifted] => entry[1] instanceof Lifted),
    );
    for (const [called, { options }] of functions)
      if (options.async)
        throw new Error(
          `its function ${called} is asynchronous: build it without (componentize-qjs: --sync)`,
        );
    for (const called of world.required)
      if (!functions.has(called)) throw new Error(`its ${name} has no function ${called}`);
    return { world, functions };
  }
  throw new Error(`it exports none of ${worlds.map(({ name }) => name).join(", ")}`);
}

/** The guest's memory and allocator: what its functions say, or what is theirs all the same. */
export function shared(
  { functions, world }: Exported,
  all: Instantiated,
): Readonly<Record<"memory" | "realloc", CoreItem>> {
  const main = functions.get(world.required[0] ?? "");
  const options = [...functions.values()].map((one) => one.options).concat(all.lowered);
  const own = (names: readonly string[]) => {
    const core = main?.core;
    if (!(core instanceof CoreExportOf)) return undefined;
    const name = names.find((one) => core.instance.module.has(one));
    return name === undefined ? undefined : new CoreExportOf(core.instance, name);
  };
  const memory = main?.options.memory ?? own(memories) ?? options.find((one) => one.memory)?.memory;
  const realloc = main?.options.realloc ?? own(allocators) ?? options.find((one) => one.realloc)?.realloc;
  if (memory === undefined) throw new Error("its module does not export memory");
  if (realloc === undefined) throw new Error("its module does not export cabi_realloc");
  return { memory, realloc };
}

/** Whether an instance takes one request only: componentize-js has one event of `fetch` in each. */
export function takesOne(functions: Exported["functions"]): boolean {
  const core = functions.get("handle")?.core;
  return core instanceof CoreExportOf && core.instance.module.has("check_init");
}

/** A C library's own, where it is a module apart: what Python's allocator gave out grows by it. */
export function growth(realloc: CoreItem, all: Instantiated): CoreItem | undefined {
  const own = realloc instanceof CoreExportOf ? realloc.instance : undefined;
  const library = all.instances.find(({ module }) => module.has("malloc") && module.has("realloc"));
  return library === undefined || library === own ? undefined : new CoreExportOf(library, "realloc");
}
