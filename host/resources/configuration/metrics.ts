import type { Metrics } from "../../telemetry/metrics/metrics-settings.ts";
import { fail, isFields, member, optionalFlag, type Place, requiredText, texts } from "../fields.ts";
import type { SectionReader } from "./section.ts";

type Path = readonly (string | number)[];
type Rules = NonNullable<Metrics["rules"]>;

function list(value: unknown, place: Place, path: Path): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) fail(place, path, "must be a list");
  return value;
}

function buckets(value: unknown, place: Place, path: Path): readonly number[] | undefined {
  const given = list(value, place, path);
  if (given.length === 0) return undefined;
  const bounds = given.map((bound, i) => {
    if (typeof bound !== "number" || !(bound > 0))
      fail(place, [...path, i], "must be a number of milliseconds");
    return bound;
  });
  return [...new Set(bounds)].sort((a, b) => a - b);
}

function compiles(pattern: string, place: Place, path: Path): void {
  try {
    new RegExp(pattern);
  } catch (error) {
    fail(place, path, `must be a regular expression: ${(error as Error).message}`);
  }
}

function rules(value: unknown, place: Place, path: Path): Rules {
  return list(value, place, path).flatMap((rule, i): Rules => {
    const at = [...path, i];
    if (!isFields(rule)) fail(place, at, "must be a mapping with name and labels");
    const metric = requiredText(member(rule, "name"), place, [...at, "name"]);
    return list(member(rule, "labels"), place, [...at, "labels"]).flatMap((entry, j): Rules => {
      const here = [...at, "labels", j];
      if (!isFields(entry)) fail(place, here, "must be a mapping with name and regex");
      const label = requiredText(member(entry, "name"), place, [...here, "name"]);
      const patterns = member(entry, "regex") ?? {};
      if (!isFields(patterns))
        fail(place, [...here, "regex"], "must be a mapping of values to regular expressions");
      return Object.entries(patterns).map(([replacement, given]) => {
        const pattern = requiredText(given, place, [...here, "regex", replacement]);
        compiles(pattern, place, [...here, "regex", replacement]);
        return { metric, label, pattern, replacement };
      });
    });
  });
}

/** `spec.metrics`, and `spec.metric`, which it was called before. */
export const metrics: SectionReader = (section, place, path, unapplied) => {
  if (!isFields(section)) fail(place, path, "must be a mapping");
  const http = member(section, "http") ?? {};
  if (!isFields(http)) fail(place, [...path, "http"], "must be a mapping");
  if (member(section, "workflow") !== undefined) unapplied(`${path.at(-1)}.workflow`);
  const of = (fields: typeof section, name: string, below: Path) =>
    optionalFlag(member(fields, name), place, [...below, name]);
  const below = [...path, "http"];
  const bounds = buckets(member(section, "latencyDistributionBuckets"), place, [
    ...path,
    "latencyDistributionBuckets",
  ]);
  const rewriting = rules(member(section, "rules"), place, [...path, "rules"]);
  const patterns = texts(member(http, "pathMatching"), place, [...below, "pathMatching"], "paths");
  const settings: { [Name in keyof Metrics]: Metrics[Name] | undefined } = {
    enabled: of(section, "enabled", path),
    recordErrorCodes: of(section, "recordErrorCodes", path),
    increasedCardinality: of(http, "increasedCardinality", below),
    excludeVerbs: of(http, "excludeVerbs", below),
    pathMatching: patterns.length === 0 ? undefined : patterns,
    latencyBuckets: bounds,
    rules: rewriting.length === 0 ? undefined : rewriting,
  };
  const given = Object.entries(settings).filter(([, value]) => value !== undefined);
  return { metrics: Object.fromEntries(given) as Metrics };
};
