import { httpEndpoints } from "../api/http-endpoint-suite.ts";
import { componentYaml, configurationYaml, secrets } from "./components.ts";

export interface GatewaySettings {
  readonly appId: string;
  /** Addresses of the apps by their ids. */
  readonly apps: readonly (readonly [id: string, url: string])[];
  /** The sidecar with the suites' components, and the actors' host. */
  readonly sidecar: string;
  /** The address of `target.ts`. */
  readonly target: string;
  readonly transport: "sockets" | "outgoing";
  /** True: `statestore` is in the gateway's folder, else the sidecar's. */
  readonly folder: boolean;
  /** False: no component at all. */
  readonly components: boolean;
  readonly apiToken: string | undefined;
}

/** Before the names of the variables that are the suites' secrets. */
const secretPrefix = "SUITES_";

const component = (name: string, type: string, metadata: Readonly<Record<string, string>>) =>
  componentYaml({ name, type, metadata });

function components(folder: boolean): readonly string[] {
  const own = (name: string, metadata: Readonly<Record<string, string>> = {}) =>
    folder
      ? component(name, "state.wasi", metadata)
      : component(name, "state.dapr", { app: "sidecar", ...metadata });
  const remote = (type: string, name: string) => component(name, type, { app: "sidecar" });
  return [
    own("statestore"),
    own("unprefixed", { keyPrefix: "none" }),
    own("named", { keyPrefix: "name" }),
    ...["memory", "encrypted", "outbox", "lostOutbox"].map((name) => remote("state.dapr", name)),
    ...["messagebus", "scoped"].map((name) => remote("pubsub.dapr", name)),
    component("secrets", "secretstores.local.env", { prefix: secretPrefix }),
    componentYaml({ name: "foreign", type: "state.wasi", metadata: {}, scopes: ["somebody-else"] }),
  ];
}

/** What a gateway of the suites has instead of a sidecar's resources. */
export function gatewayYaml(settings: GatewaySettings): string {
  const { appId, apps, sidecar, transport, target, apiToken } = settings;
  const gateway = {
    apiVersion: "daprlet/v1alpha1",
    kind: "Gateway",
    metadata: { name: appId },
    spec: {
      apps: [
        ...apps.map(([id, url]) => ({ id, url, transport })),
        ...(settings.components ? [{ id: "sidecar", sidecar, transport }] : []),
      ],
      ...(settings.components && { actors: { from: { sidecar, transport } } }),
      ...(apiToken !== undefined && { apiToken: { envRef: "DAPR_API_TOKEN" } }),
    },
  };
  const endpoints = httpEndpoints(target).map((text) =>
    // A gateway cannot ask a secret store.
    text.replace(/secretKeyRef: \{[^}]*\}/, "envRef: ENDPOINT_SECRET").replace(/\nauth:\n.*/, ""),
  );
  return [
    JSON.stringify(gateway),
    ...(settings.components ? [...components(settings.folder), ...endpoints, secretScopes] : []),
  ].join("\n---\n");
}

const secretScopes = configurationYaml().replace(/ {2}features: .*\n/, "");

/** The environment that the gateway's secrets are in. */
export function gatewayEnvironment(apiToken: string | undefined): Readonly<Record<string, string>> {
  const own = Object.entries(secrets).map(([name, value]) => [secretPrefix + name, value] as const);
  return {
    ...Object.fromEntries(own),
    ENDPOINT_SECRET: secrets.redisPassword as string,
    ...(apiToken !== undefined && { DAPR_API_TOKEN: apiToken }),
  };
}
