const prefix = "metadata.";

/**
 * The `metadata.X=value` parameters of a raw query, the first value of each name; decoded as forms are, so that `+` is
 * a space.
 */
export function queryMetadata(query: string): Map<string, string> {
  const metadata = new Map<string, string>();
  if (!query.includes("metadata")) return metadata;
  for (const [key, value] of new URLSearchParams(query)) {
    if (!key.startsWith(prefix)) continue;
    const name = key.slice(prefix.length);
    if (!metadata.has(name)) metadata.set(name, value);
  }
  return metadata;
}
