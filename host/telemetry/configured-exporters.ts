import { present } from "../present.ts";
import { type ComponentResource, componentDefaults } from "../resources/component.ts";
import type { TracingSection } from "../resources/tracing-section.ts";

function exporter(
  type: string,
  metadata: Readonly<Record<string, string | undefined>>,
  origin: string,
): ComponentResource {
  return {
    ...componentDefaults,
    name: `tracing.${type}`,
    type: `exporters.${type}`,
    metadata: new Map(Object.entries(present<Record<string, string>>(metadata))),
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
