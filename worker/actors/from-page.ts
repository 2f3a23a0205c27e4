import { type RuntimeRequest, withChanges, withoutHeader } from "../../host/http.ts";
import { PAGE_HEADER } from "../messages.ts";

/** The request, which says of a write of an actor's state what page it comes from. */
export function fromPage(request: RuntimeRequest, clientId: string): RuntimeRequest {
  const { path, headers } = request;
  if (!path.startsWith("/v1.0/actors/") || !path.endsWith("/state")) return request;
  return withChanges(request, { headers: [...withoutHeader(headers, PAGE_HEADER), PAGE_HEADER, clientId] });
}
