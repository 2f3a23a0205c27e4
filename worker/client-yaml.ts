import * as yaml from "yaml";
import { parseResources } from "../host/resources/parse-resources.ts";
import type { Resources } from "../host/resources/resources.ts";

/** Loaded by the client only when components are given as YAML. Throws a ResourceError with document, line and field. */
export function resourcesFromYaml(text: string, source: string): Resources {
  const { unapplied, unknown, ...resources } = parseResources(text, source, yaml);
  for (const { kind, name, origin } of unapplied) {
    console.warn(`daprlet: ${kind} ${name} (${origin}) is understood and not applied yet`);
  }
  if (resources.configuration.metrics !== undefined) {
    console.warn(
      "daprlet: spec.metrics of a Configuration is for sidecars on Node; nothing is measured in a page",
    );
  }
  for (const sentence of unknown) console.warn(`daprlet: ${sentence}`);
  return resources;
}

/** What one document says: a manifest. Throws an Error that says where it is none. */
export function valueOfYaml(text: string): unknown {
  return yaml.parse(text);
}
