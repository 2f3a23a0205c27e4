import type { Platform } from "../platform.ts";
import type { Authority } from "./grants.ts";
import type { HttpOffer, Source } from "./manifest.ts";
import { ManifestError } from "./manifest-reader.ts";
import { OfferSources } from "./offer-sources.ts";
import { type Operation, readOpenApi } from "./openapi.ts";
import type { PackageSource } from "./package-source.ts";
import { RemoteSource } from "./remote-source.ts";

/** An offer whose description was read. */
export interface OpenedHttpOffer {
  readonly offer: HttpOffer;
  readonly operations: readonly Operation[];
  readonly sources: OfferSources;
  readonly remotes: ReadonlyMap<Source, RemoteSource>;
}

function parsed(bytes: Uint8Array, place: string): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw new ManifestError(`${place}: it is not JSON`);
  }
}

/** The operations of an offer; their schemas are added to `schemas`. Throws a ManifestError that names the place. */
export async function readDescription(
  { openapi }: HttpOffer,
  source: PackageSource,
  schemas: object[],
): Promise<readonly Operation[]> {
  const file = typeof openapi === "string" ? openapi : "capability.json";
  const place = `${source.origin}/${file}`;
  const description = typeof openapi === "string" ? parsed(await source.read(openapi), place) : openapi;
  return readOpenApi(description, place, schemas);
}

/** Opens an offer; the schemas of its description are added to `schemas`. Throws a ManifestError. */
export async function openHttpOffer(
  offer: HttpOffer,
  source: PackageSource,
  schemas: object[],
  authority: Authority,
  platform: Platform,
): Promise<OpenedHttpOffer> {
  const remotes = offer.sources.flatMap((one): readonly [Source, RemoteSource][] =>
    one.kind === "remote" ? [[one, new RemoteSource(one.url, platform)]] : [],
  );
  return {
    offer,
    operations: await readDescription(offer, source, schemas),
    sources: new OfferSources(offer.sources, authority, platform.clock),
    remotes: new Map(remotes),
  };
}
