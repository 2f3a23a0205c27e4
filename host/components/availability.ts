/**
 * Which hosts have which component type. The architecture test holds every host's registry against this list, so
 * that an error can name the hosts that have what the present one lacks.
 */
export const hostsOf: Readonly<Record<string, readonly string[]>> = {
  "state.in-memory": ["a page", "Node"],
  "state.indexeddb": ["a page"],
  "state.opfs": ["a page"],
  "state.sqlite": ["Node"],
  "state.files": ["Node"],
  "state.redis": ["Node"],
  "state.dapr": ["a page", "Node"],
  "pubsub.in-memory": ["a page", "Node"],
  "pubsub.browser": ["a page"],
  "pubsub.redis": ["Node"],
  "pubsub.dapr": ["a page", "Node"],
  "pubsub.relay": ["a page", "Node"],
  "bindings.redis": ["Node"],
  "bindings.dapr": ["a page", "Node"],
  "bindings.http": ["a page", "Node"],
  "bindings.cron": ["a page", "Node"],
  "bindings.in-memory": ["a page", "Node"],
  "bindings.localstorage": ["Node"],
  "bindings.broadcastchannel": ["a page"],
  "bindings.notification": ["a page"],
  "bindings.clipboard": ["a page"],
  "bindings.filepicker": ["a page"],
  "secretstores.in-memory": ["a page", "Node"],
  "secretstores.vault": ["a page"],
  "secretstores.local.file": ["Node"],
  "secretstores.local.env": ["Node"],
  "secretstores.dapr": ["a page", "Node"],
  "configuration.redis": ["Node"],
  "configuration.dapr": ["a page", "Node"],
  "configuration.in-memory": ["a page", "Node"],
  "configuration.indexeddb": ["a page"],
  "lock.redis": ["Node"],
  "lock.dapr": ["a page", "Node"],
  "lock.in-memory": ["a page", "Node"],
  "lock.indexeddb": ["a page"],
  "middleware.http.bearer": ["Node"],
  "middleware.http.oauth2": ["Node"],
  "middleware.http.oauth2clientcredentials": ["Node"],
  "middleware.http.uppercase": ["a page", "Node"],
  "middleware.http.ratelimit": ["a page", "Node"],
  "middleware.http.routeralias": ["a page", "Node"],
  "middleware.http.routerchecker": ["a page", "Node"],
  "middleware.http.opa": ["Node"],
  "middleware.http.wasm": ["Node"],
  "exporters.zipkin": ["a page", "Node"],
  "exporters.otlp": ["a page", "Node"],
  "exporters.native": ["a page", "Node"],
  "exporters.stdout": ["a page", "Node"],
  "exporters.broadcastchannel": ["a page"],
  "nameresolution.nameformat": ["Node"],
};

/** What a worker of a site's own can have besides (`compose` of daprlet/worker). */
const composable: ReadonlySet<string> = new Set([
  "middleware.http.bearer",
  "middleware.http.oauth2",
  "middleware.http.oauth2clientcredentials",
  "middleware.http.opa",
  "middleware.http.wasm",
]);

/** The sentence for a type that this host cannot open. */
export function availability(type: string, version: string, host: string): string {
  const hosts = Object.hasOwn(hostsOf, type) ? hostsOf[type] : undefined;
  if (hosts === undefined) {
    const types = Object.keys(hostsOf);
    const family = types.filter((known) => known.startsWith(`${type.split(".", 1)[0]}.`));
    const has = (family.length > 0 ? family : types).join(", ");
    return `type ${type} is not supported by daprlet; it has ${has}, and what loaded capability packages offer`;
  }
  if (hosts.includes(host)) return `type ${type} has no version ${version}; use v1`;
  const composed = composable.has(type) ? ", and workers that a site composes with it" : "";
  return `type ${type} is not available in ${host}; the hosts that have it: ${hosts.join(", ")}${composed}`;
}
