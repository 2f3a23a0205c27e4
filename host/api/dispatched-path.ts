import type { RuntimeRequest } from "../http.ts";
import type { Sidecar } from "../sidecar.ts";
import { endpoints } from "./endpoints.ts";
import { addressed, destination } from "./invoke/target.ts";
import { takenRoute } from "./taken-route.ts";

/**
 * Where a request goes, in one form for all spellings of it: an invocation reads `/v1.0/invoke/<app>/method/<method>`,
 * also where a header addresses the app or the namespace is written out. Undefined for a path that is none.
 */
export function dispatchedPath(sidecar: Sidecar, request: RuntimeRequest): string | undefined {
  const route = takenRoute(sidecar, request, sidecar.core.route(request.method, request.path));
  if (route === undefined || typeof route === "string") return undefined;
  const { operation, params, path } = route;
  const name = endpoints[operation]?.name;
  if (name !== undefined && name !== "invoke.method") return `/${path}`;
  const target = addressed({ request, params, path });
  if (target === undefined) return `/${path}`;
  return `/v1.0/invoke/${called(sidecar, target.id)}/method/${target.method}`;
}

function called({ namespace, httpEndpoints }: Sidecar, id: string): string {
  const to = destination(id, namespace);
  // `fetch` knows more than one spelling of a server, too.
  if (to.kind === "external" && URL.canParse(to.base)) return new URL(to.base).href.replace(/\/+$/, "");
  if (to.kind !== "app") return id;
  // An HTTPEndpoint is the same in every namespace.
  return to.namespace === namespace || httpEndpoints.get(to.appId) !== undefined ? to.appId : id;
}
