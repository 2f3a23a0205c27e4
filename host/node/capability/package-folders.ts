import { readdir, readFile, realpath } from "node:fs/promises";
import { basename, join, resolve, sep } from "node:path";
import { type Grants, readGrants } from "../../capability/grants.ts";
import { ManifestError } from "../../capability/manifest-reader.ts";
import type { PackageSource } from "../../capability/package-source.ts";
import { parse } from "../yaml.ts";

/** The manifest's own name first; the book's are YAML. */
const manifests = ["capability.json", "capability.yaml", "capability.yml"];
const grantFiles = ["grants.yaml", "grants.yml", "grants.json"];

export interface FoundPackages {
  readonly sources: readonly PackageSource[];
  readonly grants: Grants;
}

/** What is in a file; undefined where there is none. JSON is YAML. Throws a ManifestError where it is neither. */
async function parsed(file: string): Promise<unknown> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  try {
    return file.endsWith(".json") ? JSON.parse(text) : parse(text);
  } catch (error) {
    throw new ManifestError(`${file}: ${error instanceof Error ? error.message : "it cannot be read"}`);
  }
}

async function first(folder: string, names: readonly string[]): Promise<unknown> {
  for (const name of names) {
    const value = await parsed(join(folder, name));
    if (value !== undefined) return value;
  }
  return undefined;
}

/** The package of a folder; undefined: it is none. A manifest that cannot be parsed is refused when it is read. */
async function packageOf(folder: string): Promise<PackageSource | undefined> {
  const manifest = await first(folder, manifests).catch((error: unknown) => error);
  if (manifest === undefined) return undefined;
  return {
    origin: folder,
    folder,
    manifest,
    async read(path) {
      // A link must not lead out of the package either.
      const file = await realpath(resolve(folder, path));
      if (!file.startsWith((await realpath(folder)) + sep))
        throw new ManifestError(`${path} is outside of ${folder}`);
      return new Uint8Array(await readFile(file));
    },
  };
}

/**
 * The packages of these folders: each is one, or holds some, and grants beside them. Throws a ManifestError for a folder
 * that is not there, or grants that cannot be read: without them nobody knows what a user allowed.
 */
export async function packagesIn(paths: readonly string[]): Promise<FoundPackages> {
  const sources: PackageSource[] = [];
  const grants: [string, NonNullable<ReturnType<Grants["get"]>>][] = [];
  for (const path of paths) {
    const folder = resolve(path);
    const entries = await readdir(folder, { withFileTypes: true }).catch(() => {
      throw new ManifestError(`${path} is no folder with capability packages`);
    });
    const given = await first(folder, grantFiles);
    if (given !== undefined) grants.push(...readGrants(given, join(folder, "grants.yaml")));
    const itself = await packageOf(folder);
    if (itself !== undefined) sources.push(itself);
    const inside = itself === undefined ? entries.filter((entry) => !entry.isFile()) : [];
    for (const { name } of inside.toSorted((a, b) => a.name.localeCompare(b.name))) {
      const found = basename(name).startsWith(".") ? undefined : await packageOf(join(folder, name));
      if (found !== undefined) sources.push(found);
    }
  }
  return { sources, grants: new Map(grants) };
}
