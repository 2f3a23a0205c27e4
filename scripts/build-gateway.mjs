/**
 * Compiles assembly/gateway to dist/gateway/<variant>.wasm: Wasm components that wasmtime runs. A variant imports only
 * what it is for, because a host has to be told to allow the rest. Names of variants as arguments build only those.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { isMainThread, Worker, workerData } from "node:worker_threads";
import { componentEmbed, componentNew } from "@bytecodealliance/jco-transpile/wasm-tools";
import asc from "assemblyscript/asc";
import binaryen from "assemblyscript/binaryen";
import { runnerImport } from "vite";
import { compactComponent } from "./compact-component.mjs";
import { packLiterals } from "./packed-literals.mjs";
import { Places, withSegment } from "./place-data.mjs";

if (isMainThread) {
  process.chdir(fileURLToPath(new URL("..", import.meta.url)));
  for (const name of ["routes", "table", "gateway"]) await import(`./generate-${name}.mjs`);
}

const hostModule = async (path) =>
  (await runnerImport(path, { configFile: false, logLevel: "error" })).module;
const { guestPlaces } = await hostModule("./host/gateway/table-shape.ts");
const { TABLE, TABLE_END } = await hostModule("./host/gateway/table.ts");
const format = await hostModule("./host/wasm-sections.ts");

/**
 * Constants of the sources: SOCKETS, connections of the gateway's own; FOLDER, state and spool in a directory; PACKAGES,
 * guests that are put beside the module when a gateway is built.
 */
const variants = {
  http: { SOCKETS: 0, FOLDER: 0, PACKAGES: 0 },
  "http+sockets": { SOCKETS: 1, FOLDER: 0, PACKAGES: 0 },
  "http+folder": { SOCKETS: 0, FOLDER: 1, PACKAGES: 0 },
  "http+sockets+folder": { SOCKETS: 1, FOLDER: 1, PACKAGES: 0 },
  "http+packages": { SOCKETS: 0, FOLDER: 0, PACKAGES: 1 },
  "http+sockets+folder+packages": { SOCKETS: 1, FOLDER: 1, PACKAGES: 1 },
};

/** The canonical ABI's names: AssemblyScript exports identifiers only. */
const exported = {
  handle: "wasi:http/incoming-handler@0.2.12#handle",
  run: "wasi:cli/run@0.2.12#run",
  cabiRealloc: "cabi_realloc",
};

/** What the glue beside guests imports, by its own name. */
const forGuests = ["guestLog", "guestClock", "guestRandom", "guestTick", "guestTrap", "guestFail"];

const entry = "assembly/gateway/index";

/** Of the memory of an adapter: a request and its answer, as large as they may be. */
const ADAPTER_PAGES = 4096;

/** The smallest variant is no command: it has neither arguments nor an environment. */
const isCommand = ({ SOCKETS, FOLDER }) => SOCKETS + FOLDER > 0;

/** The table of functions, in which guests have the first places. */
const tableOptions = ({ PACKAGES }) =>
  PACKAGES
    ? ["--exportTable", "--tableBase", String(guestPlaces.first + guestPlaces.each * guestPlaces.most)]
    : [];

const renaming = (constants) => ({
  afterCompile(module) {
    for (const [name, canonical] of Object.entries(exported)) {
      module.removeExport(name);
      if (name === "run" && !isCommand(constants)) continue;
      module.addFunctionExport(
        `${name === "cabiRealloc" ? "assembly/gateway/arena" : entry}/${name}`,
        canonical,
      );
    }
    if (!constants.PACKAGES) for (const name of forGuests) module.removeExport(name);
  },
});

async function run(options, transforms = [], readSource = (_, source) => source) {
  let binary;
  const { error, stderr } = await asc.main(options, {
    transforms,
    readFile: (name, folder) => {
      const path = join(folder, name);
      return existsSync(path) ? readSource(name, readFileSync(path, "utf8")) : null;
    },
    writeFile: (name, contents) => {
      if (name.endsWith(".wasm")) binary = contents;
    },
  });
  if (!error) return binary;
  process.stderr.write(stderr.toString());
  throw error;
}

/** Has a module tell where the compiler's own data end. */
const tellingEnd = {
  afterCompile(module) {
    module.addGlobalExport("~lib/memory/__heap_base", "staticsEnd");
  },
};

/** What modules are taken to use: what wasmtime and Node have without a switch. */
const features = [
  "MutableGlobals",
  "SignExt",
  "BulkMemory",
  "BulkMemoryOpt",
  "NontrappingFPToInt",
  "SIMD128",
].reduce((sum, name) => sum | binaryen.Features[name], 0);

/** The text of a module without what nothing of it uses: all numbers that it uses are there. */
function textOf(bytes) {
  const module = binaryen.readBinary(bytes);
  module.setFeatures(features);
  module.runPasses(["simplify-globals", "remove-unused-module-elements"]);
  const text = module.emitText();
  module.dispose();
  return text;
}

/** Where the compiler's own data end, by the text of a module that exports that. */
function endOfStatics(text) {
  const [, name] = /\(export "staticsEnd" \(global (\S+)\)\)/.exec(text);
  return Number(text.split(`(global ${name} i32 (i32.const `)[1].split(")")[0]);
}

async function compile(constants) {
  const places = new Places();
  const pass = (heap, options, transforms = []) =>
    run(
      [
        ...["--config", "gateway.asconfig.json", "--target", "release", ...options],
        ...tableOptions(constants),
        ...Object.entries({ abort: "", LITERAL_SHIFT: 0, ...constants }).flatMap(([name, value]) => [
          "--use",
          `${name}=${value}`,
        ]),
      ],
      [renaming(constants), ...transforms],
      (name, source) => {
        if (!name.startsWith("assembly/")) return source;
        const placed = places.inSource(
          name,
          packLiterals(source, (bytes) => places.ofBytes(bytes)),
        );
        return placed.replaceAll("__heap_base", heap);
      },
    );
  const unoptimised = ["--optimizeLevel", "0", "--shrinkLevel", "0"];
  const first = textOf(await pass("__heap_base", unoptimised, [tellingEnd]));
  const start = endOfStatics(first);
  const { bytes, heap } = places.settle(first, start, TABLE, TABLE_END);
  const module = await pass(`<usize>${heap}`, ["--initialMemory", String(Math.ceil(heap / 65536) + 1)]);
  places.check(textOf(module));
  return withSegment(module, start, bytes, format);
}

/** The memory and what allocates in it. */
const compileArena = () =>
  run(
    [
      "assembly/gateway/arena.ts",
      "--config",
      "none",
      "--outFile",
      "arena.wasm",
      "--runtime",
      "stub",
      "-Oz",
      "--noAssert",
    ],
    [
      {
        afterCompile(module) {
          for (const name of ["cabiRealloc", "mark", "release", "take"]) module.removeExport(name);
          module.addFunctionExport("assembly/gateway/arena/cabiRealloc", exported.cabiRealloc);
        },
      },
    ],
  );

/** What stands between a gateway and a guest of http-wasm: a module of its own, composed in beside each of those. */
const compileAdapter = () =>
  run([
    ...["assembly/gateway/http-wasm/index.ts", "--config", "none", "--outFile", "http-wasm.wasm"],
    ...["--runtime", "stub", "--enable", "simd", "-Oz", "--converge", "--noAssert"],
    ...["--memoryBase", "16", "--maximumMemory", String(ADAPTER_PAGES), "--exportTable"],
    ...["--tableBase", String(guestPlaces.first + guestPlaces.each)],
    ...["abort=", "LITERAL_SHIFT=1", "SOCKETS=0", "FOLDER=0", "PACKAGES=1"].flatMap((each) => [
      "--use",
      each,
    ]),
  ]);

/** The module once more through the optimiser, without the allocator, which is elsewhere. */
function shrink(bytes) {
  const module = binaryen.readBinary(bytes);
  module.setFeatures(features);
  module.removeExport(exported.cabiRealloc);
  module.removeExport("memory");
  binaryen.setOptimizeLevel(2);
  binaryen.setShrinkLevel(2);
  // Whatever has one caller is part of that; the compiler leaves other bounds behind.
  binaryen.setOneCallerInlineMaxSize(-1);
  binaryen.setAlwaysInlineMaxSize(2);
  binaryen.setGenerateStackIR(true);
  binaryen.setOptimizeStackIR(true);
  module.optimize();
  const smaller = module.emitBinary();
  module.dispose();
  return smaller;
}

/** The interfaces of WASI in one text: packages in braces behind the world's own. */
function wit() {
  const wasi = ["cli", "clocks", "filesystem", "http", "io", "random", "sockets"].map((name) => {
    const folder = `node_modules/@bytecodealliance/jco/lib/wit/builtin/0.2.12/wasi-${name}`;
    const text = readFileSync(`${folder}/package.wit`, "utf8");
    return `${text.replace(/^package (.*);$/m, "package $1 {")}\n}`;
  });
  return `package daprlet:gateway;
world gateway {
  include wasi:cli/imports@0.2.12;
  include wasi:http/imports@0.2.12;
  export wasi:http/incoming-handler@0.2.12;
}
world command {
  include gateway;
  export wasi:cli/run@0.2.12;
}
${wasi.join("\n")}`;
}

async function build(names) {
  const witSource = wit();
  const arena = await compileArena();
  for (const name of names) {
    const began = Date.now();
    const module = await compile(variants[name]);
    const embedded = await componentEmbed({
      binary: module,
      witSource,
      world: isCommand(variants[name]) ? "command" : "gateway",
      stringEncoding: "utf8",
    });
    const component = compactComponent(await componentNew(embedded, []), arena, shrink, format);
    writeFileSync(`dist/gateway/${name}.wasm`, component);
    console.log(`gateway/${name}.wasm: ${component.length} bytes (${Date.now() - began} ms)`);
  }
}

/** Builds these on another core. */
const buildBeside = (names) =>
  new Promise((resolve, reject) => {
    const worker = new Worker(new URL(import.meta.url), { workerData: names });
    worker.on("error", reject);
    worker.on("exit", (code) => (code === 0 ? resolve() : reject(new Error(`ended with code ${code}`))));
  });

async function buildAdapter() {
  const adapter = await compileAdapter();
  writeFileSync("dist/gateway/http-wasm.wasm", adapter);
  console.log(`gateway/http-wasm.wasm: ${adapter.length} bytes`);
}

if (isMainThread) {
  mkdirSync("dist/gateway", { recursive: true });
  await buildAdapter();
  const names = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(variants);
  const shares = Array.from({ length: Math.min(names.length, availableParallelism()) }, () => []);
  // In turn: the larger ones are the later ones of their list.
  for (const [index, name] of names.entries()) shares[index % shares.length].push(name);
  const [own, ...others] = shares;
  await Promise.all([...others.map(buildBeside), build(own)]);
} else {
  await build(workerData);
}
