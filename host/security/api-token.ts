import { type RuntimeRequest, withChanges } from "../http.ts";

/** The request with the sidecar's own token: for callers who have proved themselves in another way. */
export function withApiToken(request: RuntimeRequest, apiToken: string | undefined): RuntimeRequest {
  if (apiToken === undefined) return request;
  return withChanges(request, { headers: ["dapr-api-token", apiToken, ...request.headers] });
}
