import type { ActorRuntimeStatus } from "../actors/actors.ts";
import { type Durability, families } from "../components/component.ts";
import { apiError } from "../errors/api-error.ts";
import { BodyTooLargeError, header, json, noContent, type RuntimeResponse, readBody } from "../http.ts";
import type { Readiness, Sidecar } from "../sidecar.ts";
import { version } from "../version.ts";
import type { Call, Endpoint } from "./endpoint.ts";

interface ComponentInfo {
  readonly name: string;
  readonly type: string;
  readonly version: string;
  readonly capabilities?: readonly string[];
}

function loaded({ components }: Sidecar): readonly ComponentInfo[] {
  // As in Dapr, a resolver is no component to its readers.
  const listed = families.filter((family) => family !== "nameresolution");
  const all = listed.flatMap((family) => [...components[family].values()]);
  return all.map(({ resource, definition }) => ({
    name: resource.name,
    type: resource.type,
    version: resource.version,
    ...(definition.features.length > 0 && { capabilities: definition.features }),
  }));
}

/**
 * What keeps the data of each component that tells it: `storage.<component>` is `persistent`, `best-effort` (a browser
 * may evict it) or `memory`.
 */
function storage({ components: { state, pubsub } }: Sidecar): Map<string, Durability> {
  const kept = new Map<string, Durability>();
  for (const [name, { definition, component }] of state) {
    if (!definition.features.includes("DURABILITY")) kept.set(name, "memory");
    else if ("durability" in component) kept.set(name, component.durability as Durability);
  }
  for (const [name, { definition, component }] of pubsub) {
    kept.set(
      name,
      component.durability ?? (definition.features.includes("DURABLE") ? "persistent" : "memory"),
    );
  }
  return new Map([...kept].map(([name, value]) => [`storage.${name}`, value]));
}

/** What components tell of themselves, by `<fact>.<component>`. */
function facts({ components }: Sidecar): Map<string, string> {
  const all = families.flatMap((family) => [...components[family]]);
  return new Map(
    all.flatMap(([name, { component }]) =>
      [...(component.facts ?? [])].map(([fact, value]): [string, string] => [`${fact}.${name}`, value]),
    ),
  );
}

const noActors: Partial<ActorRuntimeStatus> = { runtimeStatus: "DISABLED", hostReady: false };

function get({ sidecar }: Call): RuntimeResponse {
  const { appId, app } = sidecar;
  const components = loaded(sidecar);
  const subscriptions = [...sidecar.subscriptions.list(), ...sidecar.streams.list()];
  const endpoints = sidecar.httpEndpoints.names;
  const policies = sidecar.resiliency.resources;
  const { table, ...actorRuntime } = sidecar.actors?.status ?? noActors;
  const { activeActors = [] } = actorRuntime;
  const { hotReload = true, actorStateTTL = false } = sidecar.resources.configuration;
  const enabledFeatures = [...(actorStateTTL ? ["ActorStateTTL"] : []), ...(hotReload ? ["HotReload"] : [])];
  const extended = new Map([
    ["daprRuntimeVersion", version],
    ...sidecar.extended,
    // Last: what is kept where is a fact, and not for a caller to overwrite.
    ...storage(sidecar),
    ...facts(sidecar),
    ...(table === undefined ? [] : [["actors.table", table] as const]),
  ]);
  return json({
    id: appId,
    runtimeVersion: version,
    ...(enabledFeatures.length > 0 && { enabledFeatures }),
    ...(components.length > 0 && { components }),
    extended: Object.fromEntries(extended),
    ...(endpoints.length > 0 && { httpEndpoints: endpoints.map((name) => ({ name })) }),
    ...(subscriptions.length > 0 && { subscriptions }),
    ...(app !== undefined && { appConnectionProperties: app.properties }),
    ...(activeActors.length > 0 && { actors: activeActors }),
    actorRuntime,
    ...(policies.length > 0 && { resiliencies: policies.map(({ name }) => ({ name })) }),
  });
}

async function set({ sidecar, request, params }: Call): Promise<RuntimeResponse> {
  try {
    const body = await readBody(request.body, sidecar.maxBodySize);
    sidecar.extended.set(params[0] as string, new TextDecoder().decode(body));
    return noContent;
  } catch (error) {
    if (error instanceof BodyTooLargeError) return apiError("ERR_BODY_READ", { cause: error.message });
    throw error;
  }
}

function missing(readiness: Readiness, parts: readonly (keyof Readiness)[]): string | undefined {
  const targets = parts.filter((part) => !readiness[part]);
  return targets.length === 0 ? undefined : `[${targets.join(", ")}]`;
}

function health({ sidecar, request }: Call): RuntimeResponse {
  const targets = missing(sidecar.readiness, ["core", "components", "app"]);
  if (targets !== undefined) return apiError("ERR_HEALTH_NOT_READY", { targets });
  if (request.query !== "") {
    const asked = new URLSearchParams(request.query).get("appid");
    if (asked !== null && asked !== "" && asked !== sidecar.appId) {
      return apiError("ERR_HEALTH_APPID_NOT_MATCH");
    }
  }
  return noContent;
}

/** Ready to serve the app's own calls: an app that waits for its sidecar before it listens must not wait for itself. */
function outbound({ sidecar }: Call): RuntimeResponse {
  const targets = missing(sidecar.readiness, ["core", "components"]);
  return targets === undefined ? noContent : apiError("ERR_OUTBOUND_HEALTH_NOT_READY", { targets });
}

function shutdown({ sidecar, request }: Call): RuntimeResponse {
  sidecar.shutdown(header(request.headers, "dapr-force-shutdown") === "true");
  return noContent;
}

export const metadata: readonly Endpoint[] = [
  { name: "metadata.get", methods: ["GET"], paths: ["/v1.0/metadata"], handle: get },
  { name: "metadata.set", methods: ["PUT"], paths: ["/v1.0/metadata/{key}"], handle: set },
  { name: "healthz.get", methods: ["GET"], paths: ["/v1.0/healthz"], handle: health },
  { name: "healthz.outbound", methods: ["GET"], paths: ["/v1.0/healthz/outbound"], handle: outbound },
  { name: "shutdown.post", methods: ["POST"], paths: ["/v1.0/shutdown"], handle: shutdown },
];
