import { inScope } from "../resources/scope.ts";
import { remoteStore } from "./compile-remotes.ts";
import { localStore } from "./compile-store.ts";
import type { GuestComponents } from "./packages/guest-components.ts";
import type { GatewayResources } from "./read-gateway.ts";

/** As in a sidecar's metadata; of the others there are none. */
const capabilities: ReadonlyMap<string, readonly string[]> = new Map([
  [localStore, ["ETAG", "TRANSACTIONAL", "TTL"]],
  [remoteStore, ["ETAG", "TRANSACTIONAL", "TTL", "QUERY_API"]],
]);

const told = (features: readonly string[]) => features.length > 0 && { capabilities: features };

/** What `GET /v1.0/metadata` tells of the gateway's resources, as members of an object with a comma behind each. */
export function toldResources(
  { gateway: { name: appId, namespace }, resources }: GatewayResources,
  guests: GuestComponents,
): string {
  const own = <T extends Parameters<typeof inScope>[0]>(list: readonly T[]) =>
    list.filter((each) => inScope(each, appId, namespace));
  const named = (list: readonly { readonly name: string }[]) => list.map(({ name }) => ({ name }));
  const resourcesOf = {
    components: own(resources.components).map(({ name, type, version }) => ({
      name,
      type,
      version,
      ...told(capabilities.get(type) ?? guests.features(type)),
    })),
    httpEndpoints: named(own(resources.httpEndpoints)),
    resiliencies: named(own(resources.resiliencies)),
  };
  return Object.entries(resourcesOf)
    .filter(([, list]) => list.length > 0)
    .map(([member, list]) => `"${member}":${JSON.stringify(list)},`)
    .join("");
}
