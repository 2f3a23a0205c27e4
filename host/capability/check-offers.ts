import { hostsOf } from "../components/availability.ts";
import type { LoadedPackage } from "./loaded-package.ts";
import type { CapabilityManifest, Offer } from "./manifest.ts";

/** Throws for what cannot be offered, or is somebody else's: a package must not take the place of a store in use. */
export function checkOffers({ offers }: CapabilityManifest, others: readonly LoadedPackage[]): void {
  const actor = offers.find((offer) => offer.kind === "actor");
  if (actor !== undefined)
    throw new Error(`it offers actors of type ${actor.type}, which packages cannot yet`);
  const taken = new Set(others.flatMap(({ manifest }) => manifest.offers.map(typeOf)));
  for (const type of offers.map(typeOf)) {
    if (type === undefined) continue;
    if (Object.hasOwn(hostsOf, type))
      throw new Error(`it offers components of type ${type}, which is daprlet's own`);
    if (taken.has(type))
      throw new Error(`it offers components of type ${type}, which another package does as well`);
  }
}

function typeOf(offer: Offer): string | undefined {
  return offer.kind === "component" ? offer.type : undefined;
}
