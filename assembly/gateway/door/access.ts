/** Which callers may call what of the apps: `spec.accessControl` of a Configuration. */
import { allows, usePolicies } from "../../access/policies";
import { CHUNK, INBOX } from "../../memory";
import { Call, verb } from "../call";
import { ERR_DIRECT_INVOKE } from "../errors.gen";
import { allocate } from "../memory";
import { ACCESS_ALLOW, ACCESS_OFF } from "../records.gen";
import { fail, parameter } from "../reply";
import { head } from "../table";
import { Target } from "../target";
import { copy, put } from "../text";
import { callerId, callerIdLength } from "./caller";

/** True where the caller may call the target; else the request was answered. */
export function mayCall(call: Call, target: Target): bool {
  const table = head();
  if (table.access == ACCESS_OFF) return true;
  usePolicies(table.policies, table.policiesLength, table.access == ACCESS_ALLOW ? 1 : 0);
  const id = callerIdLength();
  const space = <i32>table.namespaceLength;
  const domain = <i32>table.trustDomainLength;
  // What does not fit nobody can judge.
  const fits = id + space + domain + target.methodLength <= CHUNK;
  if (fits) {
    let end = copy(INBOX, callerId(), id);
    end = copy(end, table.namespace, space);
    end = copy(end, table.trustDomain, domain);
    copy(end, target.method, target.methodLength);
    if (allows(verb(call.method), id, space, domain, target.methodLength) == 1) return true;
  }
  parameter(0, target.id, target.idLength);
  const before = "rpc error: code = PermissionDenied desc = access control policy has denied access to id: spiffe://";
  const cause = allocate(before.length + 64 + domain + space + id + target.methodLength);
  let end = put(cause, before);
  end = copy(end, table.trustDomain, domain);
  end = copy(put(end, "/ns/"), table.namespace, space);
  end = copy(put(end, "/"), callerId(), id);
  end = copy(put(end, " operation: "), target.method, target.methodLength);
  parameter(1, cause, <i32>(end - cause));
  fail(call, ERR_DIRECT_INVOKE, 403);
  return false;
}
