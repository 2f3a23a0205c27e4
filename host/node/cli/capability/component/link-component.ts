import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { Binaryen } from "./binaryen.ts";
import { type ConstantFunction, constantFunctions } from "./constant-functions.ts";
import { type CoreExport, type CoreImport, CoreModule, FUNCTION, sectionsOf } from "./core-module.ts";
import { bare, isPreview1, refusalOf, type World, worlds } from "./worlds.ts";

const CORE_MODULE = 1;
const COMPONENT = 4;

/** What both conventions of names call what a world has besides its functions. */
const ofEach: ReadonlyMap<string, string> = new Map([
  ["memory", "memory"],
  ["cm32p2_memory", "memory"],
  ["cabi_realloc", "realloc"],
  ["cm32p2_realloc", "realloc"],
  ["_initialize", "_initialize"],
  ["cm32p2_initialize", "_initialize"],
]);

/** In the place of what a guest need not have. */
const nothing: ConstantFunction = { name: "nothing", type: new Uint8Array([0x60, 1, 0x7f, 0]) };

/** Beside the build's files for Node, or in `dist/` when the sources run under a test runner. */
const places = ["../adapters/", "../../../../../dist/adapters/"];

async function adapterOf({ adapter }: World): Promise<Uint8Array> {
  const file = places
    .map((place) => new URL(`${place}${adapter}`, import.meta.url))
    .find((url) => existsSync(url));
  if (file === undefined)
    throw new Error(`${adapter} is missing in the package's files; run \`npm run build\``);
  return await readFile(file);
}

/** Whether these bytes are a Wasm component, and no core module. */
export function isComponent(bytes: Uint8Array): boolean {
  return bytes[4] === 0x0d && bytes[6] === 1;
}

interface Found {
  readonly module: CoreModule;
  readonly world: World;
}

/** The one module that has the functions of a world; the others of a component are its plumbing. */
function guestOf(component: Uint8Array): Found {
  const sections = sectionsOf(component);
  for (const { bytes } of sections.filter(({ id }) => id === CORE_MODULE)) {
    const module = new CoreModule(bytes);
    const world = worlds.find(({ guest }) => module.exports.some(({ name }) => guest(name) !== undefined));
    if (world !== undefined) return { module, world };
  }
  const inside = sections
    .filter(({ id }) => id === COMPONENT)
    .some(({ bytes }) => sectionsOf(bytes).some(({ id }) => id === CORE_MODULE));
  if (inside)
    throw new Error("it is composed of several Wasm components: build from the one that has the exports");
  throw new Error(`it exports none of ${worlds.map(({ name }) => name).join(", ")}`);
}

interface Renamed {
  readonly guest: Uint8Array;
  /** What it imports that there is none of. */
  readonly refusals: readonly ConstantFunction[];
}

/** The guest by the names that the adapter, or else a stub, is known by. Throws with all that it wants and nobody has. */
function renamed({ module, world }: Found, adapter: CoreModule, pages: number): Renamed {
  const refusals = new Map<string, ConstantFunction>();
  const place = (one: CoreImport) => {
    const host = one.kind === FUNCTION ? world.host(one) : undefined;
    if (host?.module !== "adapter" || adapter.has(host.name)) return host;
    const does = refusalOf(one);
    if (does === undefined) return undefined;
    const name = `${one.module} ${one.name}`;
    refusals.set(name, { name, type: module.functionType(one), does });
    return { module: "stubs", name };
  };
  const unknown = module.imports.filter((one) => place(one) === undefined);
  if (unknown.length > 0) {
    const names = [...new Set(unknown.map((one) => `${one.module} ${one.name}`))];
    throw new Error(`it imports what a package is not given: ${names.join(", ")}`);
  }
  const guest = module.with({
    import: (one) => place(one) as { module: string; name: string },
    export: ({ name }) => ofEach.get(name) ?? world.guest(name),
    maximum: pages,
  });
  return { guest, refusals: [...refusals.values()] };
}

/**
 * A Wasm component as one core module of the ABI, with a memory of at most so many pages: the module in it that has the world's
 * functions, linked with ours that speaks the canonical ABI to it. Nothing else of the component is taken: no script is made of
 * it, and what comes out is let in, or not, like any module. Throws with what it wants that there is not.
 */
export async function linkComponent(
  component: Uint8Array,
  pages: number,
  folder: string,
): Promise<Uint8Array> {
  return await linked(guestOf(component), pages, folder);
}

/**
 * A module of the ABI as an author's own tools have built it: with a maximum of memory where they gave it none, and with what a
 * language's library wants of WASI. All others are left as they are.
 */
export async function linkModule(bytes: Uint8Array, pages: number, folder: string): Promise<Uint8Array> {
  const module = new CoreModule(bytes);
  if (!module.has("cap_handle")) return module.with({});
  if (module.imports.some(isPreview1)) return await linked({ module, world: bare }, pages, folder);
  return module.with(module.isBounded ? {} : { maximum: pages });
}

async function linked(found: Found, pages: number, folder: string): Promise<Uint8Array> {
  const speaking = new CoreModule(await adapterOf(found.world));
  const { guest, refusals } = renamed(found, speaking, pages);
  const exported = new Set(new CoreModule(guest).exports.map(({ name }) => name));
  for (const name of ["memory", ...found.world.required])
    if (!exported.has(name)) throw new Error(`its module does not export ${name}`);
  const adapter = speaking.with({
    import: ({ module, name }) => {
      if (name === "memory") return { module: "guest", name };
      return module === "guest" && !exported.has(name)
        ? { module: "stubs", name: "nothing" }
        : { module, name };
    },
    export: ({ name }) => (name === "memory" ? undefined : name),
  });
  const binaryen = new Binaryen(folder);
  const merged = await binaryen.merge({ guest, adapter, stubs: constantFunctions([nothing, ...refusals]) });
  const kept = ({ name }: CoreExport) => (/^(memory|_initialize|cap_\w+)$/.test(name) ? name : undefined);
  const whole = new CoreModule(merged).with({ export: kept });
  const made = await binaryen.optimise(whole, [
    "--duplicate-import-elimination",
    "--remove-unused-module-elements",
    ...found.world.passes,
  ]);
  return new CoreModule(made).with({ export: kept });
}
