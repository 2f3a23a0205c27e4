/** Paths of the configuration's own that lead to apps, beside Dapr's. */
import { Target } from "./target";
import { head } from "./table";
import { same } from "./text";

const SLASH: u8 = 0x2f;

/** Makes the target of a path that a route is for: the longest, whole segments only. False where there is none. */
export function takeRoute(target: Target): bool {
  const table = head();
  for (let i: u32 = 0; i < table.routesCount; i++) {
    const route = table.route(i);
    const length = <i32>route.pathLength;
    if (target.methodLength < length || !same(target.method, length, route.path, length)) continue;
    const isWhole = target.methodLength == length;
    if (length && !isWhole && load<u8>(target.method + length) != SLASH) continue;
    target.id = route.app;
    target.idLength = route.appLength;
    if (!route.strip || !length) return true;
    const cut = length + (isWhole ? 0 : 1);
    target.method += cut;
    target.methodLength -= cut;
    return true;
  }
  return false;
}
