import { accessControl } from "./configuration/access-control.ts";
import { api } from "./configuration/api.ts";
import { components } from "./configuration/components.ts";
import { features } from "./configuration/features.ts";
import { logging } from "./configuration/logging.ts";
import { metrics } from "./configuration/metrics.ts";
import { mtls } from "./configuration/mtls.ts";
import { nameResolution } from "./configuration/name-resolution.ts";
import { pipeline } from "./configuration/pipelines.ts";
import { secrets } from "./configuration/secrets.ts";
import type { SectionReader } from "./configuration/section.ts";
import { tracing } from "./configuration/tracing.ts";
import { type Configuration, mergeConfigurations } from "./configuration.ts";
import { type Fields, type Place, section } from "./fields.ts";
import { isSection } from "./known-fields.ts";

/** The sections of `spec` that are applied, one file each; their names in lower case, since Go reads them in any. */
const sections: ReadonlyMap<string, SectionReader> = new Map([
  ["accesscontrol", accessControl],
  ["api", api],
  ["components", components],
  ["mtls", mtls],
  ["secrets", secrets],
  ["features", features],
  ["httppipeline", pipeline("httpPipeline")],
  ["apphttppipeline", pipeline("appHttpPipeline")],
  ["tracing", tracing],
  ["metric", metrics],
  ["metrics", metrics],
  ["logging", logging],
  ["nameresolution", nameResolution],
]);

/** A document of `kind: Configuration`, and the names of what in it is not applied. Throws ResourceError. */
export function validateConfiguration(
  document: Fields,
  place: Place,
): { readonly configuration: Configuration; readonly unapplied: readonly string[] } {
  const unapplied: string[] = [];
  const parts = Object.entries(section(document, "spec", place)).map(([name, value]): Configuration => {
    if (value === undefined || value === null) return {};
    const read = sections.get(name.toLowerCase());
    if (read !== undefined) return read(value, place, ["spec", name], (what) => unapplied.push(what));
    // Any other is named as unknown, with its line.
    if (isSection(name)) unapplied.push(name);
    return {};
  });
  return { configuration: mergeConfigurations(parts), unapplied };
}
