export type Members = ReadonlyMap<string, unknown>;

/**
 * An object's members by lower-cased name, as Go reads JSON: SDKs write `pubsubName` as well as `pubsubname`. Undefined
 * for what is no object.
 */
export function membersOf(value: unknown): Members | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  return new Map(Object.entries(value).map(([name, member]) => [name.toLowerCase(), member]));
}
