import { type Ask, asksOf } from "../../host/capability/asks.ts";
import type { CapabilityManifest } from "../../host/capability/manifest.ts";
import { ManifestError } from "../../host/capability/manifest-reader.ts";
import { readManifest } from "../../host/capability/read-manifest.ts";
import { sha256 as hashOf } from "../../host/sha256.ts";
import { untar } from "./untar.ts";

const MANIFEST = "capability.json";

export type PackageFiles = ReadonlyMap<string, Uint8Array<ArrayBuffer>>;

/** A package that a page holds in its hands, and has not added yet. */
export interface PackageFile {
  readonly manifest: CapabilityManifest;
  /** `capability.json`, as it is. */
  readonly written: unknown;
  readonly files: PackageFiles;
  /** What it asks for: each is granted or refused by itself. */
  readonly asks: readonly Ask[];
}

function parsed(bytes: Uint8Array, source: string): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    throw new ManifestError(`${source} is no JSON`);
  }
}

/** A package of files by their paths, all of which may lie in one folder. Throws a ManifestError. */
export function packageOf(files: PackageFiles): PackageFile {
  const place = [...files.keys()]
    .filter((path) => path === MANIFEST || path.endsWith(`/${MANIFEST}`))
    .sort((a, b) => a.length - b.length)[0];
  if (place === undefined) throw new ManifestError(`there is no ${MANIFEST} in it`);
  const folder = place.slice(0, -MANIFEST.length);
  const inside = new Map(
    [...files]
      .filter(([path]) => path.startsWith(folder))
      .map(([path, bytes]) => [path.slice(folder.length), bytes]),
  );
  const written = parsed(inside.get(MANIFEST) as Uint8Array, place);
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
  return packageOf(files);
}

/** How a package is fetched. */
export interface FetchPackageOptions {
  /** Of `capability.json`, which names those of the modules: so nobody can put another package there. */
  readonly sha256?: string | undefined;
  readonly fetch?: typeof fetch;
}

/** The package at an address: a folder with `capability.json`. Throws a ManifestError. */
export async function fetchPackage(
  address: string | URL,
  { sha256, fetch = globalThis.fetch }: FetchPackageOptions = {},
): Promise<PackageFile> {
  const base = new URL(String(address).replace(/\/*$/, "/"), globalThis.location?.href);
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  const read = async (path: string) => {
    const { href } = new URL(path, base);
    const response = await fetch(href);
    if (!response.ok) throw new ManifestError(`${href} answers ${response.status}`);
    const bytes = new Uint8Array(await response.arrayBuffer());
    files.set(path, bytes);
    return bytes;
  };
  const bytes = await read(MANIFEST);
  const found = await hashOf(bytes);
  if (sha256 !== undefined && found !== sha256)
    throw new ManifestError(
      `${base.href}${MANIFEST} has the SHA-256 ${found}, where ${sha256} was asked for`,
    );
  const manifest = readManifest(parsed(bytes, base.href + MANIFEST), base.href + MANIFEST);
  for (const { path } of manifest.modules) await read(path);
  for (const offer of manifest.offers) {
    if (offer.kind !== "http" || typeof offer.openapi !== "string") continue;
    if (sha256 !== undefined)
      throw new ManifestError(
        `${offer.openapi} is in no hash: a package that is fetched by its hash has its description in ${MANIFEST}`,
      );
    await read(offer.openapi);
  }
  return packageOf(files);
}
