import type { Route, RouteFault } from "../core/core.ts";
import type { RuntimeRequest } from "../http.ts";
import type { Sidecar } from "../sidecar.ts";
import { endpoints } from "./endpoints.ts";

export type Routed = Route | RouteFault;

/**
 * Where a request goes that the router found a route for. A row that the Configuration forbids, or that leaves the
 * request to others, is none, so that what remains is an invocation by a header. Undefined: that is forbidden as well.
 */
export function takenRoute(sidecar: Sidecar, request: RuntimeRequest, route: Routed): Routed | undefined {
  const { api } = sidecar.guards;
  if (typeof route !== "string" && route.operation >= 0 && api?.allows(route) !== false) {
    const leaves = endpoints[route.operation]?.leaves;
    if (leaves === undefined || !leaves(sidecar, request, route)) return route;
  }
  if (api?.invokes === false) return undefined;
  if (typeof route === "string" || route.operation < 0) return route;
  return { operation: -1, params: [], path: route.path };
}
