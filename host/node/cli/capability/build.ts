import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { reasonOf } from "../../../errors/reason-of.ts";
import type { Terminal } from "../terminal.ts";
import { compileAssemblyScript } from "./compile-assemblyscript.ts";

/** A manifest as its author writes it: a module's hash is not in it. */
interface Source {
  readonly name: string;
  readonly modules: readonly { readonly name: string; readonly path: string }[];
  readonly limits?: { readonly memory?: string };
}

const PAGE = 64 << 10;

/** The pages of a limit such as `16Mi`, which is the default. */
function pagesOf({ limits }: Source): number {
  const [, count, unit] = /^(\d+)(Ki|Mi)?$/.exec(limits?.memory ?? "16Mi") ?? [];
  const bytes = Number(count) * (unit === "Mi" ? 1 << 20 : unit === "Ki" ? 1 << 10 : 1);
  if (!(bytes >= PAGE)) throw new Error("limits.memory must be a size such as 16Mi, and at least 64Ki");
  return Math.floor(bytes / PAGE);
}

async function moduleOf(folder: string, { name, path }: Source["modules"][number], pages: number) {
  const sources = [`assembly/${name}.ts`, "assembly/index.ts"].map((file) => join(folder, file));
  const entry = sources.find((file) => existsSync(file));
  if (entry !== undefined) return await compileAssemblyScript(entry, pages);
  const built = join(folder, path);
  if (existsSync(built)) return new Uint8Array(await readFile(built));
  throw new Error(`module ${name}: there is neither ${sources.join(" nor ")} to compile nor ${built}`);
}

/** Builds the package of a folder into another: its modules, the manifest with their hashes, its README. */
async function buildPackage(folder: string, out: string, terminal: Terminal): Promise<void> {
  const manifest = JSON.parse(await readFile(join(folder, "capability.json"), "utf8")) as Source;
  const modules: object[] = [];
  for (const module of manifest.modules) {
    const bytes = await moduleOf(folder, module, pagesOf(manifest));
    const file = join(out, module.path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, bytes);
    modules.push({ ...module, sha256: createHash("sha256").update(bytes).digest("hex") });
    terminal.out(`${manifest.name}: ${module.path}, ${bytes.length} bytes`);
  }
  const readme = join(folder, "README.md");
  if (existsSync(readme)) await cp(readme, join(out, "README.md"));
  await writeFile(join(out, "capability.json"), `${JSON.stringify({ ...manifest, modules }, null, 2)}\n`);
}

/** `daprlet capability build`. Answers the exit code. */
export async function build(
  folders: readonly string[],
  { out }: { readonly out?: string },
  terminal: Terminal,
): Promise<number> {
  let code = 0;
  for (const folder of folders.length > 0 ? folders : ["."]) {
    const from = resolve(folder);
    const to = out === undefined ? join(from, "dist") : join(resolve(out), basename(from));
    try {
      await buildPackage(from, to, terminal);
    } catch (error) {
      terminal.err(`${folder}: ${reasonOf(error)}`);
      code = 1;
    }
  }
  return code;
}
