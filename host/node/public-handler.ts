import { apiError } from "../errors/api-error.ts";
import type { RuntimeRequest, RuntimeResponse } from "../http.ts";

const served: ReadonlySet<string> = new Set(["/v1.0/healthz", "/v1.0/healthz/outbound", "/v1.0/metadata"]);

/** The public port: what a probe may read, and nothing that has an effect. */
export function publicHandler(
  handle: (request: RuntimeRequest) => Promise<RuntimeResponse>,
): (request: RuntimeRequest) => Promise<RuntimeResponse> {
  return async (request) => {
    if (request.method === "GET" && served.has(request.path)) return await handle(request);
    return apiError("ERR_DIRECT_INVOKE", {}, { status: 404, message: "not served on the public port" });
  };
}
