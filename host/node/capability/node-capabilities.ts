import { readGrants } from "../../capability/grants.ts";
import { PackageSet, type PackageSetOptions } from "../../capability/package-set.ts";
import type { PackageSource } from "../../capability/package-source.ts";
import { NodeContainers } from "./node-containers.ts";
import { packagesIn } from "./package-folders.ts";
import { nodeProcesses } from "./process-guests.ts";
import { watchPackages } from "./watch-packages.ts";
import { workerThreads } from "./worker-threads.ts";

/** Packages for a sidecar of this process. */
export interface GivenCapabilities {
  /** Folders: each is a package, or holds some, and their `grants.yaml`. They are watched: packages change while they are called. */
  readonly paths?: readonly string[];
  readonly packages?: readonly PackageSource[];
  /** By the name of the package, as in `grants.yaml`; above what folders say. */
  readonly grants?: Readonly<Record<string, unknown>>;
}

/** Packages in worker threads, loaded. A package that is refused is logged and listed; what is given must be readable. */
export async function nodeCapabilities(
  { paths = [], packages = [], grants }: GivenCapabilities,
  options: Pick<PackageSetOptions, "platform" | "maxBodySize">,
): Promise<PackageSet> {
  const given = readGrants(grants, "the options' grants");
  const read = async () => {
    const found = await packagesIn(paths);
    await set.update([...packages, ...found.sources], new Map([...found.grants, ...given]));
  };
  let unwatch: (() => Promise<void>) | undefined;
  const set = new PackageSet({
    ...options,
    confinement: workerThreads(),
    processes: nodeProcesses,
    containers: new NodeContainers(options.platform),
    ended: async () => unwatch?.(),
  });
  await read();
  if (paths.length > 0) unwatch = watchPackages(paths, options.platform, read);
  return set;
}
