import type { Metrics } from "../telemetry/metrics/metrics-settings.ts";
import type { AccessControl } from "./access-control.ts";
import type { ApiRules } from "./api-rules.ts";
import type { NameResolution } from "./name-resolution.ts";
import type { PipelineHandler } from "./pipeline-handler.ts";
import type { SecretScope } from "./secret-scope.ts";
import type { TracingSection } from "./tracing-section.ts";

/** Which calls of the API are logged, and how; nothing of it is on where nobody says. */
export interface ApiLogging {
  readonly enabled?: boolean;
  /** Names of calls instead of paths. */
  readonly obfuscateURLs?: boolean;
  readonly omitHealthChecks?: boolean;
}

/**
 * What Configuration resources say (dapr-http-api §4.4). Plain data; a member that no resource speaks of is left out, and
 * whoever reads it knows the default.
 */
export interface Configuration {
  readonly accessControl?: AccessControl;
  readonly api?: ApiRules;
  /** `at`: where it stands, for messages. */
  readonly mtls?: { readonly enabled: boolean; readonly at: string };
  /** `type` or `type/version`. */
  readonly deniedComponents?: readonly string[];
  readonly secretScopes?: readonly SecretScope[];
  /** Whether changes of files are taken while running; true where nobody says. */
  readonly hotReload?: boolean;
  /** Whether `--strict` takes a ttl in an actor's state, as it is always taken without. */
  readonly actorStateTTL?: boolean;
  /** What a request passes before the API, and one of the app before the app; the outermost first. */
  readonly httpPipeline?: readonly PipelineHandler[];
  readonly appHttpPipeline?: readonly PipelineHandler[];
  readonly tracing?: TracingSection;
  readonly metrics?: Metrics;
  readonly nameResolution?: NameResolution;
  readonly apiLogging?: ApiLogging;
}

/** The members that are looked at when a sidecar starts, and not again; the field that each is in a file. */
export const readAtStart: Readonly<Partial<Record<keyof Configuration, string>>> = {
  hotReload: "spec.features HotReload",
  metrics: "spec.metrics",
  apiLogging: "spec.logging.apiLogging",
};

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

function overlay(below: unknown, above: unknown): unknown {
  if (!isRecord(below) || !isRecord(above)) return above;
  const merged = { ...below };
  for (const [name, value] of Object.entries(above)) {
    if (value !== undefined) merged[name] = overlay(below[name], value);
  }
  return merged;
}

/**
 * Several as one, the later above the earlier: members of mappings are merged, lists and scalars are replaced, as in
 * daprd. But for the scopes of secrets: that a later file is silent about a store must not open it.
 */
export function mergeConfigurations(configurations: readonly Configuration[]): Configuration {
  const merged = configurations.reduce((below, above) => overlay(below, above) as Configuration, {});
  const secretScopes = configurations.flatMap((configuration) => configuration.secretScopes ?? []);
  return secretScopes.length === 0 ? merged : { ...merged, secretScopes };
}
