import { sections, WasmReader } from "../../../../wasm-sections.ts";
import {
  type CanonicalOptions,
  type ComponentItem,
  type ComponentNames,
  CoreExportOf,
  CoreInstance,
  type CoreItem,
  type CoreNames,
  HostFunction,
  HostInstance,
  type Instantiated,
  Lifted,
  NestedComponent,
  Unavailable,
} from "./component-instances.ts";
import { CoreModule } from "./core-module.ts";

const section = {
  module: 1,
  coreInstance: 2,
  component: 4,
  instance: 5,
  alias: 6,
  canon: 8,
  import: 10,
  export: 11,
};

/** Sorts of a component; those of modules follow a 0. */
const sort = { core: 0, function: 1, type: 3, component: 4, instance: 5 };
const coreSort = { function: 0, module: 0x11, instance: 0x12 };

const canon = { lift: 0, lower: 1, newResource: 2, dropResource: 3, represented: 4 };

const option = { memory: 3, realloc: 4, post: 5, async: 6, callback: 7 };

/** Numbers of a sort are given in the order in which such things come up. */
class Numbered<T> {
  readonly #items: T[] = [];

  constructor(readonly what: string) {}

  add(item: T): void {
    this.#items.push(item);
  }

  at(index: number): T {
    if (index >= this.#items.length)
      throw new Error(`it refers to ${this.what} ${index}, which it does not have`);
    return this.#items[index] as T;
  }
}

/**
 * Follows what a component says of how its modules are instantiated, without a line of them being run: what each of them is given,
 * and which functions of theirs it exports. Types are left out: an engine, or whoever made the component, has checked them.
 */
export class ComponentInstantiation {
  readonly exports = new Map<string, ComponentItem>();
  readonly #all: Instantiated;
  readonly #given: ComponentNames | undefined;
  readonly #modules = new Numbered<ComponentItem>("module");
  readonly #coreInstances = new Numbered<CoreInstance | CoreNames>("core instance");
  readonly #core = new Map<number, Numbered<CoreItem>>();
  readonly #items = new Map<number, Numbered<ComponentItem>>();

  /** `given`: what it imports, of one within another; else that is the host's. */
  constructor(bytes: Uint8Array, all: Instantiated, given?: ComponentNames) {
    this.#all = all;
    this.#given = given;
    for (const { id, content } of sections(bytes)) {
      if (id === section.module) this.#modules.add(new CoreModule(content));
      else if (id === section.component) this.#of(sort.component).add(new NestedComponent(content));
      else this.#read(id, new WasmReader(content));
    }
  }

  #read(id: number, from: WasmReader): void {
    const read: Readonly<Record<number, () => void>> = {
      [section.coreInstance]: () => this.#coreInstance(from),
      [section.instance]: () => this.#instance(from),
      [section.alias]: () => this.#alias(from),
      [section.canon]: () => this.#canon(from),
      [section.import]: () => this.#import(from),
      [section.export]: () => this.#export(from),
    };
    const one = read[id];
    if (one !== undefined) for (let left = from.u32(); left > 0; left--) one();
  }

  #of(which: number): Numbered<ComponentItem> {
    const found = this.#items.get(which) ?? new Numbered(`item of sort ${which}`);
    this.#items.set(which, found);
    return found;
  }

  #coreOf(which: number): Numbered<CoreItem> {
    const found = this.#core.get(which) ?? new Numbered(`core item of sort ${which}`);
    this.#core.set(which, found);
    return found;
  }

  #coreInstance(from: WasmReader): void {
    if (from.byte() === 1) {
      const names = namesOf(from, () => this.#coreOf(from.byte()).at(from.u32()));
      this.#coreInstances.add(names);
      return;
    }
    const module = this.#modules.at(from.u32());
    if (!(module instanceof CoreModule)) throw new Error("it imports a module");
    const given = namesOf(from, () => {
      from.byte();
      return this.#coreInstances.at(from.u32());
    });
    const instance = new CoreInstance(module, given);
    this.#all.instances.push(instance);
    this.#coreInstances.add(instance);
  }

  #item(from: WasmReader): ComponentItem {
    const which = from.byte();
    if (which === sort.core) {
      from.byte();
      return this.#modules.at(from.u32());
    }
    const index = from.u32();
    return which === sort.function || which >= sort.component ? this.#of(which).at(index) : undefined;
  }

  #instance(from: WasmReader): void {
    if (from.byte() === 1) {
      const names = namesOf(from, () => this.#item(from), externName);
      this.#of(sort.instance).add(names);
      return;
    }
    const component = this.#of(sort.component).at(from.u32());
    const given = namesOf(from, () => this.#item(from));
    if (!(component instanceof NestedComponent)) throw new Error("it imports a component");
    this.#of(sort.instance).add(new ComponentInstantiation(component.bytes, this.#all, given).exports);
  }

  #alias(from: WasmReader): void {
    const which = from.byte();
    const core = which === sort.core ? from.byte() : undefined;
    const target = from.byte();
    const index = from.u32();
    if (target === 2) {
      from.u32();
      // Of what is around it, only types are known here.
      if (which === sort.type || core === 0x10) return;
      throw new Error("a component within it refers to modules around it");
    }
    const name = text(from);
    if (target === 1) this.#coreOf(core ?? 0).add(exportOf(this.#coreInstances.at(index), name));
    else if (core === coreSort.module) this.#modules.add(this.#member(index, name));
    else if (which !== sort.type) this.#of(which).add(this.#member(index, name));
  }

  #member(index: number, name: string): ComponentItem {
    const instance = this.#of(sort.instance).at(index);
    if (instance instanceof HostInstance) return new HostFunction(instance.name, name);
    return (instance as ComponentNames).get(name);
  }

  #options(from: WasmReader): CanonicalOptions {
    const options: { -readonly [K in keyof CanonicalOptions]: CanonicalOptions[K] } = { async: false };
    for (let left = from.u32(); left > 0; left--) {
      const which = from.byte();
      if (which === option.async) options.async = true;
      if (which < option.memory || which === option.async) continue;
      const index = from.u32();
      if (which === option.memory) options.memory = this.#coreOf(2).at(index);
      else if (which === option.realloc) options.realloc = this.#coreOf(0).at(index);
      else if (which === option.post) options.post = this.#coreOf(0).at(index);
      else if (which === option.callback) options.async = true;
    }
    return options;
  }

  #canon(from: WasmReader): void {
    const which = from.byte();
    if (which === canon.lift) {
      from.byte();
      const core = this.#coreOf(coreSort.function).at(from.u32());
      this.#of(sort.function).add(new Lifted(core, this.#options(from)));
      from.u32();
    } else if (which === canon.lower) {
      from.byte();
      const called = this.#of(sort.function).at(from.u32());
      const options = this.#options(from);
      this.#all.lowered.push(options);
      this.#coreOf(coreSort.function).add(loweredTo(called));
    } else if (which === canon.dropResource) {
      from.u32();
      this.#coreOf(coreSort.function).add("drop");
    } else if (which === canon.newResource || which === canon.represented) {
      from.u32();
      this.#coreOf(coreSort.function).add(
        new Unavailable("which makes resources of its own: only the host's are there"),
      );
    } else
      throw new Error(
        "it has functions that are asynchronous: build it without them (componentize-qjs --sync)",
      );
  }

  #import(from: WasmReader): void {
    const name = externName(from);
    const which = skipDescription(from);
    if (which === undefined) return;
    if (this.#given !== undefined) this.#add(which, this.#given.get(name));
    else this.#add(which, which === sort.instance ? new HostInstance(name) : new HostFunction("", name));
  }

  #add(which: number, item: ComponentItem): void {
    if (which === sort.core) this.#modules.add(item);
    else this.#of(which).add(item);
  }

  #export(from: WasmReader): void {
    const name = externName(from);
    const which = from.byte();
    if (which === sort.core) from.byte();
    const index = from.u32();
    if (from.byte() === 1) skipDescription(from);
    if (which === sort.type || which === 2) return;
    const item = which === sort.core ? this.#modules.at(index) : this.#of(which).at(index);
    this.exports.set(name, item);
    this.#add(which, item);
  }
}

function text(from: WasmReader): string {
  return new TextDecoder().decode(from.take(from.u32()));
}

function externName(from: WasmReader): string {
  from.byte();
  return text(from);
}

function namesOf<T>(from: WasmReader, read: () => T, name = text): ReadonlyMap<string, T> {
  const names = new Map<string, T>();
  for (let left = from.u32(); left > 0; left--) names.set(name(from), read());
  return names;
}

/** What sort of thing it is; undefined: a type or a value. */
function skipDescription(from: WasmReader): number | undefined {
  const which = from.byte();
  if (which === sort.core) from.byte();
  if (which === sort.type && from.byte() === 1) return undefined;
  if (which === 2) from.byte();
  from.u32();
  return which === sort.type || which === 2 ? undefined : which;
}

/** What stands for a function of a component, where a module calls it. */
function loweredTo(called: ComponentItem): CoreItem {
  if (called instanceof HostFunction) return called;
  if (called instanceof Lifted) {
    if (called.core instanceof CoreExportOf && called.core.instance.module.traps(called.core.name))
      return "trap";
    return new Unavailable(
      "of another component that it is composed with: each has a memory of its own, and a module has one. Compile the two into one, or make a package of each",
    );
  }
  throw new Error("it calls something that is no function");
}

/** What an instance has by a name. Of a module that only calls through a table, what that was filled with is asked later. */
function exportOf(instance: CoreInstance | CoreNames, name: string): CoreItem {
  if (instance instanceof CoreInstance) return new CoreExportOf(instance, name);
  const found = instance.get(name);
  if (found === undefined) throw new Error(`it refers to ${name}, which an instance does not have`);
  return found;
}
