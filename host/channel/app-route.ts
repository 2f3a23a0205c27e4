/** A route as path and query on the wire: Dapr posts `A` to `/A`. */
export function appRoute(route: string): { readonly path: string; readonly query: string } {
  const { pathname, search } = new URL(`http://app${route.startsWith("/") ? "" : "/"}${route}`);
  return { path: pathname, query: search.slice(1) };
}
