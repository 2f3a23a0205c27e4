import { type Fields, fail, isFields, member, optionalText, type Place, section, texts } from "./fields.ts";
import type { SecretScope } from "./secret-scope.ts";

/** What of a Configuration is applied, and the names of its sections that are not yet. */
export interface Configuration {
  readonly secretScopes: readonly SecretScope[];
  /** Undefined where it says nothing of it. */
  readonly hotReload: boolean | undefined;
  readonly unapplied: readonly string[];
}

function access(
  value: unknown,
  place: Place,
  path: readonly (string | number)[],
): SecretScope["defaultAccess"] {
  const lower = (optionalText(value, place, path) || "allow").toLowerCase();
  if (lower !== "allow" && lower !== "deny") fail(place, path, "must be allow or deny");
  return lower;
}

function secretScope(value: unknown, place: Place, path: readonly (string | number)[]): SecretScope {
  if (!isFields(value)) fail(place, path, "must be a mapping with storeName");
  const list = (name: string) => texts(member(value, name), place, [...path, name], "names of secrets");
  return {
    storeName: optionalText(member(value, "storeName"), place, [...path, "storeName"]) ?? "",
    defaultAccess: access(member(value, "defaultAccess"), place, [...path, "defaultAccess"]),
    allowedSecrets: list("allowedSecrets"),
    deniedSecrets: list("deniedSecrets"),
  };
}

function secretScopes(spec: Fields, place: Place): readonly SecretScope[] {
  const secrets = member(spec, "secrets");
  if (secrets === undefined || secrets === null) return [];
  if (!isFields(secrets)) fail(place, ["spec", "secrets"], "must be a mapping with scopes");
  const path = ["spec", "secrets", "scopes"];
  const given = member(secrets, "scopes");
  if (given === undefined || given === null) return [];
  if (!Array.isArray(given)) fail(place, path, "must be a list of entries with storeName");
  const scopes = given.map((entry, i) => secretScope(entry, place, [...path, i]));
  scopes.forEach(({ storeName }, i) => {
    // Which of two were meant nobody can know, and one of them may let everything be read.
    if (scopes.findIndex((scope) => scope.storeName === storeName) !== i)
      fail(place, [...path, i, "storeName"], `repeats ${storeName}; a store has one entry`);
  });
  return scopes;
}

/** `features: [{ name: HotReload, enabled: false }]`, and how many others there are. */
function features(spec: Fields): { readonly hotReload: boolean | undefined; readonly others: number } {
  const given = member(spec, "features");
  const all: readonly unknown[] = Array.isArray(given) ? given : [];
  const own = all.filter(isFields).filter((feature) => feature.name === "HotReload");
  const enabled = own.at(-1)?.enabled;
  return {
    hotReload: typeof enabled === "boolean" ? enabled : undefined,
    others: all.length - own.length,
  };
}

/** A document of `kind: Configuration`, as far as it is applied. Throws {@link ResourceError}. */
export function validateConfiguration(document: Fields, place: Place): Configuration {
  const spec = section(document, "spec", place);
  const { hotReload, others } = features(spec);
  const applied = (name: string) => name === "secrets" || (name === "features" && others === 0);
  const unapplied = Object.keys(spec).filter((name) => !applied(name));
  return { secretScopes: secretScopes(spec, place), hotReload, unapplied };
}
