import type { ComponentResource } from "./resources/component.ts";
import { configuredResolver } from "./resources/name-resolution.ts";
import type { Resources } from "./resources/resources.ts";
import { configuredExporters } from "./telemetry/configured-exporters.ts";

/** The components of resources: their own, and those that a Configuration asks for. */
export function wantedComponents({ components, configuration }: Resources): readonly ComponentResource[] {
  const { tracing, nameResolution } = configuration;
  return [...components, ...configuredExporters(tracing), ...configuredResolver(nameResolution)];
}
