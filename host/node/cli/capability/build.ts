import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import type { CapabilityManifest, ModuleEntry } from "../../../capability/manifest.ts";
import { readManifest } from "../../../capability/read-manifest.ts";
import { reasonOf } from "../../../errors/reason-of.ts";
import { isComponent } from "../../../wasm-sections.ts";
import type { Terminal } from "../terminal.ts";
import { compileAssemblyScript } from "./compile-assemblyscript.ts";
import { linkComponent, linkModule } from "./component/link-component.ts";

const PAGE = 64 << 10;

/** Until a module is there, none has its hash. */
const noHash = "0".repeat(64);

type Json = Readonly<Record<string, unknown>>;

async function moduleOf(folder: string, { name, path }: ModuleEntry, pages: number): Promise<Uint8Array> {
  const sources = [`assembly/${name}.ts`, "assembly/index.ts"].map((file) => join(folder, file));
  const entry = sources.find((file) => existsSync(file));
  if (entry !== undefined) return await compileAssemblyScript(entry, pages);
  const built = join(folder, path);
  if (existsSync(built)) return await coreModule(built, pages);
  throw new Error(`module ${name}: there is neither ${sources.join(" nor ")} to compile, nor ${built}`);
}

/** A module that its author's own tools have built, or the module of the ABI that a Wasm component comes to. */
async function coreModule(file: string, pages: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(await readFile(file));
  if (bytes[0] !== 0 || bytes[1] !== 0x61) throw new Error(`${file} is no WebAssembly`);
  const component = isComponent(bytes);
  try {
    return await (component ? linkComponent : linkModule)(bytes, pages, dirname(file));
  } catch (error) {
    const what = component ? "is a Wasm component, and" : "cannot be a package's:";
    throw new Error(`${file} ${what} ${reasonOf(error)}`, { cause: error });
  }
}

/** Files beside the modules: the README, and descriptions that have a file of their own. */
function besides({ offers }: CapabilityManifest): string[] {
  const descriptions = offers.flatMap((offer) =>
    offer.kind === "http" && typeof offer.openapi === "string" ? [offer.openapi] : [],
  );
  return ["README.md", ...descriptions];
}

/**
 * Builds the package of a folder into another: its modules, the manifest with their hashes, what is beside them. Authors
 * write no hashes.
 */
export async function buildPackage(folder: string, out: string): Promise<readonly string[]> {
  const file = join(folder, "capability.json");
  const written = JSON.parse(await readFile(file, "utf8")) as Json & { readonly modules?: readonly Json[] };
  const hashed = (hashes: readonly string[]) => ({
    ...written,
    modules: written.modules?.map((module, i) => ({ ...module, sha256: hashes[i] ?? noHash })),
  });
  const manifest = readManifest(hashed([]), file);
  const hashes: string[] = [];
  const lines: string[] = [];
  for (const module of manifest.modules) {
    const bytes = await moduleOf(folder, module, Math.floor(manifest.limits.memory / PAGE));
    const path = join(out, module.path);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, bytes);
    hashes.push(createHash("sha256").update(bytes).digest("hex"));
    lines.push(`${manifest.name}: ${module.path}, ${bytes.length} bytes`);
  }
  for (const name of besides(manifest)) {
    if (existsSync(join(folder, name))) await cp(join(folder, name), join(out, name));
  }
  await writeFile(join(out, "capability.json"), `${JSON.stringify(hashed(hashes), null, 2)}\n`);
  return lines;
}

/** Of an app: as much as a sidecar lets one have when nothing else is said. */
const APP_PAGES = (64 << 20) / PAGE;

/** Builds an app: its source in AssemblyScript, or a module that is built, into a module of the ABI. */
async function buildApp(file: string, out: string): Promise<string> {
  const source = file.endsWith(".ts");
  const bytes = source ? await compileAssemblyScript(file, APP_PAGES) : await coreModule(file, APP_PAGES);
  const name = `${basename(file).replace(/\.[^.]+$/, "")}.wasm`;
  if (resolve(out, name) === file)
    throw new Error("it would take its own place: give another folder by --out");
  await mkdir(out, { recursive: true });
  await writeFile(join(out, name), bytes);
  return `${name}, ${bytes.length} bytes, SHA-256 ${createHash("sha256").update(bytes).digest("hex")}`;
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
      if (/\.(ts|wasm)$/.test(from)) {
        terminal.out(await buildApp(from, out === undefined ? join(dirname(from), "dist") : resolve(out)));
        continue;
      }
      for (const line of await buildPackage(from, to)) terminal.out(line);
    } catch (error) {
      terminal.err(`${folder}: ${reasonOf(error)}`);
      code = 1;
    }
  }
  return code;
}
