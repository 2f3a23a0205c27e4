import { methods } from "../../core/methods.ts";
import { type CallerPolicy, defaultTrustDomain, type OperationPolicy } from "../access-control.ts";
import { fail, isFields, member, optionalText, type Place, requiredText, texts } from "../fields.ts";
import { optionalAction } from "./action.ts";
import type { SectionReader } from "./section.ts";

type Path = readonly (string | number)[];

function list(value: unknown, place: Place, path: Path, what: string): readonly object[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) fail(place, path, `must be a list of entries with ${what}`);
  value.forEach((entry, i) => {
    if (!isFields(entry)) fail(place, [...path, i], `must be a mapping with ${what}`);
  });
  return value;
}

/** In the form that paths are compared in; what could never be the path of a call is refused. */
function operationPath(name: string, place: Place, path: Path): string {
  const segments = name.toLowerCase().split("/").filter(Boolean);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  if (/[?#\u0000-\u001f\u007f]/.test(name) || segments.some((each) => each === "." || each === "..")) {
    fail(place, path, "must be a path without query, fragment, control characters and dot segments");
  }
  return segments.join("/");
}

function operation(entry: object, place: Place, path: Path): OperationPolicy {
  const fields = entry as Record<string, unknown>;
  const given = member(fields, "httpVerb");
  const verbs = texts(given, place, [...path, "httpVerb"], "verbs").map((verb) => verb.toUpperCase());
  verbs.forEach((verb, i) => {
    if (verb !== "*" && !methods.includes(verb))
      fail(place, [...path, "httpVerb", i], `must be * or one of ${methods.join(", ")}`);
  });
  const name = requiredText(member(fields, "name"), place, [...path, "name"]);
  return {
    path: operationPath(name, place, [...path, "name"]),
    verbs: given === undefined || given === null ? undefined : verbs,
    // As in daprd, which takes what is not said for a refusal.
    action: optionalAction(member(fields, "action"), place, [...path, "action"]) ?? "deny",
  };
}

function policy(entry: object, place: Place, path: Path): CallerPolicy {
  const fields = entry as Record<string, unknown>;
  const defaultAction = optionalAction(member(fields, "defaultAction"), place, [...path, "defaultAction"]);
  const domain = optionalText(member(fields, "trustDomain"), place, [...path, "trustDomain"]);
  const operations = list(
    member(fields, "operations"),
    place,
    [...path, "operations"],
    "name, httpVerb and action",
  );
  return {
    appId: requiredText(member(fields, "appId"), place, [...path, "appId"]),
    namespace: requiredText(member(fields, "namespace"), place, [...path, "namespace"]),
    trustDomain: domain || defaultTrustDomain,
    ...(defaultAction !== undefined && { defaultAction }),
    operations: operations.map((each, i) => operation(each, place, [...path, "operations", i])),
  };
}

/** `spec.accessControl`: which apps may call what of this one. */
export const accessControl: SectionReader = (section, place, path) => {
  if (!isFields(section)) fail(place, path, "must be a mapping with defaultAction and policies");
  const defaultAction = optionalAction(member(section, "defaultAction"), place, [...path, "defaultAction"]);
  const trustDomain = optionalText(member(section, "trustDomain"), place, [...path, "trustDomain"]);
  const at = [...path, "policies"];
  const given = member(section, "policies");
  const policies = list(given, place, at, "appId and namespace").map((each, i) =>
    policy(each, place, [...at, i]),
  );
  const key = ({ appId, namespace, trustDomain: domain }: CallerPolicy) =>
    JSON.stringify([appId, namespace, domain]);
  policies.forEach((each, i) => {
    // Which of two were meant nobody can know, and one of them may allow everything.
    if (policies.findIndex((other) => key(other) === key(each)) !== i)
      fail(place, [...at, i, "appId"], `repeats the policy for ${each.appId} in ${each.namespace}`);
  });
  return {
    accessControl: {
      ...(defaultAction !== undefined && { defaultAction }),
      ...(trustDomain && { trustDomain }),
      ...(given !== undefined && given !== null && { policies }),
    },
  };
};
