import { parseDuration } from "../duration.ts";
import { type ComponentResource, componentDefaults } from "./component.ts";
import {
  fail,
  isFields,
  member,
  optionalFlag,
  optionalText,
  type Place,
  requiredText,
  resourceName,
  section,
  texts,
} from "./fields.ts";
import { type Environment, secretStore, valueEntries } from "./value-entries.ts";

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
  const ignoreErrors = optionalFlag(member(spec, "ignoreErrors"), place, ["spec", "ignoreErrors"]);
  const initTimeout = optionalText(member(spec, "initTimeout"), place, ["spec", "initTimeout"]);
  return {
    name: resourceName(head, place),
    namespace: optionalText(member(head, "namespace"), place, ["metadata", "namespace"]),
    type: requiredText(member(spec, "type"), place, ["spec", "type"]),
    version: version || componentDefaults.version,
    metadata: values,
    secretKeyRefs,
    secretStore: secretStore(document, place),
    scopes: texts(member(document, "scopes"), place, ["scopes"]),
    // As in Dapr, a timeout that is not a duration counts as none given.
    initTimeoutMs: parseDuration(initTimeout ?? "") || componentDefaults.initTimeoutMs,
    ignoreErrors: ignoreErrors ?? componentDefaults.ignoreErrors,
    origin: place.origin,
  };
}
