/**
 * Compiles assembly/gateway to dist/gateway/<variant>.wasm: Wasm components that wasmtime runs. A variant imports only
 * what it is for, because a host has to be told to allow the rest. Names of variants as arguments build only those.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { componentEmbed, componentNew } from "@bytecodealliance/jco-transpile/wasm-tools";
import asc from "assemblyscript/asc";
import binaryen from "assemblyscript/binaryen";
import { runnerImport } from "vite";
import { compactComponent } from "./compact-component.mjs";
import { packLiterals } from "./packed-literals.mjs";

process.chdir(fileURLToPath(new URL("..", import.meta.url)));
for (const name of ["routes", "table", "gateway"]) await import(`./generate-${name}.mjs`);

const hostModule = async (path) =>
  (await runnerImport(path, { configFile: false, logLevel: "error" })).module;
const { guestPlaces } = await hostModule("./host/gateway/table-shape.ts");
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
const forGuests = ["guestLog", "guestClock", "guestRandom", "guestTick", "guestTrap"];

const entry = "assembly/gateway/index";

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

/** Folders that answer.ts leaves out of a variant: their rows of errors would be data all the same. */
const leftOut = ({ SOCKETS, FOLDER, PACKAGES }) => [
  ...(PACKAGES ? [] : ["capability"]),
  ...(FOLDER ? [] : ["state", "spool"]),
  ...(SOCKETS + FOLDER ? [] : ["publish", "actors"]),
];

/** The rows of errors without the data of those that nothing of the variant answers. */
function neededRows(source, constants) {
  const folders = leftOut(constants);
  const used = readdirSync("assembly/gateway", { recursive: true })
    .filter((file) => /(?<!\.gen|\.spec)\.ts$/.test(file) && !folders.includes(file.split(/[\\/]/)[0]))
    .map((file) => readFileSync(join("assembly/gateway", file), "utf8"))
    .join("\n");
  return source.replace(/(const (\w+): usize = )memory\.data<u8>\(\[[\d,]*\]\)/g, (row, start, name) =>
    new RegExp(`\\b${name}\\b`).test(used) ? row : `${start}0`,
  );
}

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

const compile = (constants) =>
  run(
    [
      ...["--config", "gateway.asconfig.json", "--target", "release"],
      ...tableOptions(constants),
      ...Object.entries({ abort: "", LITERAL_SHIFT: 0, ...constants }).flatMap(([name, value]) => [
        "--use",
        `${name}=${value}`,
      ]),
    ],
    [renaming(constants)],
    (name, source) => {
      if (name === "assembly/gateway/errors.gen.ts") return neededRows(source, constants);
      return name.startsWith("assembly/gateway/") ? packLiterals(source) : source;
    },
  );

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

/** What modules are taken to use: what wasmtime and Node have without a switch. */
const features = [
  "MutableGlobals",
  "SignExt",
  "BulkMemory",
  "BulkMemoryOpt",
  "NontrappingFPToInt",
  "SIMD128",
].reduce((sum, name) => sum | binaryen.Features[name], 0);

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

mkdirSync("dist/gateway", { recursive: true });
const witSource = wit();
const arena = await compileArena();
for (const name of process.argv.length > 2 ? process.argv.slice(2) : Object.keys(variants)) {
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
