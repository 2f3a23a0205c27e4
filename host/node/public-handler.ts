import type { Endpoint } from "../api/endpoint.ts";
import { endpoints } from "../api/endpoints.ts";
import { answerToError } from "../errors/answer-to-error.ts";
import { apiError } from "../errors/api-error.ts";
import type { RuntimeRequest, RuntimeResponse } from "../http.ts";
import type { Sidecar } from "../sidecar.ts";

const names: readonly string[] = ["healthz.get", "healthz.outbound", "metadata.get"];

/** By their paths. */
const served: ReadonlyMap<string, Endpoint> = new Map(
  endpoints
    .filter(({ name }) => names.includes(name))
    .flatMap((endpoint) => endpoint.paths.map((path): [string, Endpoint] => [path, endpoint])),
);

/**
 * The public port: what a probe may read, and nothing that has an effect. As in daprd it asks for no token, and no
 * pipeline stands in front of it.
 */
export function publicHandler(sidecar: Sidecar): (request: RuntimeRequest) => Promise<RuntimeResponse> {
  return async (request) => {
    const endpoint = request.method === "GET" ? served.get(request.path) : undefined;
    if (endpoint === undefined) {
      return apiError("ERR_DIRECT_INVOKE", {}, { status: 404, message: "not served on the public port" });
    }
    try {
      const path = request.path.slice(1);
      return await endpoint.handle({ sidecar, request, params: [], path, requestId: undefined });
    } catch (error) {
      return answerToError(error, request, sidecar.log);
    }
  };
}
