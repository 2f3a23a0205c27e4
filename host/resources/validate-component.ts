import { parseDuration } from "../duration.ts";
import type { ComponentResource } from "./component.ts";
import {
  fail,
  isFields,
  member,
  optionalText,
  type Place,
  requiredText,
  resourceName,
  section,
  texts,
} from "./fields.ts";
import { type Environment, secretStore, valueEntries } from "./value-entries.ts";

const INIT_TIMEOUT_MS = 5_000;

/** A document of `kind: Component`, validated. Throws {@link ResourceError}. */
export function validateComponent(
  document: unknown,
  place: Place,
  environment: Environment = () => undefined,
): ComponentResource {
  if (!isFields(document)) fail(place, [], "a Component must be a mapping");
  const head = section(document, "metadata", place);
  const spec = section(document, "spec", place);
  const { values, secretKeyRefs } = valueEntries(
    member(spec, "metadata"),
    place,
    ["spec", "metadata"],
    environment,
  );
  const version = optionalText(member(spec, "version"), place, ["spec", "version"]);
  const ignoreErrors = member(spec, "ignoreErrors") ?? false;
  if (typeof ignoreErrors !== "boolean") fail(place, ["spec", "ignoreErrors"], "must be true or false");
  const initTimeout = optionalText(member(spec, "initTimeout"), place, ["spec", "initTimeout"]);
  return {
    name: resourceName(head, place),
    namespace: optionalText(member(head, "namespace"), place, ["metadata", "namespace"]),
    type: requiredText(member(spec, "type"), place, ["spec", "type"]),
    version: version === undefined || version === "" ? "v1" : version,
    metadata: values,
    secretKeyRefs,
    secretStore: secretStore(document, place),
    scopes: texts(member(document, "scopes"), place, ["scopes"]),
    // As in Dapr, a timeout that is not a duration counts as none given.
    initTimeoutMs: parseDuration(initTimeout ?? "") || INIT_TIMEOUT_MS,
    ignoreErrors,
    origin: place.origin,
  };
}
