import { capabilityAbi } from "../../capability/abi.ts";
import type { Authority } from "../../capability/grants.ts";
import type { CapabilityManifest, ComponentOffer, ModuleEntry, Offer } from "../../capability/manifest.ts";

/** Types of components that a gateway has of packages. */
const families = ["state.", "middleware.http."];

function entryOf({ modules }: CapabilityManifest, name: string): ModuleEntry | undefined {
  return modules.find((module) => module.name === name);
}

function isUsed({ type, module }: ComponentOffer, manifest: CapabilityManifest): boolean {
  return (
    families.some((family) => type.startsWith(family)) &&
    entryOf(manifest, module)?.abi === capabilityAbi.name
  );
}

/** The components that a gateway can have of it. */
export function usedComponents(manifest: CapabilityManifest): readonly ComponentOffer[] {
  return manifest.offers.flatMap((offer) =>
    offer.kind === "component" && isUsed(offer, manifest) ? [offer] : [],
  );
}

/** The modules that what a gateway runs is of. */
function usedModules(manifest: CapabilityManifest): readonly string[] {
  const http = manifest.offers.filter((offer) => offer.kind === "http");
  const operations = http.map(({ name, sources }) => {
    const own = sources.find((source) => source.kind === "module");
    if (own === undefined)
      throw new Error(`no module answers its offer ${name}, and a gateway asks no other source`);
    return own.module;
  });
  return [...operations, ...usedComponents(manifest).map(({ module }) => module)];
}

/** The module that a gateway runs of it. */
export function moduleOf(manifest: CapabilityManifest): ModuleEntry {
  const names = usedModules(manifest);
  const [first] = names;
  if (first === undefined)
    throw new Error(
      "it offers nothing that a gateway runs: HTTP operations, state stores and middleware, by modules of our own ABI",
    );
  const entry = entryOf(manifest, first);
  if (entry === undefined || names.some((name) => name !== first))
    throw new Error("several modules answer its offers, and a gateway runs one of a package");
  if (entry.abi !== capabilityAbi.name)
    throw new Error(`module ${entry.name} has the ABI ${entry.abi}; a gateway runs modules of our own`);
  return entry;
}

function unused(offer: Offer, manifest: CapabilityManifest): readonly string[] {
  switch (offer.kind) {
    case "component":
      return isUsed(offer, manifest) ? [] : [`${offer.type}, which is no component of a gateway`];
    case "function":
      return [`the function ${offer.name}, which a gateway does not call`];
    case "actor":
      return [`actors of type ${offer.type}, which a gateway does not have`];
    case "http": {
      const others = offer.sources.filter(({ kind }) => kind !== "module").map(({ kind }) => kind);
      return others.length === 0
        ? []
        : [`${offer.name} from ${others.join(", ")}, which a gateway does not ask`];
    }
  }
}

/** What is there and not for a gateway; what was asked for and not granted. */
export function remarksOn(manifest: CapabilityManifest, { refused, limits }: Authority): readonly string[] {
  const { name, offers } = manifest;
  return [
    ...offers.flatMap((offer) => unused(offer, manifest)).map((what) => `package ${name} offers ${what}`),
    ...(limits.concurrency === 1
      ? [
          `package ${name} is to have one instance (limits.concurrency: 1), and at a gateway has as many as the host makes: what it keeps in memory is each one's own`,
        ]
      : []),
    ...refused.map((phrase) => `package ${name} asks to ${phrase}, and is not granted it`),
  ];
}
