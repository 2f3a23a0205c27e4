import { ComponentError } from "../../errors/component-error.ts";
import type { ComponentContext } from "../component.ts";
import type { Expressions } from "./routerchecker.ts";

/** Whether a middleware is meant for a path. */
export type PathFilter = (path: string) => boolean;

/**
 * Dapr's `pathFilter`: an expression for the paths that a middleware is meant for. It is held against the normal form,
 * which is what is dispatched, and a path that has none is never passed over.
 */
export async function pathFilter(
  pattern: string | undefined,
  expressions: () => Promise<Expressions>,
  { name, core }: Pick<ComponentContext, "name" | "core">,
): Promise<PathFilter> {
  if (pattern === undefined || pattern === "") return () => true;
  const Expression = await expressions();
  let filter: InstanceType<Expressions>;
  try {
    filter = new Expression(pattern);
  } catch {
    throw new ComponentError(
      "INVALID_ARGUMENT",
      `component ${name}: metadata field pathFilter: expected a regular expression as Go has them (RE2)`,
    );
  }
  return (path) => {
    const normal = core.normalise(path);
    return typeof normal === "string" || filter.test(`/${normal.path}`);
  };
}
