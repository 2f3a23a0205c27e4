import type { Route } from "../core/core.ts";
import type { RuntimeRequest, RuntimeResponse } from "../http.ts";
import type { Sidecar } from "../sidecar.ts";

/** One call of the API: the request, what the router found in it, and the sidecar that answers. */
export interface Call {
  readonly sidecar: Sidecar;
  readonly request: RuntimeRequest;
  /** Decoded parameters in the order of the endpoint's path. */
  readonly params: readonly string[];
  /** The one normal form of the path (see `Route.path`). */
  readonly path: string;
  /** An id of our own client: this request may come twice and must then have one effect and one answer. */
  readonly requestId: string | undefined;
}

export type Handler = (call: Call) => Promise<RuntimeResponse> | RuntimeResponse;

/**
 * One row of the API. `path` is a pattern: `{x}` is one segment, `{x*}` all that is left (slashes included).
 * Paths of one row are aliases. The core's router is generated from these rows at build time; the position of a row
 * in `endpoints.ts` is its operation number.
 */
export interface Endpoint {
  /** `block.operation`; the block is what `api.allowed` and the metrics name. */
  readonly name: string;
  readonly methods: readonly string[];
  readonly paths: readonly string[];
  readonly handle: Handler;
  /** Whether it takes itself for no endpoint, which leaves the request to the app that a header addresses. */
  readonly leaves?: (sidecar: Sidecar, request: RuntimeRequest, route: Route) => boolean;
}
