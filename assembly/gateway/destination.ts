/** Who answers for an id: an app of the table, or the site that the id names behind a dot. */
import { App } from "./records.gen";
import { findApp, findSite, head } from "./table";
import { Target } from "./target";
import { indexOf, same } from "./text";

const DOT: u8 = 0x2e;
const COLON: u8 = 0x3a;
const ANYWHERE: usize = memory.data<u8>([0x2a]);

/**
 * Finds who answers for the target's id, and leaves of the id what is to be told there. An app of that very id comes
 * first, then the longest site at the id's end (which is cut off), then an app in the gateway's own namespace, or an
 * HTTPEndpoint in any, then whoever answers for all others. Null: nobody.
 */
export function destination(target: Target): App | null {
  const app = findApp(target.id, target.idLength);
  if (app != null) return app;
  const end = target.id + target.idLength;
  const dot = indexOf(target.id, end, DOT);
  for (let at = dot; at < end; at = indexOf(at + 1, end, DOT)) {
    const site = findSite(at + 1, <u32>(end - at - 1));
    if (site == null) continue;
    target.idLength = <i32>(at - target.id);
    return site;
  }
  const table = head();
  if (dot < end) {
    const own = findApp(target.id, <u32>(dot - target.id));
    const isHere = same(dot + 1, <i32>(end - dot - 1), table.namespace, table.namespaceLength);
    if (own != null && (isHere || (own.anyNamespace && indexOf(dot + 1, end, DOT) == end))) return own;
  }
  return findSite(ANYWHERE, 1);
}

/** Three parts and more are no app id where no site is meant, since app ids have no dots; nor are URLs. */
export function canBeApp(id: usize, length: i32): bool {
  const end = id + length;
  const dot = indexOf(id, end, DOT);
  return dot > id && indexOf(min(dot + 1, end), end, DOT) == end && indexOf(id, end, COLON) == end;
}

/** True where the id ends with a site: the book's form of an invocation is one then, without `/method/`. */
export function namesSite(id: usize, length: i32): bool {
  const end = id + length;
  for (let at = indexOf(id, end, DOT); at < end; at = indexOf(at + 1, end, DOT)) {
    if (at > id && findSite(at + 1, <u32>(end - at - 1)) != null) return true;
  }
  return false;
}
