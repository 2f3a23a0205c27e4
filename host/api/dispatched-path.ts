import type { RuntimeRequest } from "../http.ts";
import type { Sidecar } from "../sidecar.ts";
import { endpoints } from "./endpoints.ts";
import { addressed, destination } from "./invoke/target.ts";

/**
 * Where a request goes, in one form for all spellings of it: an invocation reads `/v1.0/invoke/<app>/method/<method>`,
 * also where a header addresses the app or the namespace is written out. Undefined for a path that is none.
 */
export function dispatchedPath(
  { core, namespace }: Pick<Sidecar, "core" | "namespace">,
  request: RuntimeRequest,
): string | undefined {
  const route = core.route(request.method, request.path);
  if (typeof route === "string") return undefined;
  const { operation, params, path } = route;
  const name = endpoints[operation]?.name;
  if (name !== undefined && name !== "invoke.method") return `/${path}`;
  const target = addressed({ request, params, path });
  if (target === undefined) return `/${path}`;
  const to = destination(target.id, namespace);
  const own = to.kind === "app" && to.namespace === namespace;
  return `/v1.0/invoke/${own ? to.appId : target.id}/method/${target.method}`;
}
