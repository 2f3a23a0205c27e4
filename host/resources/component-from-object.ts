import type { ComponentResource } from "./component.ts";
import { validateComponent } from "./validate-component.ts";
import type { Environment } from "./value-entries.ts";

/** A component in its short form, for code: metadata as a plain record. */
export interface ComponentObject {
  readonly name: string;
  readonly type: string;
  readonly version?: string;
  readonly metadata?: Readonly<Record<string, string | number | boolean>>;
  readonly scopes?: readonly string[];
  readonly initTimeout?: string;
  readonly ignoreErrors?: boolean;
}

/** A component as Dapr's YAML has it, already parsed. */
export interface ComponentDocument {
  readonly kind: string;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly spec: Readonly<Record<string, unknown>>;
  readonly [member: string]: unknown;
}

/**
 * Validates a component given as an object: the short form, or Dapr's document. Throws ResourceError; `origin` names
 * the caller in messages (`register()`).
 */
export function componentFromObject(
  given: ComponentObject | ComponentDocument,
  origin: string,
  environment?: Environment,
): ComponentResource {
  const place = { origin, at: () => origin };
  if ("spec" in given) return validateComponent(given, place, environment);
  const { name, type, version, metadata, scopes, initTimeout, ignoreErrors } = given as ComponentObject;
  const entries = Object.entries(metadata ?? {}).map(([key, value]) => ({ name: key, value }));
  return validateComponent(
    {
      metadata: { name },
      spec: { type, version, metadata: entries, initTimeout, ignoreErrors },
      scopes,
    },
    place,
    environment,
  );
}
