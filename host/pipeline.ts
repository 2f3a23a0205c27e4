import type { Next } from "./components/middleware/middleware.ts";
import type { RuntimeRequest, RuntimeResponse } from "./http.ts";

/** What stands in front of `next`, which comes last. */
export type Pipeline = (request: RuntimeRequest, next: Next) => Promise<RuntimeResponse>;

/** Several as one, the first outermost; undefined when there are none, so that none costs nothing. */
export function pipelineOf(steps: readonly Pipeline[]): Pipeline | undefined {
  const [first, ...rest] = steps;
  if (first === undefined) return undefined;
  const inner = pipelineOf(rest);
  if (inner === undefined) return first;
  return (request, next) => first(request, (passed) => inner(passed, next));
}
