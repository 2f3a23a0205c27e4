/** Which requests a middleware is meant for; host/components/middleware/routes.ts has the same rules. */
import { NO_ROUTE, route } from "../../http/route";
import { INVOKE } from "../../http/routes.gen";
import { INBOX } from "../../memory";
import { Call, verb } from "../call";
import { namesSite } from "../destination";
import { allocate } from "../memory";
import { Middleware, Name } from "../records.gen";
import { spanLength, takeSpan } from "../route-spans";
import { findApp, head } from "../table";
import { addressed, Target } from "../target";
import { copy, indexOf, put, same } from "../text";

const SLASH: u8 = 0x2f;
const STAR: u8 = 0x2a;
const DOT: u8 = 0x2e;

/** Routes the request's path: the core was used for something else since. */
export function routeAgain(call: Call): i32 {
  memory.copy(INBOX, call.path, call.pathLength);
  return route(verb(call.method), call.pathLength);
}

let path: usize = 0;
let end: usize = 0;

/** A path that is none is never passed over. */
export function isMeant(row: Middleware, call: Call): bool {
  if (!row.limited && !row.exceptPathsCount) return true;
  if (!findPath(call)) return true;
  let meant = !row.limited;
  for (let i: u32 = 0; i < row.onlyPathsCount && !meant; i++) meant = matches(row.onlyPath(i));
  for (let i: u32 = 0; i < row.exceptPathsCount && meant; i++) meant = !matches(row.exceptPath(i));
  return meant;
}

/** Finds where a request goes, in one form for all spellings of it. False for a path that is none. */
function findPath(call: Call): bool {
  const operation = routeAgain(call);
  if (operation < NO_ROUTE) return false;
  const size = spanLength(0);
  const plain = takeSpan(0);
  const target = operation == INVOKE || operation == NO_ROUTE ? addressed(call, operation == INVOKE) : null;
  path = allocate(size + (target == null ? 1 : target.idLength + target.methodLength + 32));
  if (target == null) end = copy(put(path, "/"), plain, size);
  else {
    end = copy(put(path, "/v1.0/invoke/"), target.id, nameLength(target));
    end = copy(put(end, "/method/"), target.method, target.methodLength);
  }
  return true;
}

/** Of an app's name without the gateway's own namespace, in which it is the same one. */
function nameLength(target: Target): i32 {
  const table = head();
  const last = target.id + target.idLength;
  const dot = indexOf(target.id, last, DOT);
  const own = dot < last && same(dot + 1, <i32>(last - dot - 1), table.namespace, table.namespaceLength);
  if (!own || findApp(target.id, target.idLength) != null || namesSite(target.id, target.idLength)) return target.idLength;
  return findApp(target.id, <u32>(dot - target.id)) == null ? target.idLength : <i32>(dot - target.id);
}

/** True where the path is the pattern's, segment by segment. */
function matches(pattern: Name): bool {
  let wanted = pattern.text;
  const last = wanted + pattern.textLength;
  let at = path;
  while (true) {
    const stop = indexOf(wanted, last, SLASH);
    const length = <i32>(stop - wanted);
    if (length == 2 && load<u16>(wanted) == 0x2a2a) return true;
    const next = indexOf(at, end, SLASH);
    const isAny = length == 1 && load<u8>(wanted) == STAR;
    if (!isAny && !same(wanted, length, at, <i32>(next - at))) return false;
    // `**` stands for no segments, too.
    if (next == end) return stop == last || (last - stop == 3 && load<u16>(stop, 1) == 0x2a2a);
    if (stop == last) return false;
    wanted = stop + 1;
    at = next + 1;
  }
}
