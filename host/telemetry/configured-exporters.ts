import type { ComponentResource } from "../resources/component.ts";
import type { TracingSection } from "../resources/tracing-section.ts";

function exporter(
  type: string,
  metadata: Readonly<Record<string, string | undefined>>,
  origin: string,
): ComponentResource {
  const given = Object.entries(metadata).filter((field): field is [string, string] => field[1] !== undefined);
  return {
    name: `tracing.${type}`,
    namespace: undefined,
    type: `exporters.${type}`,
    version: "v1",
    metadata: new Map(given),
    secretKeyRefs: [],
    secretStore: undefined,
    scopes: [],
    initTimeoutMs: 5_000,
    ignoreErrors: false,
    origin,
  };
}

/** The exporters that the tracing section of a Configuration names, as the components they are. */
export function configuredExporters(tracing: TracingSection | undefined): readonly ComponentResource[] {
  if (tracing === undefined) return [];
  const { zipkin, otel, stdout } = tracing;
  const found: ComponentResource[] = [];
  const origin = "the tracing section of a Configuration";
  if (zipkin?.endpointAddress) {
    found.push(exporter("zipkin", { exporterAddress: zipkin.endpointAddress }, origin));
  }
  if (otel?.endpointAddress) {
    const { endpointAddress, headers, timeout, protocol } = otel;
    found.push(exporter("otlp", { endpoint: endpointAddress, headers, timeout, protocol }, origin));
  }
  if (stdout === true) found.push(exporter("stdout", {}, origin));
  return found;
}
