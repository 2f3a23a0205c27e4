import type { LoadedPackage } from "./loaded-package.ts";
import type { Offer } from "./manifest.ts";
import type { RefusedPackage } from "./package-set.ts";

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

/** A package as `GET /v1.0/capabilities` shows it. */
export function shownPackage(one: LoadedPackage): object {
  const { manifest, origin, authority, measures, instances } = one;
  const { name, version, description, offers, needs } = manifest;
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
