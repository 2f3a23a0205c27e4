import type { Platform } from "../platform.ts";
import { sha256 } from "../sha256.ts";
import { fetchFile } from "./fetch-file.ts";
import { ManifestError } from "./manifest-reader.ts";
import type { PackageSource } from "./package-source.ts";

/** Where files of packages are kept, by their addresses: a browser's cache, a folder. */
export interface KeptFiles {
  read(address: string): Promise<Uint8Array<ArrayBuffer> | undefined>;
  write(address: string, bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  delete(address: string): Promise<void>;
}

/** One package of a site, as it is now. */
export interface SitePackage extends PackageSource {
  /** Keeps what was read of it, for when there is no network and for the next start. */
  keep(): Promise<void>;
}

const MANIFEST = "capability.json";

/** `kept`: from the network only what is not kept. `changed`: from the network, if the manifest is another one there. `all`: from there. */
export type Reading = "kept" | "changed" | "all";

/** The package at an address that ends with a slash. Undefined: it has not changed since, or there is no network. */
export async function sitePackage(
  base: string,
  kept: KeptFiles,
  platform: Pick<Platform, "clock" | "fetch">,
  reading: Reading,
): Promise<SitePackage | undefined> {
  const fresh = reading !== "kept";
  const read = new Map<string, Uint8Array<ArrayBuffer>>();
  const place = new URL(MANIFEST, base).href;

  async function file(address: string, key: string): Promise<Uint8Array<ArrayBuffer>> {
    const before = fresh ? undefined : await kept.read(key);
    if (before !== undefined) return before;
    const bytes = await fetchFile(address, platform);
    read.set(address, bytes);
    return bytes;
  }

  let manifest: unknown;
  let version = "";
  try {
    const bytes = await file(place, place);
    if (reading === "changed" && same(bytes, await kept.read(place))) return undefined;
    version = await sha256(bytes);
    manifest = JSON.parse(new TextDecoder().decode(bytes));
  } catch (error) {
    // The network is away: what is kept stays.
    if (fresh) return undefined;
    const { message } = error as Error;
    manifest = new ManifestError(message.includes(base) ? message : `${place}: ${message}`);
  }
  return {
    origin: base.replace(/\/$/, ""),
    manifest,
    read(path) {
      const { href } = new URL(path, base);
      if (!href.startsWith(base)) throw new ManifestError(`${path} is outside of ${base}`);
      return file(href, keyOf(href, version));
    },
    async keep() {
      const before = await kept.read(place);
      const files = [...read].filter(([address]) => address !== place);
      for (const [address, bytes] of files) await kept.write(keyOf(address, version), bytes);
      // Last: until then the one before is whole.
      const last = read.get(place);
      if (last === undefined) return;
      await kept.write(place, last);
      const older = before === undefined ? version : await sha256(before);
      if (older !== version) for (const [address] of files) await kept.delete(keyOf(address, older));
    },
  };
}

/** Of a file as it belongs to the manifest with this hash. */
const keyOf = (address: string, manifest: string) => `${address}?${manifest}`;

function same(a: Uint8Array, b: Uint8Array | undefined): boolean {
  return a.length === b?.length && a.every((byte, i) => byte === b[i]);
}
