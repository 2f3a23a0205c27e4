import type { Capabilities } from "../../host/capability/capabilities.ts";
import { readGrants } from "../../host/capability/grants.ts";
import { PackageSet } from "../../host/capability/package-set.ts";
import { extendRegistry } from "../../host/components/extend-registry.ts";
import type { Registry } from "../../host/components/registry.ts";
import type { Platform } from "../../host/platform.ts";
import type { Devices } from "../devices.ts";
import { databasePrefix } from "../storage/database-names.ts";
import { guestScript, guestScriptAddress } from "./guest-script.ts";
import { lentWorkers } from "./lent-workers.ts";
import { loadPackages } from "./load-packages.ts";
import { cachedFiles } from "./site-packages.ts";

export interface CapabilityOptions {
  /** Addresses of packages, relative to the scope: folders with a `capability.json`. */
  readonly packages: readonly string[];
  /** By the name of the package, as in `grants.yaml`. */
  readonly grants?: Readonly<Record<string, unknown>>;
}

/** The packages of one app, and the components that there are with them. */
export interface AppCapabilities {
  readonly capabilities: Capabilities;
  readonly registry: Registry;
}

/** The capability packages of one scope. */
export interface ScopeCapabilities {
  /** For a runtime that starts. */
  of(registry: Registry, maxBodySize: number): Promise<AppCapabilities>;
  /** Answers for the script of lent workers, and for nothing else. */
  script(url: string): Response | undefined;
  /** Deletes what is kept of packages. */
  erase(): Promise<void>;
}

/** What a worker that a site composes is given for capability packages. Throws a ManifestError for grants that cannot be read. */
export function capabilities({ packages, grants }: CapabilityOptions) {
  const granted = readGrants(grants, "the grants of capabilities()");
  return (scope: string, platform: Platform, devices: Devices): ScopeCapabilities => {
    const address = guestScriptAddress(scope);
    const cache = `${databasePrefix(scope)}capabilities`;
    const bases = packages.map((one) => new URL(one.replace(/\/*$/, "/"), scope).href);
    const kept = cachedFiles(cache, caches);
    const confinement = () =>
      lentWorkers({
        devices,
        locks: navigator.locks,
        clock: platform.clock,
        uuid: platform.uuid,
        address,
      });
    return {
      async of(registry, maxBodySize) {
        const set = new PackageSet({ confinement: confinement(), platform, maxBodySize });
        await loadPackages(set, bases, granted, kept, platform);
        return { capabilities: set, registry: extendRegistry(registry, set.components) };
      },
      script: (url) => (url === address ? guestScript() : undefined),
      erase: async () => void (await caches.delete(cache)),
    };
  };
}
