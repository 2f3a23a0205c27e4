import type { FieldReader } from "./gateway-fields.ts";
import type { RouteSetting } from "./gateway-resource.ts";

/** In the form that paths are compared in: decoded, and without empty and dot segments. */
const normal = /^\/(?:[^/?#%\s]+(?:\/[^/?#%\s]+)*)?\/?$/;

function pathOf(entry: FieldReader): string {
  const path = entry.required("path");
  const segments = path.split("/").filter((segment) => segment !== "");
  if (!normal.test(path) || segments.some((segment) => segment === "." || segment === "..")) {
    entry.fail(
      "path",
      "must be a path such as /shop, without query, escapes, dot segments and doubled slashes",
    );
  }
  if (/^v\d/.test(segments[0] ?? ""))
    entry.fail("path", "is Dapr's: choose one that does not begin with its version");
  return segments.join("/");
}

/** `spec.routes`, the longest path first. */
export function routes(spec: FieldReader): readonly RouteSetting[] {
  const entries = spec.list("routes");
  const found = entries.map(
    (entry): RouteSetting => ({
      path: pathOf(entry),
      app: entry.required("app"),
      strip: entry.flag("stripPath"),
      at: entry.at(),
    }),
  );
  found.forEach(({ path }, i) => {
    if (found.findIndex((other) => other.path === path) !== i)
      (entries[i] as FieldReader).fail("path", "is there twice");
  });
  return found.sort((a, b) => b.path.length - a.path.length);
}
