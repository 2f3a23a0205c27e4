import type { Capabilities } from "../../host/capability/capabilities.ts";
import { readGrants } from "../../host/capability/grants.ts";
import { ManifestError } from "../../host/capability/manifest-reader.ts";
import { PackageSet, type RefusedPackage } from "../../host/capability/package-set.ts";
import type { PackageSource } from "../../host/capability/package-source.ts";
import { extendRegistry } from "../../host/components/extend-registry.ts";
import type { Registry } from "../../host/components/registry.ts";
import type { Platform } from "../../host/platform.ts";
import type { Devices } from "../devices.ts";
import { databasePrefix } from "../storage/database-names.ts";
import { AddedPackages } from "./added-packages.ts";
import { guestScript, guestScriptAddress } from "./guest-script.ts";
import { lentWorkers, preparePages } from "./lent-workers.ts";
import { loadPackages } from "./load-packages.ts";
import { packageDoor } from "./package-door.ts";
import { PACKAGES_PATH } from "./package-paths.ts";
import { cachedFiles } from "./site-packages.ts";
import { siteWasm } from "./site-wasm.ts";

export interface CapabilityOptions {
  /** Addresses of packages, relative to the scope: folders with a `capability.json`. */
  readonly packages?: readonly string[];
  /** By the name of the package, as in `grants.yaml`. */
  readonly grants?: Readonly<Record<string, unknown>>;
  /** True: pages of the scope may add packages while it runs, with what their users granted (`daprlet/packages`). */
  readonly fromPages?: boolean;
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
  /**
   * Answers for the script of lent workers, and pages that add packages; undefined for all else. `started` resolves when the
   * apps of the scope run.
   */
  answer(request: Request, started: () => Promise<void>): Promise<Response> | undefined;
  /** Deletes what is kept of packages. */
  erase(): Promise<void>;
}

/** The packages of one running app. */
interface Running {
  readonly set: PackageSet;
  /** Of the site, as they were read last. */
  sources: readonly PackageSource[];
}

/** What a worker that a site composes is given for capability packages. Throws a ManifestError for grants that cannot be read. */
export function capabilities({ packages = [], grants, fromPages = false }: CapabilityOptions) {
  const granted = readGrants(grants, "the grants of capabilities()");
  return (scope: string, platform: Platform, devices: Devices): ScopeCapabilities => {
    const address = guestScriptAddress(scope);
    const door = new URL(PACKAGES_PATH, scope).href;
    const cache = `${databasePrefix(scope)}capabilities`;
    const bases = packages.map((one) => new URL(one.replace(/\/*$/, "/"), scope).href);
    const kept = cachedFiles(cache, caches);
    const running = new Set<Running>();
    void preparePages(devices);
    const added = new AddedPackages({
      base: `${door}/`,
      kept,
      uuid: platform.uuid,
      use: async (origin) => {
        for (const one of running) {
          await update(one);
          const refused = one.set
            .list()
            .find((shown) => "cause" in shown && "origin" in shown && shown.origin === origin);
          if (refused !== undefined) throw new ManifestError((refused as RefusedPackage).cause);
        }
      },
    });
    const confinement = () =>
      lentWorkers({
        devices,
        locks: navigator.locks,
        clock: platform.clock,
        uuid: platform.uuid,
        address,
      });

    /** The site's own grants hold for what the site names: no page adds to them. */
    async function update({ set, sources }: Running): Promise<void> {
      const all = new Map([...added.grants, ...granted]);
      await set.update([...sources, ...added.sources], all);
    }

    return {
      async of(registry, maxBodySize) {
        const ended = async () => void running.delete(one);
        const set = new PackageSet({ confinement: confinement(), platform, maxBodySize, ended });
        const one: Running = { set, sources: [] };
        running.add(one);
        if (fromPages) await added.load();
        const site = {
          update: (sources: readonly PackageSource[]) => update(Object.assign(one, { sources })),
          list: () => set.list(),
        };
        await loadPackages(site, bases, granted, kept, platform);
        const own = [siteWasm(scope, confinement, kept), ...set.components];
        return { capabilities: set, registry: extendRegistry(registry, own) };
      },
      answer(request, started) {
        if (request.url === address) return Promise.resolve(guestScript());
        if (!fromPages || request.mode === "navigate") return undefined;
        if (request.url !== door && !request.url.startsWith(`${door}/`)) return undefined;
        return started().then(() => packageDoor(request, added));
      },
      erase: async () => void (await caches.delete(cache)),
    };
  };
}
