/** A resource that cannot be used. The message names file, document, line and field, and what was expected. */
export class ResourceError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "ResourceError";
  }
}

export interface Place {
  /** For `origin`: a file and document number, or `register()`. */
  readonly origin: string;
  /** Where the field of this path stands, for messages: `components/a.yaml, document 2, line 7`. */
  at(path: readonly (string | number)[]): string;
}

export type Fields = Readonly<Record<string, unknown>>;

export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Own members only: a document may say `constructor`. In any case, as Go reads them: Dapr's own tests write `Kind`. */
export function member(fields: Fields, name: string): unknown {
  if (Object.hasOwn(fields, name)) return fields[name];
  const lower = name.toLowerCase();
  const spelled = Object.keys(fields).find((key) => key.toLowerCase() === lower);
  return spelled === undefined ? undefined : fields[spelled];
}

export function fail(place: Place, path: readonly (string | number)[], expected: string): never {
  throw new ResourceError(`${place.at(path)}: ${path.join(".")} ${expected}`);
}

export function section(parent: Fields, name: string, place: Place): Fields {
  const value = member(parent, name);
  if (value === undefined || value === null) fail(place, [name], "is missing");
  if (!isFields(value)) fail(place, [name], "must be a mapping");
  return value;
}

export function optionalText(
  value: unknown,
  place: Place,
  path: readonly (string | number)[],
): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "string") fail(place, path, "must be text");
  return value;
}

export function optionalFlag(
  value: unknown,
  place: Place,
  path: readonly (string | number)[],
): boolean | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "boolean") fail(place, path, "must be true or false");
  return value;
}

export function requiredText(value: unknown, place: Place, path: readonly (string | number)[]): string {
  const text = optionalText(value, place, path);
  if (text === undefined || text.trim() === "") fail(place, path, "is required and must be text");
  return text;
}

/** `metadata.name` of a resource: YAML takes one such as 123 for a number. */
export function resourceName(head: Fields, place: Place): string {
  const given = member(head, "name");
  return requiredText(typeof given === "number" ? String(given) : given, place, ["metadata", "name"]);
}

/** Dapr reads every scalar as text, and a mapping or a list as its JSON. */
export function scalar(value: unknown): string {
  if (value === undefined || value === null) return "";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

export function texts(
  value: unknown,
  place: Place,
  path: readonly (string | number)[],
  what = "app ids",
): readonly string[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) fail(place, path, `must be a list of ${what}`);
  return value.map((item, i) => requiredText(item, place, [...path, i]));
}
