import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { upwards } from "../upwards.ts";

/** What guests may use beyond the first WebAssembly; what every engine has that runs them. */
const features = [
  "bulk-memory",
  "bulk-memory-opt",
  "extended-const",
  "multivalue",
  "mutable-globals",
  "nontrapping-float-to-int",
  "reference-types",
  "sign-ext",
  "simd",
  "tail-call",
].map((name) => `--enable-${name}`);

/** What becomes of an imported global may be written in terms of one of the module's own, until {@link constants} was run. */
const between = ["--enable-gc", "--rename-export-conflicts"];

const constants = ["--enable-gc", "--simplify-globals", "--precompute", "--simplify-globals"];

/** Modules by the names that they import each other's exports by. */
export type Modules = Readonly<Record<string, Uint8Array>>;

async function tool(name: string, args: readonly string[], from: string): Promise<void> {
  const file = `node_modules/binaryen/bin/${name}`;
  const path = upwards(file, from) ?? upwards(file, dirname(fileURLToPath(import.meta.url)));
  if (path === undefined || !existsSync(path))
    throw new Error("binaryen, which links modules, is not installed: npm install --save-dev binaryen");
  try {
    await promisify(execFile)(process.execPath, [path, ...features, ...args], { maxBuffer: 16 << 20 });
  } catch (error) {
    const { stderr = "", message } = error as Error & { readonly stderr?: string };
    throw new Error(`${name}: ${stderr.trim() || message}`);
  }
}

/** Runs binaryen's tools, the author's own, on files of a folder that is gone afterwards. */
export class Binaryen {
  readonly #from: string;

  /** `from`: a folder of the author's. */
  constructor(from: string) {
    this.#from = from;
  }

  /** All of them as one, each import of another's export resolved. */
  async merge(modules: Modules): Promise<Uint8Array> {
    return await this.#in(async (folder) => {
      const args: string[] = [];
      for (const [name, bytes] of Object.entries(modules)) {
        const file = join(folder, `${name}.wasm`);
        await writeFile(file, bytes);
        args.push(file, name);
      }
      const out = join(folder, "merged.wasm");
      await tool("wasm-merge", [...args, ...between, "-o", out], this.#from);
      return await readFile(out);
    });
  }

  /** Values of globals where those were, at the start: not every engine takes the latter. */
  async withoutGlobals(module: Uint8Array): Promise<Uint8Array> {
    return await this.optimise(module, constants);
  }

  async optimise(module: Uint8Array, passes: readonly string[]): Promise<Uint8Array> {
    return await this.#in(async (folder) => {
      const [file, out] = [join(folder, "in.wasm"), join(folder, "out.wasm")];
      await writeFile(file, module);
      await tool("wasm-opt", [file, ...passes, "-o", out], this.#from);
      return await readFile(out);
    });
  }

  async #in<T>(use: (folder: string) => Promise<T>): Promise<T> {
    const folder = await mkdtemp(join(tmpdir(), "daprlet-component-"));
    try {
      return await use(folder);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
}
