/// <reference path="../capability/virtual-guest-worker.d.ts" />
import { script } from "virtual:daprlet-guest-worker";
import { readGrants } from "../../host/capability/grants.ts";
import type { KeptFiles } from "../../host/capability/site-package.ts";
import { reasonOf } from "../../host/errors/reason-of.ts";
import type { Platform } from "../../host/platform.ts";
import { cachedFiles } from "../capability/cached-files.ts";
import { pageWorkers } from "../capability/page-workers.ts";
import { type CapabilityOptions, type ScopePackages, scopePackages } from "../capability/scope-packages.ts";
import { databasePrefix } from "../storage/database-names.ts";

export interface PagePackages extends ScopePackages {
  /** Deletes what is kept of packages. */
  erase(): Promise<void>;
}

/** Undefined where the browser gives this page no cache: on an insecure origin, in a sandboxed frame, in some private windows. */
async function cacheOf(name: string): Promise<CacheStorage | undefined> {
  try {
    await caches.open(name);
    return caches;
  } catch {
    return undefined;
  }
}

/** In its place. */
function inMemory(): KeptFiles {
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  return {
    read: async (address) => files.get(address),
    write: async (address, bytes) => void files.set(address, bytes),
    delete: async (address) => void files.delete(address),
  };
}

/**
 * The packages of a scope whose runtime is in the page: they run in workers of that page, and end with it. Tabs of the scope have
 * one list of those that were added. Throws a ManifestError for grants that cannot be read.
 */
export async function pagePackages(
  options: CapabilityOptions,
  scope: string,
  platform: Platform,
  client: string,
  locks: LockManager | undefined,
): Promise<PagePackages> {
  const granted = readGrants(options.grants, "register(): the grants of capabilities");
  const name = `${databasePrefix(scope)}capabilities`;
  const file = new URL("guest-worker.js", client).href;
  const storage = await cacheOf(name);
  const tabs = new BroadcastChannel(name);
  const packages = scopePackages(options, granted, {
    scope,
    platform,
    confinement: () => pageWorkers(script, file),
    kept: storage === undefined ? inMemory() : cachedFiles(name, storage),
    changed: () => tabs.postMessage("changed"),
    // An opaque origin is refused locks as well, and shares nothing with another tab.
    ...(storage !== undefined && locks !== undefined && { alone: (change) => locks.request(name, change) }),
  });
  const { added } = packages;
  tabs.onmessage = () =>
    void added?.follow().catch((error: unknown) => {
      platform.log.warn(`packages that another tab changed are not followed: ${reasonOf(error)}`);
    });
  return {
    ...packages,
    async erase() {
      tabs.close();
      await storage?.delete(name);
    },
  };
}
