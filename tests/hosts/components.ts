import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { declaredSubscriptions } from "../api/declared-suite.ts";
import { httpEndpoints } from "../api/http-endpoint-suite.ts";

/** What every host of the suites has loaded: names are fixed, types are the host's own. */
export interface ComponentTypes {
  /** Type and metadata of `statestore`, `unprefixed` (keyPrefix none), `named` (keyPrefix name) and `encrypted`. */
  readonly state: { readonly type: string; readonly metadata: Readonly<Record<string, string>> };
  readonly pubsub: { readonly type: string; readonly metadata: Readonly<Record<string, string>> };
  /** Of `secrets`, which holds {@link secrets}. */
  readonly secrets: { readonly type: string; readonly metadata: Readonly<Record<string, string>> };
  /** Of `locks`; undefined where the host has no lock store. */
  readonly lock: string | undefined;
  /** Of `settings`; undefined where the host has no configuration store. */
  readonly configuration: ComponentTypes["state"] | undefined;
  /** The address of `target.ts`. */
  readonly target: string;
  /** Of `bindings.localstorage`; undefined where the host has none. */
  readonly folder?: string;
}

/** What the store `secrets` holds on every host. The secret scopes of the suites hide `hidden`. */
export const secrets: Readonly<Record<string, string>> = {
  redisPassword: "the password",
  hidden: "what is denied",
  "with/slash": "slashed",
  "with space": "spaced",
  "a%b": "percent",
  constructor: "a name like any other",
  unicode: '\u00fcml\u00e4ut \u{1f511}\n"quoted" <&>',
};

/** A Configuration that denies this app the secret `hidden`, and enables preview features of Dapr. */
export const configurationYaml = (features: readonly string[] = []) => `apiVersion: dapr.io/v1alpha1
kind: Configuration
metadata:
  name: suites
spec:
  secrets:
    scopes:
      - storeName: secrets
        deniedSecrets: ["hidden", "hidden-and-missing"]
  features: ${JSON.stringify(features.map((name) => ({ name, enabled: true })))}
`;

/** What queries of `statestore` and `memory` may look for. */
const queryIndexes = JSON.stringify([
  {
    name: "people",
    indexes: [
      { key: "mark", type: "TEXT" },
      { key: "person.org", type: "TEXT" },
      { key: "person.id", type: "NUMERIC" },
    ],
  },
  { name: "others", indexes: [{ key: "mark", type: "TEXT" }] },
]);

interface Resource {
  readonly name: string;
  readonly type: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly scopes?: readonly string[];
  readonly ignoreErrors?: boolean;
}

/** The suites' components. `scoped` allows its topic `open` to everybody and nothing else to the first app. */
export function componentResources(types: ComponentTypes, appId: string): Resource[] {
  const { state, pubsub, target, folder } = types;
  const http = (name: string, path: string, metadata: Readonly<Record<string, string>> = {}) => {
    return { name, type: "bindings.http", metadata: { url: `${target}${path}`, ...metadata } };
  };
  const cron = (name: string, metadata: Readonly<Record<string, string>>) => {
    return { name, type: "bindings.cron", metadata: { schedule: "@every 1s", ...metadata } };
  };
  const outbox = (name: string, pubsub: string) => {
    const metadata = { outboxPublishPubsub: pubsub, outboxPublishTopic: "outboxed" };
    return { name, type: "state.in-memory", metadata };
  };
  return [
    { name: "secrets", ...types.secrets },
    ...(types.lock === undefined ? [] : [{ name: "locks", type: types.lock, metadata: {} }]),
    ...(types.configuration === undefined ? [] : [{ name: "settings", ...types.configuration }]),
    {
      name: "statestore",
      type: state.type,
      metadata: { queryIndexes, actorStateStore: "true", ...state.metadata },
    },
    { name: "unprefixed", type: state.type, metadata: { ...state.metadata, keyPrefix: "none" } },
    { name: "named", type: state.type, metadata: { ...state.metadata, keyPrefix: "name" } },
    { name: "memory", type: "state.in-memory", metadata: { queryIndexes } },
    {
      name: "encrypted",
      type: state.type,
      metadata: { ...state.metadata, primaryEncryptionKey: "0f".repeat(32) },
    },
    outbox("outbox", "messagebus"),
    outbox("lostOutbox", "nowhere"),
    { name: "foreign", type: "state.in-memory", metadata: {}, scopes: ["somebody-else"] },
    { name: "messagebus", type: pubsub.type, metadata: pubsub.metadata },
    {
      name: "scoped",
      type: pubsub.type,
      metadata: { ...pubsub.metadata, publishingScopes: `${appId}=open`, allowedTopics: "open,closed" },
    },
    http("target", "/base"),
    http("lenient", "", { errorIfNot2XX: "false" }),
    http("input-only", "", { direction: "input" }),
    http("templated", "/{uuid}/{uuid}/{appID}/{namespace}"),
    { name: "broken", type: "bindings.cron", metadata: { schedule: "nonsense" }, ignoreErrors: true },
    { name: "unheard-of", type: "bindings.nonsense", metadata: {}, ignoreErrors: true },
    cron("tick", {}),
    cron("tick-routed", { route: "/events/tick" }),
    cron("tick-refused", { route: "/status/404" }),
    cron("tick-unasked", { route: "/status/201", direction: "input" }),
    cron("tick-output", { direction: "output" }),
    ...(folder === undefined
      ? []
      : [{ name: "files", type: "bindings.localstorage", metadata: { rootPath: folder } }]),
  ];
}

export function componentYaml({ name, type, metadata, scopes, ignoreErrors }: Resource): string {
  const values = Object.entries(metadata).map(
    ([key, value]) => `    - name: ${key}\n      value: ${JSON.stringify(value)}`,
  );
  return [
    "apiVersion: dapr.io/v1alpha1",
    "kind: Component",
    "metadata:",
    `  name: ${name}`,
    "spec:",
    `  type: ${type}`,
    "  version: v1",
    ...(ignoreErrors ? ["  ignoreErrors: true"] : []),
    values.length === 0 ? "  metadata: []" : "  metadata:",
    ...values,
    ...(scopes === undefined ? [] : ["scopes:", ...scopes.map((scope) => `  - ${scope}`)]),
    "",
  ].join("\n");
}

/** The suites' components, declared subscriptions and Configuration as one text. */
export function resourcesYaml(
  types: ComponentTypes,
  appId: string,
  features: readonly string[] = [],
): string {
  const components = componentResources(types, appId).map(componentYaml);
  const declared = [...declaredSubscriptions, ...httpEndpoints(types.target)];
  return [...components, ...declared, configurationYaml(features)].join("---\n");
}

/** Writes one file per component, and one of the declared subscriptions, to a new folder `directory`. */
export function writeResources(directory: string, types: ComponentTypes, appId: string): void {
  mkdirSync(directory, { recursive: true });
  for (const resource of componentResources(types, appId)) {
    writeFileSync(join(directory, `${resource.name}.yaml`), componentYaml(resource));
  }
  writeFileSync(join(directory, "subscriptions.yaml"), declaredSubscriptions.join("---\n"));
  writeFileSync(join(directory, "endpoints.yaml"), httpEndpoints(types.target).join("---\n"));
}
