import * as yaml from "yaml";
import type { ComponentResource } from "../host/resources/component.ts";
import { parseResources } from "../host/resources/parse-resources.ts";

/** Loaded by the client only when components are given as YAML. Throws a ResourceError with document, line and field. */
export function componentsFromYaml(text: string, source: string): readonly ComponentResource[] {
  const { components, unapplied } = parseResources(text, source, yaml);
  for (const { kind, name, origin } of unapplied) {
    console.warn(`daprlet: ${kind} ${name} (${origin}) is understood and not applied yet`);
  }
  return components;
}
