import type { Capabilities } from "../../host/capability/capabilities.ts";
import type { Confinement } from "../../host/capability/confinement.ts";
import type { Grants } from "../../host/capability/grants.ts";
import type { RefusedPackage } from "../../host/capability/let-in.ts";
import { loadPackages } from "../../host/capability/load-packages.ts";
import { ManifestError } from "../../host/capability/manifest-reader.ts";
import { PackageSet } from "../../host/capability/package-set.ts";
import type { PackageSource } from "../../host/capability/package-source.ts";
import type { KeptFiles } from "../../host/capability/site-package.ts";
import { growingRegistry } from "../../host/components/extend-registry.ts";
import type { Registry } from "../../host/components/registry.ts";
import type { Platform } from "../../host/platform.ts";
import { AddedPackages, type AddedPackagesOptions } from "./added-packages.ts";
import { PACKAGES_PATH } from "./package-paths.ts";
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

/** Where packages of a scope run, and are kept. */
export interface PackagePlace extends Pick<AddedPackagesOptions, "alone" | "changed"> {
  readonly scope: string;
  readonly platform: Platform;
  readonly confinement: () => Confinement;
  readonly kept: KeptFiles;
}

/** The packages of a scope, in a service worker or in a page. */
export interface ScopePackages {
  /** For a runtime that starts. */
  of(registry: Registry, maxBodySize: number): Promise<AppCapabilities>;
  /** What pages add; undefined where they may not. */
  readonly added: AddedPackages | undefined;
}

/** The packages of one running app. */
interface Running {
  readonly set: PackageSet;
  /** Of the site, as they were read last. */
  sources: readonly PackageSource[];
}

export function scopePackages(
  { packages = [], fromPages = false }: CapabilityOptions,
  granted: Grants,
  { scope, platform, confinement, kept, ...tabs }: PackagePlace,
): ScopePackages {
  const bases = packages.map((one) => new URL(one.replace(/\/*$/, "/"), scope).href);
  const running = new Set<Running>();
  const added = new AddedPackages({
    base: new URL(`${PACKAGES_PATH}/`, scope).href,
    kept,
    uuid: platform.uuid,
    ...tabs,
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

  /** The site's own grants hold for what the site names: no page adds to them. */
  async function update({ set, sources }: Running): Promise<void> {
    const all = new Map([...added.grants, ...granted]);
    await set.update([...sources, ...added.sources], all);
  }

  return {
    added: fromPages ? added : undefined,
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
      const wasm = siteWasm(scope, confinement, kept);
      return { capabilities: set, registry: growingRegistry(registry, () => [wasm, ...set.components]) };
    },
  };
}
