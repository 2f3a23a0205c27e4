import { ComponentError } from "../../errors/component-error.ts";

/** Whether a middleware is meant for a path in its normal form, beginning with a slash. */
export type Routes = (path: string) => boolean;

/** A pattern of segments: `*` is any one, `**` at the end all that follow, also none. */
function matcher(pattern: string): Routes {
  const segments = pattern.split("/");
  const open = segments.at(-1) === "**";
  if (open) segments.pop();
  return (path) => {
    const given = path.split("/");
    if (open ? given.length < segments.length : given.length !== segments.length) return false;
    return segments.every((segment, i) => segment === "*" || segment === given[i]);
  };
}

function patterns(component: string, field: string, value: string): readonly string[] {
  const list = value.split(",").map((pattern) => pattern.trim());
  for (const pattern of list) {
    const whole = pattern.split("/").every((segment) => !segment.includes("*") || /^\*\*?$/.test(segment));
    if (!pattern.startsWith("/") || !whole || /\*\*./.test(pattern)) {
      throw new ComponentError(
        "INVALID_ARGUMENT",
        `component ${component}: metadata field ${field}: expected paths such as /v1.0/state/* or /v1.0/invoke/**, separated by commas`,
      );
    }
  }
  return list;
}

/**
 * Any middleware's own `onlyFor` and `exceptFor`, from its metadata: the paths it is limited to, undefined where it is for all,
 * and those it leaves alone. Throws a ComponentError for what is no list of paths.
 */
export function routePatterns(
  component: string,
  metadata: ReadonlyMap<string, string>,
): { readonly only: readonly string[] | undefined; readonly except: readonly string[] } {
  let only: readonly string[] | undefined;
  let except: readonly string[] = [];
  for (const [name, value] of metadata) {
    const lower = name.toLowerCase();
    if (lower === "onlyfor") only = patterns(component, name, value);
    else if (lower === "exceptfor") except = patterns(component, name, value);
  }
  return { only, except };
}

/** The same as a test; undefined where it is for all. Throws a ComponentError. */
export function routes(component: string, metadata: ReadonlyMap<string, string>): Routes | undefined {
  const { only, except } = routePatterns(component, metadata);
  if (only === undefined && except.length === 0) return undefined;
  const [meant, others] = [only?.map(matcher), except.map(matcher)];
  const covers = (list: readonly Routes[], path: string) => list.some((matches) => matches(path));
  return (path) => (meant === undefined || covers(meant, path)) && !covers(others, path);
}
