import { ResourceError } from "../resources/fields.ts";
import type { HttpEndpointResource } from "../resources/http-endpoint.ts";
import { inScope } from "../resources/scope.ts";
import { actorRows } from "./compile-actors.ts";
import { componentRows } from "./compile-components.ts";
import { doorRows } from "./compile-door.ts";
import { toldResources } from "./compile-metadata.ts";
import { middlewareRows } from "./compile-pipeline.ts";
import { Policies } from "./compile-policies.ts";
import { remoteRows } from "./compile-remotes.ts";
import { ruleRows } from "./compile-rules.ts";
import { upstreamRow } from "./compile-upstream.ts";
import type { GatewayResource, HeaderSetting, TargetSetting } from "./gateway-resource.ts";
import type { GatewayPackage } from "./packages/admit-package.ts";
import { GuestComponents } from "./packages/guest-components.ts";
import { guestRows } from "./packages/guest-rows.ts";
import type { GatewayResources } from "./read-gateway.ts";
import { markedVariable, SecretTable } from "./secret-table.ts";
import { compareBytes } from "./table.ts";
import { type AppRow, flags, type GatewayTable, type RouteRow } from "./table-shape.ts";

const utf8 = new TextEncoder();

function appRow(
  { id, upstreams, anyNamespace }: TargetSetting,
  secrets: SecretTable,
  policies: Policies,
): AppRow {
  return {
    id,
    policy: policies.index(id),
    anyNamespace: anyNamespace ? 1 : 0,
    upstreams: [...upstreams]
      .sort((a, b) => a.priority - b.priority)
      .map((upstream) => upstreamRow(upstream, secrets)),
  };
}

function appRows(
  targets: readonly TargetSetting[],
  secrets: SecretTable,
  policies: Policies,
): readonly AppRow[] {
  return targets
    .map((target) => ({ key: utf8.encode(target.id), row: appRow(target, secrets, policies) }))
    .sort((a, b) => compareBytes(a.key, b.key))
    .map(({ row }) => row);
}

/** An HTTPEndpoint is an app with one upstream. */
function endpoint({ name, baseUrl, headers, secretKeyRefs, origin }: HttpEndpointResource): TargetSetting {
  const [ref] = secretKeyRefs;
  if (ref !== undefined) {
    throw new ResourceError(
      `${origin}: ${ref.field} of HTTPEndpoint ${name} is in a secret store, which a gateway cannot ask; use envRef`,
    );
  }
  return {
    id: name,
    anyNamespace: true,
    upstreams: [
      {
        url: baseUrl,
        protocol: "plain",
        transport: /^https:/i.test(baseUrl) ? "outgoing" : "sockets",
        token: undefined,
        headers: Array.from(
          headers,
          ([header, value]): HeaderSetting => ({ name: header, value: markedVariable(value) ?? value }),
        ),
        weight: 1,
        priority: 0,
        region: "",
      },
    ],
    at: origin,
  };
}

/** A route leads to whoever a call of that id would; what nobody could answer for is a mistake. */
function routeRows({ routes, sites }: GatewayResource, apps: readonly AppRow[]): readonly RouteRow[] {
  return routes.map(({ path, app, strip, at }) => {
    const names = sites.map(({ id }) => id);
    const known =
      apps.some(({ id }) => id === app) || names.some((site) => site === "*" || app.endsWith(`.${site}`));
    if (!known)
      throw new ResourceError(`${at}: the app ${app} is neither under apps nor of a site: list it there`);
    return { path, app, strip: strip ? 1 : 0 };
  });
}

/** What the gateway reads, with these packages. Throws ResourceError. */
export function compileGateway(
  given: GatewayResources,
  packages: readonly GatewayPackage[] = [],
): GatewayTable {
  const { gateway, resources } = given;
  const { name, namespace, region, limits } = gateway;
  const secrets = new SecretTable();
  const policies = new Policies(resources.resiliencies, name, namespace);
  const own = resources.httpEndpoints.filter((each) => inScope(each, name, namespace)).map(endpoint);
  const targets = [...gateway.apps, ...own];
  targets.forEach(({ id, at }, i) => {
    const first = targets.findIndex((other) => other.id === id);
    if (first !== i)
      throw new ResourceError(`${at}: ${id} is defined twice; the other is ${targets[first]?.at}`);
  });
  const entry = doorRows(gateway, secrets);
  const apps = appRows(targets, secrets, policies);
  const sites = appRows(gateway.sites, secrets, policies);
  const remote = remoteRows(given, targets, policies, (target) => appRow(target, secrets, policies));
  const { remotes, actors } = actorRows(gateway, secrets, remote.remotes);
  const guests = new GuestComponents(packages, secrets);
  const middlewares = middlewareRows(given, guests);
  const components = componentRows(given, guests, () => secrets.rows);
  const merges = gateway.metrics === "merged";
  const spools = remote.pubsubs.some(({ spoolEvents }) => spoolEvents > 0);
  const stores = [...components.stores, ...remote.stores];
  return {
    flags:
      (gateway.serverTiming ? flags.serverTiming : 0) |
      (gateway.metrics === "off" ? 0 : flags.metrics) |
      (merges ? flags.merged : 0) |
      (spools ? flags.spool : 0),
    appId: name,
    namespace,
    region,
    ...entry,
    ...ruleRows(resources.configuration),
    apps,
    sites,
    routes: routeRows(gateway, apps),
    ...remote,
    remotes,
    actors,
    ...components,
    stores,
    folder: spools || merges ? gateway.folder : components.folder,
    listenAddress: gateway.listen.address,
    listenPort: gateway.listen.port,
    maxBody: limits.bodySize,
    maxHeaders: limits.headerSize,
    timeout: limits.timeoutMs,
    connectTimeout: limits.connectTimeoutMs,
    maxHops: limits.hops,
    ...guestRows(packages, { apps, sites, stores, pubsubs: remote.pubsubs }),
    told: toldResources(given, guests),
    middlewares,
    rules: policies.rows,
    secrets: secrets.rows,
  };
}
