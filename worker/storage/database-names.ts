/** The families whose components keep a database that can be exported. */
export type StoredFamily = "state" | "pubsub" | "configuration";

/** Those whose databases do not leave the browser in a file: what they hold is worth nothing, or too much, elsewhere. */
export type UnexportedFamily = "lock" | "middleware" | "secretstores";

export interface DatabaseName {
  readonly family: StoredFamily;
  readonly component: string;
}

const families: readonly string[] = ["state", "pubsub", "configuration"] satisfies StoredFamily[];

/** Readable in the browser's tools, and without the colon that separates a name's parts. */
function part(text: string): string {
  return encodeURIComponent(text).replaceAll("%2F", "/");
}

/**
 * The beginning of every database of one service worker's scope, so that two sites under one origin do not meet.
 * `scope` is the registration's scope URL; in page mode, the URL that the scope would have.
 */
export function databasePrefix(scope: string): string {
  return `daprlet:${part(new URL(scope).pathname)}:`;
}

/** The path of the scope that the prefix is of; ends with a slash. */
export function scopePathOf(prefix: string): string {
  return decodeURIComponent(prefix.slice("daprlet:".length, -1));
}

/** `daprlet:/site/:state:statestore`. */
export function databaseName(
  prefix: string,
  family: StoredFamily | UnexportedFamily,
  component: string,
): string {
  return `${prefix}${family}:${part(component)}`;
}

/** What a database holds; undefined when it is not a component's database of this scope. */
export function parseDatabaseName(prefix: string, name: string): DatabaseName | undefined {
  if (!name.startsWith(prefix)) return undefined;
  const [family, component, ...rest] = name.slice(prefix.length).split(":");
  if (family === undefined || component === undefined || rest.length > 0) return undefined;
  if (!families.includes(family)) return undefined;
  try {
    return { family: family as StoredFamily, component: decodeURIComponent(component) };
  } catch {
    return undefined;
  }
}
