import { ComponentError } from "../../errors/component-error.ts";
import { reasonOf } from "../../errors/reason-of.ts";
import { withChanges } from "../../http.ts";
import { others, text } from "../metadata-schema.ts";
import { defineMiddleware, type MiddlewareDefinition } from "./middleware.ts";
import { carried, type RouteAlias, routeAlias } from "./route-alias.ts";

/** Reads a mapping written as text; throws an Error where it is none. */
export type MappingReader = (text: string) => Promise<unknown>;

const readJson: MappingReader = async (value) => {
  try {
    return JSON.parse(value);
  } catch {
    throw new Error("expected JSON, a mapping of paths to paths");
  }
};

async function aliases(
  routes: string,
  fields: ReadonlyMap<string, string>,
  read: MappingReader,
): Promise<readonly RouteAlias[]> {
  // Dapr's first form has each route as a field of its own.
  const given = routes === "" ? [...fields].filter(([name]) => name.startsWith("/")) : undefined;
  const mapping = given === undefined ? await read(routes) : Object.fromEntries(given);
  if (typeof mapping !== "object" || mapping === null || Array.isArray(mapping)) {
    throw new Error("expected a mapping of paths to paths");
  }
  return Object.entries(mapping).map(([pattern, target]) => {
    if (typeof target !== "string") throw new Error(`expected a path for ${pattern}`);
    return routeAlias(pattern, target);
  });
}

/** Other paths for the API's own. `read`: what `routes` may be written in; JSON where it is left out. */
export function routerAliasMiddleware(read: MappingReader = readJson): MiddlewareDefinition {
  return defineMiddleware({
    type: "middleware.http.routeralias",
    version: "v1",
    summary: "Gives the API's paths other names, and carries their parameters in the query.",
    metadata: {
      routes: text(
        'Paths and what they stand for: `{"/orders/{id}": "/v1.0/invoke/shop/method/orders"}`.',
        "",
      ),
      fields: others("Each route as a field of its own, Dapr's older form."),
    },
    features: [],
    async open({ routes, fields }, { name, core }) {
      const known = await aliases(routes, fields, read).catch((error: unknown) => {
        throw new ComponentError(
          "INVALID_ARGUMENT",
          `component ${name}: metadata field routes: ${reasonOf(error)}`,
        );
      });
      return {
        handle(request, next) {
          const normal = core.normalise(request.path);
          if (typeof normal === "string") return next(request);
          for (const { match, path, query } of known) {
            const parameters = match(`/${normal.path}`);
            if (parameters === undefined) continue;
            const own = [query, request.query].filter((part) => part !== "").join("&");
            return next(withChanges(request, { path, query: carried(own, parameters) }));
          }
          return next(request);
        },
        close: () => Promise.resolve(),
      };
    },
  });
}
