import { ApiError } from "../errors/api-error.ts";
import { ComponentError } from "../errors/component-error.ts";
import { type Headers, header, type RuntimeResponse } from "../http.ts";
import { responseOf } from "./guest-answer.ts";
import { GuestFault } from "./guest-fault.ts";
import type { LoadedPackage } from "./loaded-package.ts";
import type { HttpOffer, Source } from "./manifest.ts";
import type { Matched } from "./match-operation.ts";
import { readRequest } from "./read-request.ts";

/** An operation that was found for a request. */
export interface Found {
  readonly package: LoadedPackage;
  readonly offer: HttpOffer;
  readonly matched: Matched;
}

export interface OfferRequest {
  readonly method: string;
  readonly query: string;
  readonly headers: Headers;
  readonly body: Uint8Array;
}

/** What became of a guest, as the API's error; anything else as it is. */
export function capabilityError(error: unknown, name: string): unknown {
  if (error instanceof GuestFault) {
    const { fault, message: cause } = error;
    if (fault === "deadline") return new ApiError("ERR_CAPABILITY_DEADLINE", { name, cause });
    return new ApiError("ERR_CAPABILITY_FAULT", { name, cause });
  }
  if (
    error instanceof ComponentError &&
    (error.code === "RESOURCE_EXHAUSTED" || error.code === "UNAVAILABLE")
  )
    return new ApiError("ERR_CAPABILITY_UNAVAILABLE", { name, cause: error.message });
  return error;
}

/** Answers a request by the first of the offer's sources that this host has. */
export async function answerOffer(
  { package: one, offer, matched }: Found,
  request: OfferRequest,
  path: string,
): Promise<RuntimeResponse> {
  const { name } = one.manifest;
  const read = readRequest(offer.name, matched, path, request);
  const source = offer.sources.find(({ kind }) => kind === "module");
  if (source?.kind !== "module") throw noSource(name, offer.sources);
  try {
    const traceparent = header(request.headers, "traceparent");
    return responseOf(await one.call(source.module, read, { traceparent }));
  } catch (error) {
    throw capabilityError(error, name);
  }
}

function noSource(name: string, sources: readonly Source[]): ApiError {
  const container = sources.find(({ kind }) => kind === "container");
  const cause =
    container?.kind === "container"
      ? `it is offered as the container ${container.image}, and this host runs no containers`
      : "none of its sources is served by this host";
  return new ApiError("ERR_CAPABILITY_UNAVAILABLE", { name, cause });
}
