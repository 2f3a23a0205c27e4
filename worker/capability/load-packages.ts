import type { Grants } from "../../host/capability/grants.ts";
import type { PackageSet } from "../../host/capability/package-set.ts";
import { reasonOf } from "../../host/errors/reason-of.ts";
import type { Platform } from "../../host/platform.ts";
import { type KeptFiles, type SitePackage, sitePackage } from "./site-packages.ts";

/** Loads what is kept, or else the network's; and then, while that is used, what has changed since. */
export async function loadPackages(
  set: Pick<PackageSet, "update" | "list">,
  bases: readonly string[],
  grants: Grants,
  kept: KeptFiles,
  platform: Platform,
): Promise<void> {
  const load = (fresh: boolean) => Promise.all(bases.map((base) => sitePackage(base, kept, platform, fresh)));
  const use = async (sources: readonly SitePackage[]) => {
    await set.update(sources, grants);
    const refused = new Set(set.list().map((one) => "cause" in one && "origin" in one && one.origin));
    for (const source of sources) if (!refused.has(source.origin)) await source.keep();
  };
  const first = (await load(false)).flatMap((one) => one ?? []);
  await use(first).catch(noticed);
  void load(true)
    .then(async (later) => {
      if (later.some((one) => one !== undefined)) await use(first.map((one, i) => later[i] ?? one));
    })
    .catch(noticed);

  function noticed(error: unknown): void {
    platform.log.warn(`capability packages are not kept for when there is no network: ${reasonOf(error)}`);
  }
}
