// Compiles what `daprlet capability build` links with Wasm components: code without a memory of its own, so without any data.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { main } from "assemblyscript/asc";

const root = new URL("..", import.meta.url).pathname;
const sources = join(root, "capabilities/component/assembly");
const out = join(root, "dist/adapters");
const flags = [
  "--importMemory",
  "--runtime",
  "stub",
  "--optimizeLevel",
  "3",
  "--shrinkLevel",
  "2",
  "--noAssert",
];

mkdirSync(out, { recursive: true });
for (const name of ["world", "http", "preview1", "growing"]) {
  const args = [`${name}.ts`, "--baseDir", sources, "--outFile", "module.wasm", "--use", "abort=", ...flags];
  let module;
  const { error, stderr } = await main(args, {
    readFile(file, base) {
      if (file.endsWith("asconfig.json")) return null;
      try {
        return readFileSync(resolve(base, file), "utf8");
      } catch {
        return null;
      }
    },
    writeFile(file, contents) {
      if (file === "module.wasm") module = contents;
    },
  });
  if (error !== null) throw new Error(stderr.toString());
  writeFileSync(join(out, `${name}.wasm`), module);
  console.log(`${name}.wasm`.padEnd(20), module.length, "bytes");
}
