import { routePatterns } from "../components/middleware/routes.ts";
import { ComponentError } from "../errors/component-error.ts";
import type { ComponentResource } from "../resources/component.ts";
import { ResourceError } from "../resources/fields.ts";
import { inScope } from "../resources/scope.ts";
import type { GuestComponents } from "./packages/guest-components.ts";
import type { GatewayResources } from "./read-gateway.ts";
import type { MiddlewareRow } from "./table-shape.ts";

/** One bit each, of those that a request has passed. */
const MOST = 32;

const names = (texts: readonly string[]) => texts.map((text) => ({ text }));

function limits({ name, origin, metadata }: ComponentResource) {
  try {
    return routePatterns(name, metadata);
  } catch (error) {
    if (!(error instanceof ComponentError)) throw error;
    throw new ResourceError(`${origin}: ${error.message}`);
  }
}

/** `httpPipeline` of the Configuration: middleware that packages are. Throws ResourceError. */
export function middlewareRows(
  { gateway: { name: appId, namespace }, resources }: GatewayResources,
  guests: GuestComponents,
): readonly MiddlewareRow[] {
  const handlers = resources.configuration.httpPipeline ?? [];
  const own = resources.components.filter((each) => inScope(each, appId, namespace));
  return handlers.map(({ name, type, version, origin }, i) => {
    const component = own.find(
      (each) => each.name === name && each.type === type && each.version === version,
    );
    const shown = `${origin}: the pipeline names ${name} (${type}/${version}), which is`;
    if (component === undefined)
      throw new ResourceError(`${shown} no component of the gateway: add it, or take it out of the pipeline`);
    if (!guests.has(component))
      throw new ResourceError(`${shown} not of its packages: a gateway runs no other middleware`);
    if (i >= MOST) throw new ResourceError(`${shown} beyond the ${MOST} that a gateway runs`);
    const { only, except } = limits(component);
    return {
      guests: [guests.row(component, (field) => field === "onlyfor" || field === "exceptfor")],
      onlyPaths: names(only ?? []),
      exceptPaths: names(except),
      limited: only === undefined ? 0 : 1,
    };
  });
}
