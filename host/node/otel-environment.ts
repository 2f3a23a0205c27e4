import type { Configuration } from "../resources/configuration.ts";
import type { Environment } from "../resources/value-entries.ts";

/**
 * What OpenTelemetry's variables say of tracing (dapr-http-api §4.4): an endpoint turns it on, for every trace. A
 * Configuration says otherwise where it says anything.
 */
export function otelEnvironment(environment: Environment): Configuration {
  const given = (name: string) =>
    environment(`OTEL_EXPORTER_OTLP_TRACES_${name}`) ||
    environment(`OTEL_EXPORTER_OTLP_${name}`) ||
    undefined;
  // The general endpoint is a base, that of the traces is taken as it is.
  const base = environment("OTEL_EXPORTER_OTLP_ENDPOINT")?.replace(/\/+$/, "");
  const endpoint = environment("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") || (base && `${base}/v1/traces`);
  if (!endpoint) return {};
  const protocol = given("PROTOCOL");
  const secure = given("INSECURE")?.toLowerCase() !== "true";
  const endpointAddress = endpoint.includes("://") ? endpoint : `${secure ? "https" : "http"}://${endpoint}`;
  const headers = given("HEADERS");
  const timeout = given("TIMEOUT");
  return {
    tracing: {
      samplingRate: 1,
      otel: {
        endpointAddress,
        ...(protocol !== undefined && { protocol }),
        ...(headers !== undefined && { headers }),
        ...(timeout !== undefined && { timeout }),
      },
    },
  };
}
