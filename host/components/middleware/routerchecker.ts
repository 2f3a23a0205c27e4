import { RE2JS } from "@bufbuild/re2";
import { field } from "../metadata-schema.ts";
import { defineMiddleware } from "./middleware.ts";
import { plainAnswer } from "./plain-answer.ts";

/** Go's expressions, matched in linear time: what they are matched against comes from callers. */
const expression = field((value) => {
  try {
    return new RE2JS(value);
  } catch {
    throw new Error("expected a regular expression as Go has them (RE2)");
  }
});

/** Refuses requests whose path and query a rule does not match. */
export const routerCheckerMiddleware = defineMiddleware({
  type: "middleware.http.routerchecker",
  version: "v1",
  summary: "Refuses requests whose path and query do not match a regular expression.",
  metadata: { rule: expression.required("What the path and query of a request must match.") },
  features: [],
  open: ({ rule }, { core }) =>
    Promise.resolve({
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
    }),
});
