import type { Modules } from "./binaryen.ts";
import {
  CoreExportOf,
  CoreInstance,
  type CoreItem,
  type Instantiated,
  Unavailable,
} from "./component-instances.ts";
import { type ConstantFunction, constantFunctions } from "./constant-functions.ts";
import { type CoreImport, type CoreModule, FUNCTION, GLOBAL } from "./core-module.ts";
import { type Place, preview1, refusalOf, type World } from "./worlds.ts";

/** In the place of what a guest need not have. */
const nothing: ConstantFunction = { name: "nothing", type: new Uint8Array([0x60, 1, 0x7f, 0]) };

/** The table through which a toolchain's shim calls what is there only later, and who fills it. */
const SHIM_TABLE = "$imports";

/** What only the adapter of preview 1 exports that toolchains add. Ours is in its place. */
const PREVIEW1_ADAPTER = "cabi_import_realloc";

/** A module with others' functions in the places of all that it imports. */
interface Linked {
  readonly name: string;
  readonly places: ReadonlyMap<CoreImport, Place>;
}

/**
 * The modules of a component that are needed for some functions of it, each with a name, and what each import of theirs is: an export of another,
 * a function of the adapter or of the host, or a stub.
 */
export class LinkedModules {
  readonly #all: Instantiated;
  readonly #world: World;
  readonly #adapter: CoreModule;
  /** Undefined while what one imports is being found. */
  readonly #linked = new Map<CoreInstance, Linked | undefined>();
  readonly #used = new Set<string>();
  readonly #stubs = new Map<string, ConstantFunction>([["nothing", nothing]]);
  readonly #missing = new Set<string>();
  #started: Place | undefined;

  constructor(all: Instantiated, world: World, adapter: CoreModule) {
    this.#all = all;
    this.#world = world;
    this.#adapter = adapter;
  }

  /** What the adapter imports of the guest. */
  export(item: CoreItem): Place {
    const found = this.#found(item);
    if (!(found instanceof CoreExportOf))
      throw new Error("it exports what is no function of a module of its own");
    return this.#exportOf(found);
  }

  /** In the place of what a module of ours imports, and must not be called. */
  trap(module: CoreModule, one: CoreImport): Place {
    return this.#stub(module, one, "trap");
  }

  get sharesGlobals(): boolean {
    return [...this.#linked.keys()].some(({ module }) => module.imports.some(({ kind }) => kind === GLOBAL));
  }

  /** What a module of its own does no more than start. binaryen keeps no such module. */
  get started(): Place | undefined {
    return this.#started;
  }

  /** Throws with all that they want and nobody has. `pages`: of their memory, at most. */
  modules(pages: number): Modules {
    this.#reachActing();
    if (this.#missing.size > 0)
      throw new Error(`it imports what a package is not given: ${[...this.#missing].join(", ")}`);
    const modules = this.#all.instances.flatMap((instance): [string, Uint8Array][] => {
      const linked = this.#linked.get(instance);
      return linked === undefined ? [] : [[linked.name, this.#bytesOf(instance, linked, pages)]];
    });
    return { ...Object.fromEntries(modules), stubs: constantFunctions([...this.#stubs.values()]) };
  }

  /** What acts on those that are needed as it comes into being, and on what is needed for that. */
  #reachActing(): void {
    const acting = this.#all.instances.filter((one) => one.module.acts && !fills(one));
    const touches = (one: CoreInstance) =>
      one.module.imports.some((each) => {
        const item = itemOf(one, each);
        return item instanceof CoreExportOf && this.#linked.has(item.instance);
      });
    for (;;) {
      const next = acting.find((one) => !this.#linked.has(one) && touches(one));
      if (next === undefined) return;
      const started = next.module.startedImport;
      if (started === undefined) this.#reach(next);
      else this.#start(next, started, acting);
    }
  }

  #start(instance: CoreInstance, started: CoreImport, acting: CoreInstance[]): void {
    if (this.#started !== undefined) throw new Error("it starts more than one of its modules");
    this.#started = this.#given(instance, started);
    acting.splice(acting.indexOf(instance), 1);
  }

  #bytesOf({ module }: CoreInstance, { name: own, places }: Linked, pages: number): Uint8Array {
    return module.with({
      import: (one) => places.get(one) ?? one,
      export: ({ name }) => (this.#used.has(nameIn(own, name)) ? nameIn(own, name) : undefined),
      maximum: pages,
    });
  }

  #reach(instance: CoreInstance): string {
    const name = `m${this.#all.instances.indexOf(instance)}`;
    if (this.#linked.has(instance)) return name;
    this.#linked.set(instance, undefined);
    const places = new Map<CoreImport, Place>();
    for (const one of instance.module.imports) {
      const place =
        preview1(one) === undefined ? this.#given(instance, one) : this.#host(instance.module, one, one);
      if (place !== undefined) places.set(one, place);
    }
    this.#linked.set(instance, { name, places });
    return name;
  }

  #exportOf({ instance, name }: CoreExportOf): Place {
    const module = this.#reach(instance);
    this.#used.add(nameIn(module, name));
    return { module, name: nameIn(module, name) };
  }

  /** Throws with what is lacking where it is a function of another component. */
  #given(instance: CoreInstance, one: CoreImport): Place | undefined {
    const { module } = instance;
    const item = itemOf(instance, one);
    if (item === undefined) throw new Error(`nobody gives its module ${one.module} ${one.name}`);
    const found = this.#found(item);
    if (found instanceof CoreExportOf) {
      if (!found.instance.module.has(PREVIEW1_ADAPTER) || one.kind !== FUNCTION) return this.#exportOf(found);
      return this.#host(module, one, { ...one, module: "wasi_snapshot_preview1", name: found.name });
    }
    if (found instanceof Unavailable) throw new Error(`it calls ${one.module} ${one.name}, ${found.cause}`);
    if (found === "trap") return this.#stub(module, one, "trap");
    if (found === "drop") return this.#adapted(module, one, "drop_resource");
    return this.#host(module, one, { ...one, module: found.face, name: found.name });
  }

  #host(module: CoreModule, one: CoreImport, asked: CoreImport): Place | undefined {
    const host = this.#world.host(asked);
    const place = host?.module === "adapter" ? this.#adapted(module, one, host.name, asked) : host;
    if (place === undefined) this.#missing.add(`${asked.module} ${asked.name}`);
    return place;
  }

  /** By a function of the adapter, or by a stub where it is one that nobody need have. */
  #adapted(module: CoreModule, one: CoreImport, name: string, asked = one): Place | undefined {
    if (this.#adapter.has(name)) return { module: "adapter", name };
    const does = refusalOf(asked, this.#world);
    return does === undefined ? undefined : this.#stub(module, one, does);
  }

  #stub(module: CoreModule, one: CoreImport, does: Exclude<ConstantFunction["does"], undefined>): Place {
    const type = module.functionType(one);
    const name = `${does} ${type.join(" ")}`;
    this.#stubs.set(name, { name, type, does });
    return { module: "stubs", name };
  }

  /** What is behind a shim's table, where it is one. */
  #found(item: CoreItem): CoreItem {
    if (!(item instanceof CoreExportOf) || !isShim(item.instance) || item.name === SHIM_TABLE) return item;
    for (const filling of this.#all.instances) {
      if (!filling.module.imports.some((one) => isTableOf(itemOf(filling, one), item.instance))) continue;
      const one = filling.module.imports.find(({ name }) => name === item.name);
      const behind = one === undefined ? undefined : itemOf(filling, one);
      if (behind !== undefined) return this.#found(behind);
    }
    throw new Error(`nobody fills the place of ${item.name} in a shim of its`);
  }
}

function nameIn(module: string, name: string): string {
  return `${module} ${name}`;
}

function isShim({ module }: CoreInstance): boolean {
  return module.has(SHIM_TABLE);
}

/** What it is given for an import. */
function itemOf({ given }: CoreInstance, { module, name }: CoreImport): CoreItem | undefined {
  const from = given.get(module);
  return from instanceof CoreInstance ? new CoreExportOf(from, name) : from?.get(name);
}

function isTableOf(item: CoreItem | undefined, instance: CoreInstance): boolean {
  return item instanceof CoreExportOf && item.name === SHIM_TABLE && item.instance === instance;
}

/** Whether it does nothing but to fill a shim's table, which nobody calls through then. */
function fills({ module }: CoreInstance): boolean {
  const shims = module.imports.filter(({ kind, name }) => kind !== FUNCTION && name === SHIM_TABLE);
  const others = module.imports.filter(({ kind }) => kind !== FUNCTION);
  return shims.length === 1 && others.length === 1 && !module.starts && !module.hasData;
}
