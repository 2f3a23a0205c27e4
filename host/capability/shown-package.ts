import type { OpenedHttpOffer } from "./http-offer.ts";
import type { RefusedPackage } from "./let-in.ts";
import type { LoadedPackage } from "./loaded-package.ts";
import type { Offer } from "./manifest.ts";

function shownOffer(offer: Offer, { http }: LoadedPackage): object {
  if (offer.kind !== "http") return offer;
  const operations = http.find((one) => one.offer === offer)?.operations ?? [];
  return {
    kind: offer.kind,
    name: offer.name,
    sources: offer.sources,
    operations: operations.map(({ id, method, path, parameters, body }) => ({
      id,
      method,
      path,
      parameters: parameters.map(({ name, in: place, required, type }) => ({
        name,
        in: place,
        required,
        type,
      })),
      ...(body !== undefined && { body: { required: body.required, content: [...body.content.keys()] } }),
    })),
  };
}

/** Images that it is offered as, and whether they run. */
function shownContainers({ offer, containers, sources }: OpenedHttpOffer): readonly object[] {
  return offer.sources.flatMap((source) => {
    if (source.kind !== "container") return [];
    const { image, port } = source;
    const status = containers.get(source)?.status ?? { status: "refused", cause: sources.refusal(source) };
    return { image, port, ...status };
  });
}

/** Programs of the machine that it is, which nothing confines. */
function shownPrograms({ manifest, authority }: LoadedPackage): readonly object[] {
  return manifest.offers.flatMap((offer) => {
    if (offer.kind !== "function" || offer.process === undefined) return [];
    const { command, runtime } = offer.process;
    const granted = authority.granted.processes.includes(command);
    return { command, runtime, confined: false, status: granted ? "granted" : "refused" };
  });
}

/** A package as `GET /v1.0/capabilities` shows it. */
export function shownPackage(one: LoadedPackage): object {
  const { manifest, origin, authority, measures, instances } = one;
  const { name, version, description, offers, needs } = manifest;
  const containers = one.http.flatMap(shownContainers);
  const programs = shownPrograms(one);
  return {
    name,
    version,
    description,
    status: "loaded",
    origin,
    modules: [...one.modules.values()].map(({ name, sha256, abi, imports, memory }) => ({
      name,
      sha256,
      abi: abi.name,
      imports,
      memory,
    })),
    ...(containers.length > 0 && { containers }),
    ...(programs.length > 0 && { programs }),
    offers: offers.map((offer) => shownOffer(offer, one)),
    asked: needs,
    granted: authority.granted,
    refused: authority.refused,
    limits: authority.limits,
    measured: { ...measures.shown(), ...instances },
  };
}

export function shownRefusal({ name, origin, cause }: RefusedPackage): object {
  return { name, status: "refused", origin, cause };
}
