import { hostsOf } from "../components/availability.ts";
import type { LoadedPackage } from "./loaded-package.ts";
import type { CapabilityManifest, Offer } from "./manifest.ts";

/** Throws for what cannot be offered, or is somebody else's: a package must not take the place of a store in use. */
export function checkOffers({ offers }: CapabilityManifest, others: readonly LoadedPackage[]): void {
  const taken = new Set(others.flatMap(({ manifest }) => manifest.offers.map(typeOf)));
  for (const offer of offers) {
    const type = typeOf(offer);
    if (type === undefined) continue;
    if (offer.kind === "component" && Object.hasOwn(hostsOf, offer.type))
      throw new Error(`it offers ${type}, which is daprlet's own`);
    if (taken.has(type)) throw new Error(`it offers ${type}, which another package does as well`);
  }
}

/** What only one package can be. */
function typeOf(offer: Offer): string | undefined {
  if (offer.kind === "component") return `components of type ${offer.type}`;
  return offer.kind === "actor" ? `actors of type ${offer.type}` : undefined;
}

/** What two of these packages offer under one name, one sentence each: the first of them answers. */
export function overlaps(packages: Iterable<LoadedPackage>): readonly string[] {
  const first = new Map<string, string>();
  const told: string[] = [];
  for (const { manifest, http } of packages) {
    const paths = http.flatMap(({ operations }) =>
      operations.map(({ method, path }) => `${method} ${path.replaceAll(/\{[^}]*\}/g, "{}")}`),
    );
    const functions = manifest.offers.flatMap((offer) =>
      offer.kind === "function" ? `function ${offer.name}` : [],
    );
    for (const what of new Set([...paths, ...functions])) {
      const other = first.get(what);
      if (other === undefined) first.set(what, manifest.name);
      else {
        const remedy = what.startsWith("function ")
          ? "give one of them another name"
          : `/v1.0/capabilities/${manifest.name}/… is answered by ${manifest.name}`;
        told.push(
          `capabilities ${other} and ${manifest.name} both offer ${what}: ${other} answers; ${remedy}`,
        );
      }
    }
  }
  return told;
}
