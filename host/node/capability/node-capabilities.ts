import { readGrants } from "../../capability/grants.ts";
import { loadPackages } from "../../capability/load-packages.ts";
import { PackageSet, type PackageSetOptions } from "../../capability/package-set.ts";
import type { PackageSource } from "../../capability/package-source.ts";
import { keptFiles, packageCache } from "./kept-files.ts";
import { NodeContainers } from "./node-containers.ts";
import { packagesIn } from "./package-folders.ts";
import { nodeProcesses } from "./process-guests.ts";
import { watchPackages } from "./watch-packages.ts";
import { workerThreads } from "./worker-threads.ts";

/** Packages for a sidecar of this process. */
export interface GivenCapabilities {
  /**
   * Folders: each is a package, or holds some, and their `grants.yaml`. They are watched: packages change while they are called. Or
   * addresses of packages: they are kept for when there is no network, and with each start what has changed is fetched.
   */
  readonly paths?: readonly string[];
  readonly packages?: readonly PackageSource[];
  /** The folder for what is fetched of packages; the user's cache when left out. */
  readonly kept?: string;
  /** By the name of the package, as in `grants.yaml`; above what folders say. */
  readonly grants?: Readonly<Record<string, unknown>>;
}

const isAddress = (path: string) => /^https?:\/\//i.test(path);

/** Packages in worker threads, loaded. A package that is refused is logged and listed; what is given must be readable. */
export async function nodeCapabilities(
  { paths = [], packages = [], grants, kept = packageCache(process.env) }: GivenCapabilities,
  options: Pick<PackageSetOptions, "platform" | "maxBodySize">,
): Promise<PackageSet> {
  const given = readGrants(grants, "the options' grants");
  const folders = paths.filter((path) => !isAddress(path));
  const addresses = paths.filter(isAddress).map((path) => path.replace(/\/*$/, "/"));
  let sites: readonly PackageSource[] = [];
  const read = async () => {
    const found = await packagesIn(folders);
    await set.update([...packages, ...found.sources, ...sites], new Map([...found.grants, ...given]));
  };
  let unwatch: (() => Promise<void>) | undefined;
  let closed = false;
  const set = new PackageSet({
    ...options,
    confinement: workerThreads(),
    processes: nodeProcesses,
    containers: new NodeContainers(options.platform),
    ended: async () => {
      closed = true;
      await unwatch?.();
    },
  });
  await read();
  if (addresses.length > 0) {
    const site = {
      update(fetched: readonly PackageSource[]) {
        // Nobody is there for it any more, nor finds out whether it would be let in.
        if (closed) return new Promise<never>(() => undefined);
        sites = fetched;
        return read();
      },
      list: () => set.list(),
    };
    await loadPackages(site, addresses, given, keptFiles(kept), options.platform);
  }
  if (folders.length > 0) unwatch = watchPackages(folders, options.platform, read);
  return set;
}
