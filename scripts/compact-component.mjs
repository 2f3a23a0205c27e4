/**
 * Puts a Wasm component together once more, smaller. What joins a module to WASI for it has a table of functions between
 * both, as the memory that the host writes to is the module's own, and spells the name of each import four times. Here the
 * memory and its allocator are a module of their own, which is there first, and what only this file sees has short names.
 */
const id = { coreModule: 1, coreInstance: 2, alias: 6, canon: 8 };
const inModule = { custom: 0, import: 2, memory: 5, export: 7 };
const sort = { func: 0, memory: 2, instance: 0x12 };
const canon = { lift: 0, lower: 1 };
/** The first option of a function that has a number behind it: the memory, or the allocator. */
const numbered = 3;

/** As they come of `componentNew`: the module, a table of functions, and what fills that. */
const made = { main: 0, table: 1, filling: 2 };
/** As they are here: the allocator with the memory, what the module imports, and the module. */
const own = { allocator: 0, imports: 1, main: 2 };

/** A name for each number: a letter, or two. */
function shortName(number) {
  const letter = String.fromCharCode(97 + (number % 26));
  return number < 26 ? letter : shortName(Math.floor(number / 26) - 1) + letter;
}

const bytesOf = (parts) =>
  Buffer.concat(parts.map((part) => (typeof part === "number" ? Buffer.of(part) : part)));

/**
 * `allocator`: a module that exports `memory` and `cabi_realloc`. `shrink`: the last pass over the module, which needs not
 * have these any more. `format`: host/wasm-sections.ts.
 */
export function compactComponent(component, allocator, shrink, format) {
  const { sections, sectionBytes, unsigned, WasmReader } = format;
  const named = (name) => bytesOf([unsigned(Buffer.byteLength(name)), Buffer.from(name)]);
  const listed = (items) => bytesOf([unsigned(items.length), ...items]);
  const text = (reader) => Buffer.from(reader.take(reader.u32())).toString();
  const items = (content, read) => {
    const reader = new WasmReader(content);
    for (let left = reader.u32(); left > 0; left--) read(reader);
  };

  /** Modules, their instances and functions, by the numbers that the parts of the file know them by. */
  const modules = [];
  const instances = [];
  const functions = [];
  /** What is kept, in its order: whole sections, or lists of items of one kind. */
  const kept = [];
  const keep = (kind, item) => {
    if (kept.at(-1)?.kind === kind) kept.at(-1).items.push(item);
    else kept.push({ kind, items: [item] });
  };

  function readInstance(reader) {
    const module = reader.byte() === 0 ? reader.u32() : undefined;
    const given = new Map();
    for (let left = reader.u32(); left > 0; left--) {
      const name = text(reader);
      reader.byte();
      given.set(name, reader.u32());
    }
    instances.push({ module, given });
  }

  function readAlias(reader, content) {
    const start = reader.at;
    const isCore = reader.byte() === 0;
    const isFunction = isCore && reader.byte() === sort.func;
    reader.byte();
    const instance = reader.u32();
    const name = text(reader);
    if (!isCore) keep(id.alias, content.subarray(start, reader.at));
    else if (isFunction) functions.push({ instance, name });
  }

  function readCanon(reader) {
    const kind = reader.byte();
    if (kind > canon.lower) return functions.push({ written: bytesOf([kind, unsigned(reader.u32())]) });
    reader.byte();
    const index = reader.u32();
    const options = Array.from({ length: reader.u32() }, () => {
      const option = reader.byte();
      if (option < numbered) return Buffer.of(option);
      reader.u32();
      // Its memory, or its allocator, is the first one.
      return Buffer.of(option, 0);
    });
    if (kind === canon.lower)
      return functions.push({ written: bytesOf([kind, 0, unsigned(index), listed(options)]) });
    if (options.length > 0) throw new Error("an export with options was not expected");
    return keep(id.canon, { exported: functions[index].name, type: unsigned(reader.u32()) });
  }

  for (const { id: kind, content, start, end } of sections(component)) {
    if (kind === id.coreModule) modules.push(content);
    else if (kind === id.coreInstance) items(content, readInstance);
    else if (kind === id.alias) items(content, (reader) => readAlias(reader, content));
    else if (kind === id.canon) items(content, readCanon);
    else if (kind !== inModule.custom) kept.push({ section: component.subarray(start, end) });
  }

  const instanceOf = (module) => instances.findIndex((instance) => instance.module === module);
  const behindTable = instances[instances[instanceOf(made.filling)].given.get("actual")].given;
  const imported = instances[instanceOf(made.main)].given;

  /** How the host's function is made that the module imports by these names. */
  function hostFunction(module, name) {
    const found = functions[instances[imported.get(module)].given.get(name)];
    if (found.written !== undefined) return found.written;
    if (found.instance !== instanceOf(made.table)) throw new Error(`nobody knows what ${name} is`);
    return functions[behindTable.get(found.name)].written;
  }

  /** A module, with other content in some of its sections, without those that become undefined. */
  function rewritten(module, change) {
    const parts = sections(module).map(({ id: kind, content, start, end }) => {
      if (kind === inModule.custom) return [];
      const changed = Object.hasOwn(change, kind) ? change[kind](content) : content;
      if (changed === content) return module.subarray(start, end);
      return changed === undefined ? [] : sectionBytes(kind, changed);
    });
    return bytesOf([module.subarray(0, 8), ...parts.map((part) => Buffer.from(part))]);
  }

  const limits = (content) => content.subarray(1);
  const smaller = shrink(modules[made.main]);
  const memory = limits(sections(smaller).find((section) => section.id === inModule.memory).content);
  const hostFunctions = [];
  const exportNames = new Map();
  const main = rewritten(smaller, {
    [inModule.import](content) {
      const imports = [bytesOf([named(""), named("0"), sort.memory, memory])];
      items(content, (reader) => {
        hostFunctions.push(hostFunction(text(reader), text(reader)));
        const name = named(shortName(hostFunctions.length - 1));
        imports.push(bytesOf([named(""), name, reader.byte(), unsigned(reader.u32())]));
      });
      return listed(imports);
    },
    [inModule.memory]: () => undefined,
    [inModule.export](content) {
      const exports = [];
      items(content, (reader) => {
        const name = text(reader);
        // What the world does not know may be for modules that are composed in.
        if (name.includes("#")) exportNames.set(name, shortName(exportNames.size));
        exports.push(bytesOf([named(exportNames.get(name) ?? name), reader.byte(), unsigned(reader.u32())]));
      });
      return listed(exports);
    },
  });

  const section = (kind, parts) => sectionBytes(kind, listed(parts));
  const aliased = (kind, instance, name) => bytesOf([0, kind, 1, unsigned(instance), named(name)]);
  const instantiated = (module, given) => bytesOf([0, unsigned(module), listed(given)]);
  const given = hostFunctions.map((_, i) => bytesOf([named(shortName(i)), sort.func, unsigned(i + 1)]));
  const core = [
    sectionBytes(id.coreModule, main),
    sectionBytes(id.coreModule, rewritten(allocator, { [inModule.memory]: () => bytesOf([1, memory]) })),
    section(id.coreInstance, [instantiated(1, [])]),
    section(id.alias, [
      aliased(sort.memory, own.allocator, "memory"),
      aliased(sort.func, own.allocator, "cabi_realloc"),
    ]),
    section(id.canon, hostFunctions),
    section(id.coreInstance, [
      bytesOf([1, listed([bytesOf([named("0"), sort.memory, 0]), ...given])]),
      instantiated(0, [bytesOf([named(""), sort.instance, own.imports])]),
    ]),
    section(
      id.alias,
      [...exportNames.values()].map((name) => aliased(sort.func, own.main, name)),
    ),
  ];

  const functionOf = (name) => unsigned(1 + hostFunctions.length + [...exportNames.keys()].indexOf(name));
  const lifted = ({ exported, type }) => bytesOf([canon.lift, 0, functionOf(exported), 0, type]);
  // All that is imported has its number before the first export.
  const first = kept.findIndex(({ kind }) => kind === id.canon);
  const last = kept.findLastIndex(({ kind }, i) => kind === id.alias && i < first);
  return bytesOf([
    component.subarray(0, 8),
    ...kept.flatMap(({ section: whole, kind, items: parts }, i) => {
      const written = kind === id.canon ? parts.map(lifted) : parts;
      return [whole ?? section(kind, written), ...(i === last ? core : [])];
    }),
  ]);
}
