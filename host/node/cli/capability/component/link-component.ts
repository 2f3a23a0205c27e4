import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { Binaryen, type Modules } from "./binaryen.ts";
import { CoreExportOf, CoreInstance, HostFunction, type Instantiated } from "./component-instances.ts";
import { type CoreImport, CoreModule } from "./core-module.ts";
import { exportedFunctions, growth, shared, takesOne } from "./exported-functions.ts";
import { ComponentInstantiation } from "./instantiate-component.ts";
import { LinkedModules } from "./linked-modules.ts";
import { bare, isPreview1, type Place } from "./worlds.ts";

/** Beside the build's files for Node, or in `dist/` when the sources run under a test runner. */
const places = ["../adapters/", "../../../../../dist/adapters/"];

async function adapterOf(adapter: string): Promise<CoreModule> {
  const file = places
    .map((place) => new URL(`${place}${adapter}`, import.meta.url))
    .find((url) => existsSync(url));
  if (file === undefined)
    throw new Error(`${adapter} is missing in the package's files; run \`npm run build\``);
  return new CoreModule(await readFile(file));
}

/** All that a guest's modules do as they come into being is done in here, where they may call the host already. */
const INITIALIZE = "_initialize";

const ONCE = "cap_once";

/** What becomes one module. */
interface Parts {
  readonly linked: LinkedModules;
  /** Ours. */
  readonly adapters: Modules;
  /** What it exports, by what that is called once the modules are merged. */
  readonly names: ReadonlyMap<string, string>;
  /** Of binaryen. */
  readonly passes: readonly string[];
}

async function joined(parts: Parts, pages: number, folder: string): Promise<Uint8Array> {
  const { linked, adapters, names, passes } = parts;
  const binaryen = new Binaryen(folder);
  const merged = new CoreModule(await binaryen.merge({ ...linked.modules(pages), ...adapters }));
  const { started } = linked;
  if (merged.starts && started !== undefined) throw new Error("it starts more than one of its modules");
  const named = new Map(names);
  if (started !== undefined) named.set(started.name, INITIALIZE);
  const whole = merged.with({ export: ({ name }) => named.get(name), start: INITIALIZE });
  const made = await binaryen.optimise(linked.sharesGlobals ? await binaryen.withoutGlobals(whole) : whole, [
    "--duplicate-import-elimination",
    "--remove-unused-module-elements",
    ...passes,
  ]);
  const kept = new Set([...named.values(), INITIALIZE]);
  return new CoreModule(made).with({ export: ({ name }) => (kept.has(name) ? name : undefined) });
}

/**
 * A Wasm component as one core module of the ABI, with a memory of at most so many pages: the modules in it that its functions
 * take, linked with ours that speaks the canonical ABI to them. Nothing else of the component is taken: no script is made of
 * it, and what comes out is let in, or not, like any module. Throws with what it wants that there is not.
 */
export async function linkComponent(
  component: Uint8Array,
  pages: number,
  folder: string,
): Promise<Uint8Array> {
  const all: Instantiated = { instances: [], lowered: [] };
  const exported = exportedFunctions(new ComponentInstantiation(component, all).exports);
  const { world, functions } = exported;
  const speaking = await adapterOf(world.adapter);
  const linked = new LinkedModules(all, world, speaking);
  const guest = shared(exported, all);
  const [memory, allocator] = [linked.export(guest.memory), linked.export(guest.realloc)];
  const growing = growth(guest.realloc, all);
  const library = growing === undefined ? undefined : linked.export(growing);
  const once = takesOne(functions);
  const given = (one: CoreImport): Place => {
    const { module, name } = one;
    if (name === "memory") return memory;
    // Code that calls through tables, as an engine's does, cannot be unwound in part: it traps where it would wait.
    if (module === "asyncify" && once) return linked.trap(speaking, one);
    if (module !== "guest") return { module, name };
    if (name === "library") return library ?? allocator;
    if (name === "allocator") return allocator;
    if (name === "realloc") return library === undefined ? allocator : { module: "growing", name };
    const found = functions.get(name.replace(/^post-/, ""));
    const item = name.startsWith("post-") ? found?.options.post : found?.core;
    return item === undefined ? { module: "stubs", name: "nothing" } : linked.export(item);
  };
  const notMemory = ({ name }: { readonly name: string }) => (name === "memory" ? undefined : name);
  const adapter = speaking.with({ import: given, export: notMemory });
  const adapters =
    library === undefined
      ? {}
      : { growing: (await adapterOf("growing.wasm")).with({ import: given, export: notMemory }) };
  const own = speaking.exports.map(({ name }) => name).filter((name) => /^cap_/.test(name));
  const names = own.filter((name) => once || name !== ONCE).map((name): [string, string] => [name, name]);
  const parts = {
    linked,
    adapters: { ...adapters, adapter },
    names: new Map([...names, [memory.name, "memory"]]),
    passes: world.passes(once),
  };
  return await joined(parts, pages, folder);
}

/**
 * A module of the ABI as an author's own tools have built it: with a maximum of memory where they gave it none, and with what a
 * language's library wants of WASI. All others are left as they are.
 */
export async function linkModule(bytes: Uint8Array, pages: number, folder: string): Promise<Uint8Array> {
  const module = new CoreModule(bytes);
  if (!module.has("cap_handle")) return module.with({});
  if (!module.imports.some(isPreview1)) return module.with(module.isBounded ? {} : { maximum: pages });
  const given = new Map<string, Map<string, HostFunction>>();
  for (const one of module.imports) {
    const names = given.get(one.module) ?? new Map<string, HostFunction>();
    given.set(one.module, names.set(one.name, new HostFunction(one.module, one.name)));
  }
  const instance = new CoreInstance(module, given);
  const speaking = await adapterOf(bare.adapter);
  const linked = new LinkedModules({ instances: [instance], lowered: [] }, bare, speaking);
  if (!module.has("memory")) throw new Error("its module does not export memory");
  const names = module.exports
    .map(({ name }) => name)
    .filter((name) => /^(memory|_initialize|cap_\w+)$/.test(name))
    .map((name): [string, string] => [linked.export(new CoreExportOf(instance, name)).name, name]);
  const memory = linked.export(new CoreExportOf(instance, "memory"));
  const adapter = speaking.with({
    import: (one) => (one.name === "memory" ? memory : one),
    export: ({ name }) => (name === "memory" ? undefined : name),
  });
  return await joined({ linked, adapters: { adapter }, names: new Map(names), passes: [] }, pages, folder);
}
