import type { Metrics } from "./metrics-settings.ts";

/** How a path is told: as a pattern, as it is without its keys and ids, or not at all. */
export type PathLabel = (path: string) => string;

interface Pattern {
  readonly text: string;
  readonly segments: readonly string[];
  /** What comes after the segments does not matter. */
  readonly open: boolean;
}

function isWildcard(segment: string): boolean {
  return segment.startsWith("{") && segment.endsWith("}");
}

function compile(text: string): Pattern {
  const segments = text.split("/").slice(1);
  const last = segments.at(-1) ?? "";
  const open = last === "" || /^\{.*\.\.\.\}$/.test(last);
  if (open || last === "{$}") segments.pop();
  return { text, segments, open };
}

/** The one that says more first: a word before a wildcard, an end before what is open. */
function bySpecificity(a: Pattern, b: Pattern): number {
  for (let i = 0; i < Math.max(a.segments.length, b.segments.length); i++) {
    const [one, other] = [a.segments[i], b.segments[i]];
    if (one === undefined || other === undefined) return one === undefined ? 1 : -1;
    const difference = Number(isWildcard(one)) - Number(isWildcard(other));
    if (difference !== 0) return difference;
  }
  return Number(a.open) - Number(b.open);
}

function matches({ segments, open }: Pattern, given: readonly string[]): boolean {
  if (open ? given.length <= segments.length : given.length !== segments.length) return false;
  return segments.every((segment, i) => (isWildcard(segment) ? given[i] !== "" : segment === given[i]));
}

const keyed = /^(\/v1\.0(?:-\w+)?\/(?:state|secrets)\/[^/]+)\/.*$/;
const ofActor = /^(\/v1\.0(?:-\w+)?\/actors\/[^/]+)\/[^/]+(?:\/([^/]+))?.*$/;

/** One slash where a caller wrote several, as the API reads it. */
function single(path: string): string {
  return path.includes("//") ? path.replace(/\/{2,}/g, "/") : path;
}

const toActors = "/actors/";

/** What the app is asked of an actor; told without its first slash, as daprd has it. */
function withoutId(path: string): string {
  const id = path.indexOf("/", toActors.length) + 1;
  if (id === 0) return path;
  const end = path.indexOf("/", id);
  return `${path.slice(1, id)}{id}${end === -1 ? "" : path.slice(end)}`;
}

/** Dapr's default: keys of items and secrets and ids of actors are left out, all else is told. */
function withoutKeys(path: string): string {
  if (path.startsWith(toActors)) return withoutId(path);
  if (!path.startsWith("/v1.0")) return path;
  const cut = keyed.exec(path);
  if (cut !== null) return cut[1] as string;
  const actor = ofActor.exec(path);
  if (actor === null) return path;
  return `${actor[1]}/{id}${actor[2] === undefined ? "" : `/${actor[2]}`}`;
}

/**
 * As the settings have it. For the API (`served`) a pattern of the app's own path also stands for its invocation.
 * Patterns are tried in the order of how much they say.
 */
export function pathLabel(settings: Metrics, served: boolean): PathLabel {
  const { pathMatching = [], increasedCardinality = true } = settings;
  const otherwise: PathLabel = increasedCardinality ? (path) => withoutKeys(single(path)) : () => "";
  if (pathMatching.length === 0) return otherwise;
  const texts = pathMatching.flatMap((text) =>
    served && !text.startsWith("/v1.0") ? [text, `/v1.0/invoke/{app_id}/method${text}`] : [text],
  );
  const patterns = texts.map(compile).sort(bySpecificity);
  return (path) => {
    const given = single(path).split("/").slice(1);
    return patterns.find((pattern) => matches(pattern, given))?.text ?? otherwise(path);
  };
}
