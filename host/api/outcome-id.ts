import { header } from "../http.ts";
import type { Call } from "./endpoint.ts";

const encoder = new TextEncoder();

/**
 * The name under which a store or a broker remembers what became of this request; undefined for one without an id. It
 * says which app asked for what, so that an id which comes again with another request is answered for that one, and
 * never with the outcome of the first.
 */
export function outcomeId({ sidecar, request, path, requestId }: Call, body: Uint8Array): string | undefined {
  if (requestId === undefined) return undefined;
  const { appId, core } = sidecar;
  const asked = [request.method, path, request.query, header(request.headers, "if-match") ?? null];
  const what = core.xxhash64(encoder.encode(JSON.stringify(asked)));
  return `${appId}/${requestId}/${what.toString(36)}${core.xxhash64(body).toString(36)}`;
}
