import type { Call, Endpoint } from "./api/endpoint.ts";
import { endpoints } from "./api/endpoints.ts";
import { invokeApp, refuseRoute } from "./api/invoke.ts";
import { type Routed, takenRoute } from "./api/taken-route.ts";
import type { Next } from "./components/middleware/middleware.ts";
import {
  header,
  type RuntimeRequest,
  type RuntimeResponse,
  text,
  withChanges,
  withoutHeader,
} from "./http.ts";
import type { Pipeline } from "./pipeline.ts";
import { equalTokens } from "./security/token.ts";
import type { Sidecar } from "./sidecar.ts";

/** What anybody may ask. */
const open: readonly string[] = ["healthz.get", "healthz.outbound"];

/** The row that answers a route; undefined: it is an invocation, or no path at all. */
function endpointOf(route: Routed): Endpoint | undefined {
  return typeof route === "string" ? undefined : endpoints[route.operation];
}

function isOpen(route: Routed): boolean {
  const endpoint = endpointOf(route);
  return endpoint !== undefined && open.includes(endpoint.name);
}

/**
 * The way of a request through the API, in this order: the token, the pipeline of `httpPipeline`, the route, its
 * endpoint. A step that is not configured costs nothing. Throws what endpoints throw.
 */
export class Dispatch {
  readonly #sidecar: Sidecar;
  readonly #apiToken: string | undefined;
  readonly #pipeline: () => Pipeline | undefined;

  /** `pipeline` is asked for each request: an update may change it. */
  constructor(sidecar: Sidecar, apiToken: string | undefined, pipeline: () => Pipeline | undefined) {
    this.#sidecar = sidecar;
    this.#apiToken = apiToken;
    this.#pipeline = pipeline;
  }

  handle(request: RuntimeRequest): Promise<RuntimeResponse> | RuntimeResponse {
    const route = this.#route(request);
    let authorised = true;
    if (this.#apiToken !== undefined) {
      authorised = equalTokens(header(request.headers, "dapr-api-token") ?? "", this.#apiToken);
      if (!authorised && !isOpen(route)) return text("invalid api token", 401);
      request = withChanges(request, { headers: withoutHeader(request.headers, "dapr-api-token") });
    }
    const pipeline = this.#pipeline();
    if (pipeline === undefined) return this.#answer(request, route);
    const next: Next = async (passed) => {
      if (passed.path === request.path && passed.method === request.method)
        return this.#answer(passed, route);
      // A middleware sent it elsewhere: what is open under its first path must not open another.
      const rerouted = this.#route(passed);
      if (!authorised && !isOpen(rerouted)) return text("invalid api token", 401);
      return this.#answer(passed, rerouted);
    };
    return pipeline(request, next);
  }

  #route({ method, path }: RuntimeRequest): Routed {
    return this.#sidecar.core.route(method, path);
  }

  #answer(request: RuntimeRequest, found: Routed): Promise<RuntimeResponse> | RuntimeResponse {
    const route = takenRoute(this.#sidecar, request, found);
    if (route === undefined) return text("404 page not found\n", 404);
    if (typeof route === "string") return refuseRoute(route, request);
    const requestId = header(request.headers, "daprlet-request-id");
    if (requestId !== undefined) {
      request = withChanges(request, { headers: withoutHeader(request.headers, "daprlet-request-id") });
    }
    const { params, path } = route;
    const call: Call = { sidecar: this.#sidecar, request, params, path, requestId };
    const endpoint = endpointOf(route);
    return endpoint === undefined ? invokeApp(call) : endpoint.handle(call);
  }
}
