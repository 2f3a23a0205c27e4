import { fail, isFields, member, optionalText, type Place, texts } from "../fields.ts";
import type { SecretScope } from "../secret-scope.ts";
import { optionalAction } from "./action.ts";
import type { SectionReader } from "./section.ts";

function secretScope(value: unknown, place: Place, path: readonly (string | number)[]): SecretScope {
  if (!isFields(value)) fail(place, path, "must be a mapping with storeName");
  const list = (name: string) => texts(member(value, name), place, [...path, name], "names of secrets");
  return {
    storeName: optionalText(member(value, "storeName"), place, [...path, "storeName"]) ?? "",
    defaultAccess:
      optionalAction(member(value, "defaultAccess"), place, [...path, "defaultAccess"]) ?? "allow",
    allowedSecrets: list("allowedSecrets"),
    deniedSecrets: list("deniedSecrets"),
  };
}

/** `spec.secrets`: what of the secret stores the app may read. */
export const secrets: SectionReader = (section, place, sectionPath) => {
  if (!isFields(section)) fail(place, sectionPath, "must be a mapping with scopes");
  const path = [...sectionPath, "scopes"];
  const given = member(section, "scopes");
  if (given === undefined || given === null) return {};
  if (!Array.isArray(given)) fail(place, path, "must be a list of entries with storeName");
  const scopes = given.map((entry, i) => secretScope(entry, place, [...path, i]));
  scopes.forEach(({ storeName }, i) => {
    // Which of two were meant nobody can know, and one of them may let everything be read.
    if (scopes.findIndex((scope) => scope.storeName === storeName) !== i)
      fail(place, [...path, i, "storeName"], `repeats ${storeName}; a store has one entry`);
  });
  return { secretScopes: scopes };
};
