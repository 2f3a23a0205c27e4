import { text } from "../metadata-schema.ts";
import { type Expressions, expressionOf } from "./expressions.ts";
import { defineMiddleware, type MiddlewareDefinition } from "./middleware.ts";
import { plainAnswer } from "./plain-answer.ts";

/** Refuses requests whose path and query a rule does not match. `expressions` are loaded with the first rule. */
export function routerCheckerMiddleware(expressions: () => Promise<Expressions>): MiddlewareDefinition {
  return defineMiddleware({
    type: "middleware.http.routerchecker",
    version: "v1",
    summary: "Refuses requests whose path and query do not match a regular expression.",
    metadata: { rule: text.required("What the path and query of a request must match.") },
    features: [],
    async open({ rule: pattern }, { name, core }) {
      const rule = await expressionOf("rule", pattern, expressions, name);
      return {
        async handle(request, next) {
          const query = request.query === "" ? "" : `?${request.query}`;
          const normal = core.normalise(request.path);
          // What is dispatched must match as well as what was written: dot segments would lead past the rule.
          const passes =
            rule.test(request.path + query) &&
            (typeof normal === "string" || rule.test(`/${encodeURI(normal.path)}${query}`));
          return passes ? await next(request) : plainAnswer(400, "invalid router");
        },
        close: () => Promise.resolve(),
      };
    },
  });
}
