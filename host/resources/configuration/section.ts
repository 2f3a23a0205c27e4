import type { Configuration } from "../configuration.ts";
import type { Place } from "../fields.ts";

/**
 * Reads one section of a Configuration's `spec`, never undefined or null: what of a {@link Configuration} it says.
 * `unapplied` takes the name of what in it is understood as Dapr's and not applied. Throws ResourceError.
 */
export type SectionReader = (
  section: unknown,
  place: Place,
  path: readonly (string | number)[],
  unapplied: (name: string) => void,
) => Configuration;
