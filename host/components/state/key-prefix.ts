import { ComponentError } from "../../errors/component-error.ts";

/** What parts a key's prefix from the key; refused inside either. */
export const KEY_SEPARATOR = "||";

/**
 * What the API puts before every key of a store, separator included, by the `keyPrefix` strategy in its metadata,
 * templates filled in. `namespace` is the one that the host was given; with none, that strategy is the app id's, as in daprd. Throws a
 * ComponentError for a prefix that contains the separator.
 */
export function keyPrefix(
  store: string,
  metadata: ReadonlyMap<string, string>,
  appId: string,
  namespace: string | undefined,
): string {
  for (const [name, value] of metadata) {
    if (name.toLowerCase() === "keyprefix") return prefix(store, value.toLowerCase(), appId, namespace);
  }
  return appId + KEY_SEPARATOR;
}

function prefix(store: string, strategy: string, appId: string, namespace: string | undefined): string {
  switch (strategy) {
    case "none":
      return "";
    case "appid":
      return appId + KEY_SEPARATOR;
    case "name":
      return store + KEY_SEPARATOR;
    case "namespace":
      return (namespace ? `${namespace}.${appId}` : appId) + KEY_SEPARATOR;
  }
  if (strategy.includes(KEY_SEPARATOR)) {
    throw new ComponentError(
      "INVALID_ARGUMENT",
      `component ${store}: metadata field keyPrefix can't contain '${KEY_SEPARATOR}'`,
    );
  }
  return strategy + KEY_SEPARATOR;
}
