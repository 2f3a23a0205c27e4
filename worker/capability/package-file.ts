import { type Ask, asksOf } from "../../host/capability/asks.ts";
import type { CapabilityManifest } from "../../host/capability/manifest.ts";
import { ManifestError } from "../../host/capability/manifest-reader.ts";
import { readManifest } from "../../host/capability/read-manifest.ts";
import { reasonOf } from "../../host/errors/reason-of.ts";
import { sha256 as hashOf } from "../../host/sha256.ts";
import { untar } from "./untar.ts";

/** The manifest's own name first; the book's are YAML. */
const manifests = ["capability.json", "capability.yaml", "capability.yml"] as const;

export type PackageFiles = ReadonlyMap<string, Uint8Array<ArrayBuffer>>;

/** A package that a page holds in its hands, and has not added yet. */
export interface PackageFile {
  readonly manifest: CapabilityManifest;
  /** What its manifest says, as it is. */
  readonly written: unknown;
  readonly files: PackageFiles;
  /** What it asks for: each is granted or refused by itself. */
  readonly asks: readonly Ask[];
}

async function parsed(bytes: Uint8Array, source: string): Promise<unknown> {
  const text = new TextDecoder().decode(bytes);
  if (source.endsWith(".json")) {
    try {
      return JSON.parse(text);
    } catch {
      throw new ManifestError(`${source} is no JSON`);
    }
  }
  const { valueOfYaml } = await import("../client-yaml.ts");
  try {
    return valueOfYaml(text);
  } catch (error) {
    throw new ManifestError(`${source}: ${(error as Error).message}`);
  }
}

/** Where a manifest lies: in the folder nearest to the root, and by its own name rather than by the book's. */
function manifestIn(files: PackageFiles): { readonly place: string; readonly folder: string } {
  const found = manifests.flatMap((name) =>
    [...files.keys()]
      .filter((path) => path === name || path.endsWith(`/${name}`))
      .map((place) => ({ place, folder: place.slice(0, -name.length) })),
  );
  const [first] = found.sort((a, b) => a.folder.length - b.folder.length);
  if (first === undefined) throw new ManifestError(`there is no ${manifests[0]} in it`);
  return first;
}

/** A package of files by their paths, all of which may lie in one folder. Rejects with a ManifestError. */
export async function packageOf(files: PackageFiles): Promise<PackageFile> {
  const { place, folder } = manifestIn(files);
  const inside = new Map(
    [...files]
      .filter(([path]) => path.startsWith(folder))
      .map(([path, bytes]) => [path.slice(folder.length), bytes]),
  );
  const written = await parsed(files.get(place) as Uint8Array, place);
  const manifest = readManifest(written, place);
  return { manifest, written, files: inside, asks: asksOf(manifest.needs) };
}

/** The package that `daprlet capability pack` made one file of. Throws a ManifestError. */
export async function unpack(file: Blob): Promise<PackageFile> {
  let files: PackageFiles;
  try {
    const unzipped = file.stream().pipeThrough(new DecompressionStream("gzip"));
    files = untar(new Uint8Array(await new Response(unzipped).arrayBuffer()));
  } catch (error) {
    throw new ManifestError(
      `it is no package, nor one that was packed (a .tgz): ${error instanceof Error ? error.message : error}`,
    );
  }
  return await packageOf(files);
}

/** How a package is fetched. */
export interface FetchPackageOptions {
  /** Of the manifest, which names those of the modules: so nobody can put another package there. */
  readonly sha256?: string | undefined;
  readonly fetch?: typeof fetch;
}

/** The package at an address: a folder with `capability.json`, or the book's `capability.yaml`. Throws a ManifestError. */
export async function fetchPackage(
  address: string | URL,
  { sha256, fetch = globalThis.fetch }: FetchPackageOptions = {},
): Promise<PackageFile> {
  const base = new URL(String(address).replace(/\/*$/, "/"), globalThis.location?.href);
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  const fetched = async (path: string) => {
    const { href } = new URL(path, base);
    const response = await fetch(href).catch((error: unknown) => {
      const afar = base.origin !== globalThis.location?.origin;
      const remedy = afar ? "; its site has to let others read it, by Access-Control-Allow-Origin" : "";
      throw new ManifestError(`${href}: ${reasonOf(error)}${remedy}`);
    });
    if (response.ok) files.set(path, new Uint8Array(await response.arrayBuffer()));
    return response;
  };
  const read = async (path: string) => {
    const { ok, status } = await fetched(path);
    if (!ok) throw new ManifestError(`${new URL(path, base).href} answers ${status}`);
  };
  const [own, ...others] = manifests;
  const { status } = await fetched(own);
  if (status === 404) for (const name of others) if ((await fetched(name)).ok) break;
  const name = [...files.keys()][0];
  if (name === undefined) throw new ManifestError(`${base.href}${own} answers ${status}`);
  const bytes = files.get(name) as Uint8Array<ArrayBuffer>;
  const found = await hashOf(bytes);
  if (sha256 !== undefined && found !== sha256)
    throw new ManifestError(`${base.href}${name} has the SHA-256 ${found}, where ${sha256} was asked for`);
  const manifest = readManifest(await parsed(bytes, base.href + name), base.href + name);
  for (const { path } of manifest.modules) await read(path);
  for (const offer of manifest.offers) {
    if (offer.kind !== "http" || typeof offer.openapi !== "string") continue;
    if (sha256 !== undefined)
      throw new ManifestError(
        `${offer.openapi} is in no hash: a package that is fetched by its hash has its description in ${name}`,
      );
    await read(offer.openapi);
  }
  return await packageOf(files);
}
