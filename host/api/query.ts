const PREFIX = "metadata.";

/** The first value of every `metadata.X` of a raw query, as `X`; undefined when it has none. */
export function queryMetadata(query: string): ReadonlyMap<string, string> | undefined {
  if (!query.includes(PREFIX)) return undefined;
  const metadata = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(query)) {
    if (!name.startsWith(PREFIX)) continue;
    const key = name.slice(PREFIX.length);
    if (!metadata.has(key)) metadata.set(key, value);
  }
  return metadata;
}

/** The first value of one name of a raw query; undefined when it is not there or empty. */
export function queryValue(query: string, name: string): string | undefined {
  if (!query.includes(name)) return undefined;
  return new URLSearchParams(query).get(name) || undefined;
}
