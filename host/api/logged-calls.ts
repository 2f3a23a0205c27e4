import { header, type RuntimeRequest, type RuntimeResponse } from "../http.ts";
import { measuredBody } from "../measured-body.ts";
import type { ApiLogging } from "../resources/configuration.ts";
import type { Sidecar } from "../sidecar.ts";
import { callName } from "./call-name.ts";

type Handle = (request: RuntimeRequest) => Promise<RuntimeResponse>;

/** Logs each call of the API once it has been answered: never its query, a header but the caller's name, or a body. */
export function loggedCalls(
  { core, log, platform: { clock } }: Sidecar,
  { obfuscateURLs = false, omitHealthChecks = false }: ApiLogging,
  handle: Handle,
): Handle {
  return async (request) => {
    if (omitHealthChecks && request.path.startsWith("/v1.0/healthz")) return handle(request);
    const began = clock.now();
    const response = await handle(request);
    const { status: code } = response;
    const method = obfuscateURLs
      ? callName(core.route(request.method, request.path), request)
      : `${request.method} ${request.path}`;
    const useragent = header(request.headers, "user-agent");
    const body = measuredBody(response.body, (size) => {
      const duration = Math.max(0, clock.now() - began);
      log.info("HTTP API Called", { code, duration, method, size, useragent });
    });
    return body === response.body ? response : { ...response, body };
  };
}
