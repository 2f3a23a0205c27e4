import type { HttpOffer } from "./manifest.ts";
import { ManifestError } from "./manifest-reader.ts";
import { type Operation, readOpenApi } from "./openapi.ts";
import type { PackageSource } from "./package-source.ts";

/** An offer whose description was read. */
export interface OpenedHttpOffer {
  readonly offer: HttpOffer;
  readonly operations: readonly Operation[];
}

function parsed(bytes: Uint8Array, place: string): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw new ManifestError(`${place}: it is not JSON`);
  }
}

/** Reads the description; its schemas are added to `schemas`. Throws a ManifestError that names the place. */
export async function openHttpOffer(
  offer: HttpOffer,
  source: PackageSource,
  schemas: object[],
): Promise<OpenedHttpOffer> {
  const { openapi } = offer;
  const file = typeof openapi === "string" ? openapi : "capability.json";
  const place = `${source.origin}/${file}`;
  const description = typeof openapi === "string" ? parsed(await source.read(openapi), place) : openapi;
  return { offer, operations: readOpenApi(description, place, schemas) };
}
