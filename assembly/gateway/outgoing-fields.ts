import { Call } from "./call";
import { callerId, callerIdLength } from "./door/caller";
import { addNamed, forwarded, replace } from "./headers";
import { hop, hopLength } from "./hops";
import { NONE, PROTOCOL_SIDECAR } from "./records.gen";
import { findSecret, secretLength, secretText } from "./secrets";
import { head } from "./table";
import { Target } from "./target";
import { traceOnward } from "./trace";
import { Exchange } from "./transport/exchange";

/**
 * The fields that a request reaches its upstream with: the caller's without what is not theirs to say, who calls and was
 * called where it goes to the app itself, and what the upstream's entry sets. False where that needs a secret that the
 * environment does not have.
 */
export function outgoingFields(call: Call, target: Target, x: Exchange): bool {
  const list = forwarded(call);
  const upstream = x.upstream;
  const table = head();
  traceOnward(list);
  if (upstream.protocol != PROTOCOL_SIDECAR) {
    if (call.authorityLength) addNamed(list, "x-forwarded-host", call.authority, call.authorityLength);
    addNamed(list, "dapr-caller-app-id", callerId(), callerIdLength());
    addNamed(list, "dapr-caller-namespace", table.namespace, table.namespaceLength);
    addNamed(list, "dapr-callee-app-id", target.id, target.idLength);
  }
  addNamed(list, "via", hop(), hopLength());
  if (upstream.token != NONE) {
    if (!findSecret(upstream.token)) return false;
    addNamed(list, "dapr-api-token", secretText(), secretLength());
  }
  for (let i: u32 = 0; i < upstream.headersCount; i++) {
    const header = upstream.header(i);
    if (header.secret == NONE) {
      replace(list, header.name, header.nameLength, header.value, header.valueLength);
    } else if (findSecret(header.secret)) {
      replace(list, header.name, header.nameLength, secretText(), secretLength());
    } else return false;
  }
  x.firstField = list.first;
  x.fieldCount = list.count;
  return true;
}
