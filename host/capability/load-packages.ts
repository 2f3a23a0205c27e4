import { reasonOf } from "../errors/reason-of.ts";
import type { Platform } from "../platform.ts";
import type { Grants } from "./grants.ts";
import type { PackageSet } from "./package-set.ts";
import { type KeptFiles, type Reading, type SitePackage, sitePackage } from "./site-package.ts";

/** Loads what is kept, or else the network's; and then, while that is used, what has changed since. */
export async function loadPackages(
  set: Pick<PackageSet, "update" | "list">,
  bases: readonly string[],
  grants: Grants,
  kept: KeptFiles,
  platform: Platform,
): Promise<void> {
  const refused = () => new Set(set.list().map((one) => "cause" in one && "origin" in one && one.origin));
  const use = async (sources: readonly SitePackage[]) => {
    await set.update(sources, grants);
    const bad = refused();
    for (const source of sources) if (!bad.has(source.origin)) await source.keep();
  };
  const read = (base: string, reading: Reading) => sitePackage(base, kept, platform, reading);
  const first = (await Promise.all(bases.map((base) => read(base, "kept")))).flatMap((one) => one ?? []);
  await use(first).catch(noticed);
  const bad = refused();
  // What is kept may be of two versions, where another process wrote the one while this one read the other.
  void Promise.all(first.map(({ origin }) => read(`${origin}/`, bad.has(origin) ? "all" : "changed")))
    .then(async (later) => {
      if (later.some((one) => one !== undefined)) await use(first.map((one, i) => later[i] ?? one));
    })
    .catch(noticed);

  function noticed(error: unknown): void {
    platform.log.warn(`capability packages are not kept for when there is no network: ${reasonOf(error)}`);
  }
}
