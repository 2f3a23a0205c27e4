import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, relative, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { upwards } from "./upwards.ts";

/** The part of AssemblyScript's compiler that is used; it is the author's own dependency. */
interface Compiler {
  main(
    args: readonly string[],
    options: {
      readFile(name: string, base: string): Promise<string | null>;
      writeFile(name: string, contents: Uint8Array | string): void;
    },
  ): Promise<{ readonly error: Error | null; readonly stderr: { toString(): string } }>;
}

const flags = [
  // Collects by itself: a package keeps answering, however long.
  ["--runtime", "incremental"],
  ["--optimizeLevel", "3"],
  ["--shrinkLevel", "1"],
  ["--noAssert"],
  ["--enable", "simd"],
  // What aborts traps: nothing is imported for it.
  ["--use", "abort="],
  ["--exportStart", "_initialize"],
].flat();

/** The guest library, when nothing is installed where the sources are: this package's own. */
function ownGuest(path: string): string | undefined {
  const [, file] = /[/\\]node_modules[/\\]daprlet[/\\](capabilities[/\\]guest[/\\].+)$/.exec(path) ?? [];
  return file === undefined ? undefined : upwards(file, dirname(fileURLToPath(import.meta.url)));
}

async function compiler(folder: string): Promise<Compiler> {
  const file = "node_modules/assemblyscript/dist/asc.js";
  const path = upwards(file, folder) ?? upwards(file, dirname(fileURLToPath(import.meta.url)));
  if (path === undefined) {
    throw new Error("AssemblyScript is not installed: npm install --save-dev assemblyscript");
  }
  return (await import(pathToFileURL(path).href)) as Compiler;
}

/**
 * Compiles an entry file of AssemblyScript to a module that imports only what it uses of `cap_host`, with a memory of at
 * most so many pages of 64 KiB. Throws with the compiler's own words.
 */
export async function compileAssemblyScript(entry: string, pages: number): Promise<Uint8Array> {
  const folder = dirname(entry);
  let module: Uint8Array | undefined;
  const { main } = await compiler(folder);
  const args = [relative(folder, entry), "--outFile", "module.wasm", "--maximumMemory", String(pages)];
  const { error, stderr } = await main([...args, "--baseDir", folder, ...flags], {
    async readFile(name, base) {
      // What an author has configured for other modules is not meant for this one.
      if (name.endsWith("asconfig.json")) return null;
      const path = resolve(base, name);
      return await readFile(existsSync(path) ? path : (ownGuest(path) ?? path), "utf8").catch(() => null);
    },
    writeFile(name, contents) {
      if (name === "module.wasm" && typeof contents !== "string") module = contents;
    },
  });
  if (error !== null || module === undefined) throw new Error(stderr.toString().trim() || error?.message);
  return module;
}
