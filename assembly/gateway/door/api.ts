/** What of the API may be called: `spec.api` of a Configuration. */
import { INVOKE } from "../../http/routes.gen";
import { RESULT } from "../../memory";
import { head } from "../table";
import { indexOf, same } from "../text";

const SLASH: u8 = 0x2f;

/** True where the operation of the last route is forbidden: of all versions, or of the one in its path. */
export function isBlocked(operation: i32): bool {
  const table = head();
  for (let i: u32 = 0; i < table.blocksCount; i++) {
    const row = table.block(i);
    if (row.operation != <u16>operation) continue;
    if (row.versionLength == 0) return true;
    // The first span: the path's normal form, without its slash.
    const path = load<usize>(RESULT, 4);
    const end = path + load<u32>(RESULT, 8);
    if (same(path, <i32>(indexOf(path, end, SLASH) - path), row.version, row.versionLength)) return true;
  }
  return false;
}

/** False: nothing is an invocation, not even what names an app in a header. */
export function invokes(): bool {
  return !isBlocked(INVOKE);
}
