import type { OpenComponents } from "../components/open-component.ts";
import { reasonOf } from "../errors/reason-of.ts";
import { checkOffers } from "./check-offers.ts";
import type { PackageComponents } from "./components/package-components.ts";
import { type Grants, phrases } from "./grants.ts";
import { LoadedPackage, type PackageHost } from "./loaded-package.ts";
import type { PackageSource } from "./package-source.ts";
import { readManifest } from "./read-manifest.ts";

/** A package that was not let in, or not let go, and why. */
export interface RefusedPackage {
  readonly name: string;
  readonly origin: string;
  readonly cause: string;
  /** True: it stays until a component has closed. */
  readonly inUse?: true;
}

/** The packages of a sidecar, by their names. */
export interface KnownPackages {
  readonly loaded: ReadonlyMap<string, LoadedPackage>;
  readonly refused: ReadonlyMap<string, RefusedPackage>;
}

/** What packages come into. */
export interface Entrance {
  readonly now: ReadonlyMap<string, LoadedPackage>;
  readonly host: PackageHost;
  readonly components: PackageComponents;
  /** Undefined while nothing is. */
  readonly open: OpenComponents | undefined;
}

/**
 * The packages of these sources with these grants, each let in or refused by itself. One that was there stays where its successor
 * is refused, or where a component is open with what nobody offers any more, unless it may do other things by now.
 */
export async function letIn(
  sources: readonly PackageSource[],
  grants: Grants,
  { now, host, components, open }: Entrance,
): Promise<KnownPackages> {
  const { log } = host.platform;
  const loaded = new Map<string, LoadedPackage>();
  const refused = new Map<string, RefusedPackage>();
  for (const source of sources) {
    const { origin } = source;
    const known = [...now.values()].find((one) => one.origin === origin);
    let name = known?.manifest.name ?? origin;
    try {
      if (source.manifest instanceof Error) throw source.manifest;
      const manifest = readManifest(source.manifest, `${origin}/capability.json`);
      name = manifest.name;
      if (loaded.has(name) || refused.has(name)) throw new Error(`another package is called ${name} as well`);
      checkOffers(manifest, [...loaded.values()]);
      const fresh = await LoadedPackage.load(manifest, source, grants.get(name), host);
      const before = now.get(name);
      const same = before?.fingerprint === fresh.fingerprint;
      if (before !== undefined && !same) await fresh.prepare(before);
      loaded.set(name, same ? before : fresh);
    } catch (error) {
      const cause = reasonOf(error);
      const stays =
        known !== undefined && !loaded.has(known.manifest.name) && known.may(grants.get(known.manifest.name));
      if (stays) loaded.set(known.manifest.name, known);
      refused.set(name, { name, origin, cause });
      const effect = stays ? "is refused, and stays as it was" : "is refused";
      log.error(`capability ${name} (${origin}) ${effect}: ${cause}`);
    }
  }
  for (const one of now.values()) {
    const { manifest, origin } = one;
    const { name } = manifest;
    const [first] = components.stranded(one, loaded.values(), open);
    if (first === undefined || !one.may(grants.get(name))) continue;
    loaded.get(name)?.end();
    loaded.set(name, one);
    const what = `component ${first.name} (${first.type}) is open, whose type nothing else offers`;
    const cause = `${what}: take the component away first`;
    refused.set(name, { name, origin, cause, inUse: true });
    log.error(`capability ${name} (${origin}) stays as it was: ${cause}`);
  }
  for (const one of loaded.values()) if (now.get(one.manifest.name) !== one) tell(one, log);
  return { loaded, refused };
}

/** What a user wants to know when a package is loaded: what it asked for, and did not get. */
function tell({ manifest, authority, http }: LoadedPackage, log: PackageHost["platform"]["log"]): void {
  const granted = phrases(authority.granted);
  log.info(
    `capability ${manifest.name} ${manifest.version} is loaded; granted: ${granted.join(", ") || "nothing but to compute"}`,
  );
  for (const phrase of authority.refused) {
    log.warn(`capability ${manifest.name} asked to ${phrase}, and was not granted it`);
  }
  for (const { offer, sources } of http) {
    if (!offer.sources.some((source) => sources.usable(source)))
      log.warn(`capability ${manifest.name} cannot answer: ${sources.refusals}`);
  }
}
