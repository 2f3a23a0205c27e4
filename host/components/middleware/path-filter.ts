import type { RuntimeRequest } from "../../http.ts";
import type { ComponentContext } from "../component.ts";
import { type Expressions, expressionOf } from "./expressions.ts";

/** Whether a middleware is meant for a request. */
export type PathFilter = (request: RuntimeRequest) => boolean;

/**
 * Dapr's `pathFilter`: an expression for the paths that a middleware is meant for. It is held against the normal form
 * and, so that no header leads past it, against where the request goes; a path that has none is never passed over.
 */
export async function pathFilter(
  pattern: string | undefined,
  expressions: () => Promise<Expressions>,
  { name, core, destination }: Pick<ComponentContext, "name" | "core" | "destination">,
): Promise<PathFilter> {
  if (pattern === undefined || pattern === "") return () => true;
  const filter = await expressionOf("pathFilter", pattern, expressions, name);
  return (request) => {
    const normal = core.normalise(request.path);
    if (typeof normal === "string" || filter.test(`/${normal.path}`)) return true;
    const path = destination?.(request);
    return path !== undefined && filter.test(path);
  };
}
