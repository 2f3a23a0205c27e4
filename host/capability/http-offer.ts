import type { Platform } from "../platform.ts";
import { ContainerSource } from "./container-source.ts";
import type { Container, Containers } from "./containers.ts";
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
  readonly remotes: ReadonlyMap<Source, RemoteSource | ContainerSource>;
  readonly containers: ReadonlyMap<Source, Container>;
}

/** What the sources of an offer are asked with. */
interface OfferHost {
  readonly platform: Platform;
  readonly containers?: Containers | undefined;
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
  host: OfferHost,
): Promise<OpenedHttpOffer> {
  const { platform } = host;
  const operations = await readDescription(offer, source, schemas);
  const sources = new OfferSources(offer.sources, authority, platform.clock, host.containers);
  const remotes = new Map<Source, RemoteSource | ContainerSource>();
  const containers = new Map<Source, Container>();
  for (const one of offer.sources) {
    if (one.kind === "remote") remotes.set(one, new RemoteSource(one.url, platform));
    if (one.kind !== "container" || host.containers === undefined || !sources.usable(one)) continue;
    const container = host.containers.open(one.image, one.port, authority.limits);
    containers.set(one, container);
    remotes.set(one, new ContainerSource(container, platform));
  }
  return { offer, operations, sources, remotes, containers };
}
