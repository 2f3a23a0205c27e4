/** The first value of one name of a raw query; undefined when it is not there or empty. */
export function queryValue(query: string, name: string): string | undefined {
  if (query === "") return undefined;
  return new URLSearchParams(query).get(name) || undefined;
}
