import { capabilityAbi } from "../../capability/abi.ts";
import type { Authority } from "../../capability/grants.ts";
import { httpWasmAbi } from "../../capability/http-wasm/http-wasm-abi.ts";
import type {
  CapabilityManifest,
  ComponentOffer,
  FunctionOffer,
  HttpOffer,
  ModuleEntry,
  Offer,
} from "../../capability/manifest.ts";
import { unasked } from "./source-rows.ts";

/** Types of components that a gateway has of packages. */
const families = ["state.", "middleware.http.", "secretstores."];

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

/** The middleware that guests of http-wasm are, with their modules. */
export function usedHandlers(
  manifest: CapabilityManifest,
): readonly (ComponentOffer & { readonly entry: ModuleEntry })[] {
  return manifest.offers.flatMap((offer) => {
    if (offer.kind !== "component" || !offer.type.startsWith("middleware.http.")) return [];
    const entry = entryOf(manifest, offer.module);
    return entry?.abi === httpWasmAbi.name ? [{ ...offer, entry }] : [];
  });
}

/** The functions that a gateway can call. */
export function usedFunctions({ offers }: CapabilityManifest): readonly FunctionOffer[] {
  return offers.flatMap((offer) =>
    offer.kind === "function" && offer.module !== undefined && offer.prerequisites === undefined
      ? [offer]
      : [],
  );
}

export function httpOffers({ offers }: CapabilityManifest): readonly HttpOffer[] {
  return offers.filter((offer) => offer.kind === "http");
}

/** The modules that what a gateway runs is of. */
function usedModules(manifest: CapabilityManifest): readonly string[] {
  const operations = httpOffers(manifest).flatMap(({ sources }) =>
    sources.flatMap((source) => (source.kind === "module" ? source.module : [])),
  );
  const others = [...usedComponents(manifest), ...usedFunctions(manifest)];
  return [...operations, ...others.flatMap(({ module }) => module ?? [])];
}

/** The module of our own ABI that a gateway runs of it; undefined: all that it has is of http-wasm, or elsewhere. */
export function moduleOf(manifest: CapabilityManifest): ModuleEntry | undefined {
  const names = usedModules(manifest);
  const [first] = names;
  if (first === undefined) {
    if (usedHandlers(manifest).length > 0 || httpOffers(manifest).length > 0) return undefined;
    throw new Error(
      "it offers nothing that a gateway runs: HTTP operations, functions, state stores, secret stores and middleware",
    );
  }
  const entry = entryOf(manifest, first);
  if (entry === undefined || names.some((name) => name !== first))
    throw new Error("several modules answer its offers, and a gateway runs one of a package");
  if (entry.abi !== capabilityAbi.name)
    throw new Error(`module ${entry.name} has the ABI ${entry.abi}; a gateway runs modules of our own`);
  return entry;
}

function unusedOf({
  name,
  process,
  prerequisites,
  topics,
  bindings,
  timers,
}: FunctionOffer): readonly string[] {
  const what = `the function ${name}`;
  if (process !== undefined) return [`${what}, which is a program, and a gateway runs none`];
  if (prerequisites !== undefined)
    return [`${what}, whose prerequisites a gateway does not wait for: it does nothing but answer requests`];
  return topics.length + bindings.length + timers.length === 0
    ? []
    : [`${what} for events, bindings or timers, and a gateway receives none: it is called by its name alone`];
}

function unused(offer: Offer, manifest: CapabilityManifest): readonly string[] {
  switch (offer.kind) {
    case "component":
      return isUsed(offer, manifest) || usedHandlers(manifest).some(({ type }) => type === offer.type)
        ? []
        : [`${offer.type}, which is no component of a gateway`];
    case "function":
      return unusedOf(offer);
    case "actor":
      return [`actors of type ${offer.type}, which a gateway does not have`];
    case "http":
      return [];
  }
}

/** What is there and not for a gateway; what was asked for and not granted. */
export function remarksOn(manifest: CapabilityManifest, authority: Authority): readonly string[] {
  const { name, offers } = manifest;
  const { refused, limits } = authority;
  return [
    ...offers.flatMap((offer) => unused(offer, manifest)).map((what) => `package ${name} offers ${what}`),
    ...httpOffers(manifest)
      .flatMap((offer) => unasked(offer, authority))
      .map((what) => `package ${name}: ${what}`),
    ...(limits.concurrency === 1
      ? [
          `package ${name} is to have one instance (limits.concurrency: 1), and at a gateway has as many as the host makes: what it keeps in memory is each one's own`,
        ]
      : []),
    ...refused.map((phrase) => `package ${name} asks to ${phrase}, and is not granted it`),
  ];
}
