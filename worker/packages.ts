/** `daprlet/packages`: a page that adds capability packages to its sidecar, asks its user, and calls them by `fetch`. */
import { type Ask, granting } from "../host/capability/asks.ts";
import type { PackageFile } from "./capability/package-file.ts";
import { FILE_PART, noPackage, PACKAGES_PATH } from "./capability/package-paths.ts";
import { DOOR_HEADER } from "./messages.ts";
import { inPageOf } from "./page-mode/in-page.ts";
import type { PagePackages } from "./page-mode/page-packages.ts";

export type { Ask } from "../host/capability/asks.ts";
export type { CapabilityManifest } from "../host/capability/manifest.ts";
export {
  type FetchPackageOptions,
  fetchPackage,
  type PackageFile,
  type PackageFiles,
  packageOf,
  unpack,
} from "./capability/package-file.ts";

/** Which worker: `registered.scope`. */
export interface PackageScope {
  readonly scope: string;
}

export interface AddOptions extends PackageScope {
  /** Of `asks`, those that the user granted. */
  readonly granted: readonly Ask[];
  /** Instead of the manifest's: `{ memory: "16Mi", timeMs: 5000 }`. */
  readonly limits?: Readonly<Record<string, number | string>>;
  /** Of its offers' sources, those first that are here, or those that are elsewhere: as in `grants.yaml`. */
  readonly prefer?: "local" | "remote";
}

/**
 * Adds a package to the sidecars of the scope, or puts it in the place of the one of its name, which goes on until its calls have
 * ended. It is kept. Rejects, with all as it was, for one that is refused.
 */
export async function addPackage(
  { written, files }: PackageFile,
  { scope, granted, limits, prefer }: AddOptions,
): Promise<void> {
  const inPage = await inPageAt(scope);
  const grant = { ...granting(granted), ...(limits && { limits }), ...(prefer && { prefer }) };
  if (inPage !== undefined) return await inPage.add({ manifest: written, grant, files });
  const form = new FormData();
  form.set("manifest", JSON.stringify(written));
  form.set("grant", JSON.stringify(grant));
  for (const [path, bytes] of files) form.set(FILE_PART + path, new Blob([bytes]));
  await ask(new URL(PACKAGES_PATH, scope), { method: "PUT", body: form });
}

/** Takes a package away that a page added. */
export async function removePackage(name: string, { scope }: PackageScope): Promise<void> {
  const inPage = await inPageAt(scope);
  if (inPage !== undefined) {
    if (await inPage.remove(name)) return;
    throw new Error(noPackage(name));
  }
  await ask(new URL(`${PACKAGES_PATH}/${encodeURIComponent(name)}`, scope), { method: "DELETE" });
}

/** Where the runtime is this very page's; undefined: it is a worker's. */
async function inPageAt(scope: string): Promise<PagePackages["added"]> {
  const inPage = inPageOf(globalThis, scope);
  if (inPage === undefined) return undefined;
  const added = (await inPage.packages)?.added;
  if (added !== undefined) return added;
  throw new Error(
    "the runtime of this page takes no packages: register({ capabilities: { fromPages: true } }) in it",
  );
}

async function ask(url: URL, init: RequestInit): Promise<void> {
  const response = await fetch(url, init);
  const answer: { message?: string } = await response.json().catch(() => ({}));
  if (response.headers.has(DOOR_HEADER) && response.ok) return;
  const taken = response.headers.has(DOOR_HEADER) && response.status < 500;
  throw new Error(
    taken
      ? answer.message
      : `the worker of ${new URL(url).pathname} takes no packages from pages: compose it with capabilities({ fromPages: true })`,
  );
}
