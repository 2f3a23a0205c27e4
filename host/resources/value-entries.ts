import type { SecretKeyRef } from "./component.ts";
import {
  type Fields,
  fail,
  isFields,
  member,
  optionalText,
  type Place,
  requiredText,
  scalar,
} from "./fields.ts";

/** The process environment as far as `envRef` may see it. Undefined where the host has none. */
export type Environment = (name: string) => string | undefined;

/** Dapr keeps its own secrets out of components' reach; `DAPR_ENV_KEYS`, where set, lists all that is within it. */
function fromEnvironment(name: string, environment: Environment): string {
  const listed = environment("DAPR_ENV_KEYS");
  const blocked =
    name.toUpperCase().startsWith("DAPR_") ||
    name.toUpperCase() === "APP_API_TOKEN" ||
    /\s/.test(name) ||
    (listed !== undefined && !listed.split(/[\s,]+/).includes(name));
  return blocked ? "" : (environment(name) ?? "");
}

interface Values {
  readonly values: ReadonlyMap<string, string>;
  readonly secretKeyRefs: readonly SecretKeyRef[];
}

export function secretKeyRef(
  value: unknown,
  field: string,
  place: Place,
  path: readonly (string | number)[],
) {
  if (!isFields(value)) fail(place, path, "must be a mapping with name and key");
  const name = requiredText(member(value, "name"), place, [...path, "name"]);
  return { field, name, key: optionalText(member(value, "key"), place, [...path, "key"]) || name };
}

/** `auth.secretStore`, at the top of the document; daprd takes it nowhere else. */
export function secretStore(document: Fields, place: Place): string | undefined {
  const auth = member(document, "auth");
  if (auth === undefined || auth === null) return undefined;
  if (!isFields(auth)) fail(place, ["auth"], "must be a mapping with secretStore");
  return optionalText(member(auth, "secretStore"), place, ["auth", "secretStore"]) || undefined;
}

/** A list of entries with a name and a value, which may also be in a secret store or the environment. */
export function valueEntries(
  value: unknown,
  place: Place,
  path: readonly (string | number)[],
  environment: Environment,
): Values {
  const values = new Map<string, string>();
  const secretKeyRefs: SecretKeyRef[] = [];
  if (value === undefined || value === null) return { values, secretKeyRefs };
  if (!Array.isArray(value)) fail(place, path, "must be a list of entries with name and value");
  value.forEach((entry: unknown, i) => {
    if (!isFields(entry)) fail(place, [...path, i], "must be an entry with name and value");
    const name = requiredText(member(entry, "name"), place, [...path, i, "name"]);
    const given = member(entry, "value");
    const envRef = optionalText(member(entry, "envRef"), place, [...path, i, "envRef"]);
    if (given !== undefined && given !== null) values.set(name, scalar(given));
    else if ((member(entry, "secretKeyRef") ?? undefined) !== undefined) {
      const at = [...path, i, "secretKeyRef"];
      secretKeyRefs.push(secretKeyRef(member(entry, "secretKeyRef"), name, place, at));
    } else values.set(name, envRef === undefined ? "" : fromEnvironment(envRef, environment));
  });
  return { values, secretKeyRefs };
}
