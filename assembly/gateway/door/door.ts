/** What stands before every request: who calls, by which name, from which page. */
import { Call } from "../call";
import { ERR_FORBIDDEN_HOST } from "../errors.gen";
import { beginFields } from "../headers";
import { allocate } from "../memory";
import { fail, parameter, replyWith } from "../reply";
import { copy, put } from "../text";
import { identify, isTold } from "./caller";
import { isOurName } from "./host-names";
import { addGrants, addPreflightGrants, isPreflight, mayPageCall, pageOrigin, pageOriginLength } from "./pages";

/** What is shown of a name that is not ours. */
const SHOWN: i32 = 200;

/** Before it is known what is asked: false where the request was answered. Uses the core's results. */
export function arrives(call: Call): bool {
  identify(call);
  const page = mayPageCall(call);
  // Whoever has a token is no page of somebody else.
  if (!isTold()) {
    if (!isOurName(call.authority, call.authorityLength)) {
      const remedy = ", which is not this gateway; add the name to spec.allowedHosts";
      return refuse(call, "the Host header names ", call.authority, call.authorityLength, remedy);
    }
    if (!page) {
      const remedy = " may not call this gateway; allow it with spec.allowedOrigins";
      return refuse(call, "a web page of origin ", pageOrigin(), pageOriginLength(), remedy);
    }
  }
  if (!isPreflight(call)) return true;
  const list = beginFields(0);
  addGrants(list);
  addPreflightGrants(call, list);
  replyWith(call, 200, list, 0, 0);
  return false;
}

function refuse(call: Call, before: string, name: usize, length: i32, behind: string): bool {
  const shown = min(length, SHOWN);
  const cause = allocate(before.length + shown + behind.length);
  const end = put(copy(put(cause, before), name, shown), behind);
  parameter(0, cause, <i32>(end - cause));
  fail(call, ERR_FORBIDDEN_HOST);
  return false;
}
