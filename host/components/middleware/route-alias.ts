/** Another path for an API's path: `/orders/{id}` for `/v1.0/invoke/shop/method/orders`. */
export interface RouteAlias {
  /** The parameters of a path in its normal form, or undefined where it is another. */
  match(path: string): readonly (readonly [name: string, value: string])[] | undefined;
  readonly path: string;
  readonly query: string;
}

/** Go writes parameters sorted by name and escapes more than a URL needs. */
function encode(value: string): string {
  const escaped = encodeURIComponent(value).replace(
    /[!'()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return escaped.replaceAll("%20", "+");
}

/**
 * The query with parameters carried in it, as Dapr writes it anew: sorted by name, the caller's own of a name first.
 * Without parameters it stays as it is.
 */
export function carried(query: string, parameters: readonly (readonly [string, string])[]): string {
  if (parameters.length === 0) return query;
  const all = [...new URLSearchParams(query), ...parameters];
  all.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return all.map(([name, value]) => `${encode(name)}=${encode(value)}`).join("&");
}

/** Throws an Error that says what is wrong with the pattern or with where it leads. */
export function routeAlias(pattern: string, target: string): RouteAlias {
  if (!pattern.startsWith("/") || !target.startsWith("/")) {
    throw new Error("a route and what it stands for begin with a slash");
  }
  const names: string[] = [];
  const segments = pattern.slice(1).split("/");
  const expected = segments.map((segment) => {
    const parameter = /^\{([A-Za-z0-9_]+)\}$/.exec(segment);
    if (parameter === null) {
      if (/[{}]/.test(segment)) throw new Error("a parameter is a segment of its own, such as {id}");
      return segment;
    }
    names.push(parameter[1] as string);
    return undefined;
  });
  const [path = "", query = ""] = target.split("?", 2);
  return {
    path: encodeURI(path).replaceAll("%25", "%"),
    query,
    match(given) {
      const parts = given.slice(1).split("/");
      if (parts.length !== expected.length) return undefined;
      const values: string[] = [];
      for (const [i, part] of parts.entries()) {
        const segment = expected[i];
        if (segment === undefined && part !== "") values.push(part);
        else if (segment !== part) return undefined;
      }
      return names.map((name, i) => [name, values[i] as string]);
    },
  };
}
