import { readGrants } from "../../host/capability/grants.ts";
import type { Platform } from "../../host/platform.ts";
import type { Devices } from "../devices.ts";
import { databasePrefix } from "../storage/database-names.ts";
import { cachedFiles } from "./cached-files.ts";
import { guestScript, guestScriptAddress } from "./guest-script.ts";
import { lentWorkers, preparePages } from "./lent-workers.ts";
import { packageDoor } from "./package-door.ts";
import { PACKAGES_PATH } from "./package-paths.ts";
import { type CapabilityOptions, type ScopePackages, scopePackages } from "./scope-packages.ts";

/** The capability packages of one scope. */
export interface ScopeCapabilities extends Pick<ScopePackages, "of"> {
  /**
   * Answers for the script of lent workers, and pages that add packages; undefined for all else. `started` resolves when the
   * apps of the scope run.
   */
  answer(request: Request, started: () => Promise<void>): Promise<Response> | undefined;
  /** Deletes what is kept of packages. */
  erase(): Promise<void>;
}

/** What a worker that a site composes is given for capability packages. Throws a ManifestError for grants that cannot be read. */
export function capabilities(options: CapabilityOptions) {
  const granted = readGrants(options.grants, "the grants of capabilities()");
  return (scope: string, platform: Platform, devices: Devices): ScopeCapabilities => {
    const address = guestScriptAddress(scope);
    const door = new URL(PACKAGES_PATH, scope).href;
    const cache = `${databasePrefix(scope)}capabilities`;
    void preparePages(devices);
    const { clock, uuid } = platform;
    const { locks } = navigator;
    const { of, added } = scopePackages(options, granted, {
      scope,
      platform,
      confinement: () => lentWorkers({ devices, locks, clock, uuid, address }),
      kept: cachedFiles(cache, caches),
    });
    return {
      of,
      answer(request, started) {
        if (request.url === address) return Promise.resolve(guestScript());
        if (added === undefined || request.mode === "navigate") return undefined;
        if (request.url !== door && !request.url.startsWith(`${door}/`)) return undefined;
        return started().then(() => packageDoor(request, added));
      },
      erase: async () => void (await caches.delete(cache)),
    };
  };
}
