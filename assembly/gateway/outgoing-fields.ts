import { Call } from "./call";
import { addNamed, forwarded, replace } from "./headers";
import { allocate } from "./memory";
import { PROTOCOL_SIDECAR } from "./records.gen";
import { head } from "./table";
import { Target } from "./target";
import { copy, put } from "./text";
import { Exchange } from "./transport/exchange";

/**
 * The fields that a request reaches its upstream with: the caller's without what is not theirs to say, who calls and was
 * called where it goes to the app itself, and what the upstream's entry sets.
 */
export function outgoingFields(call: Call, target: Target, x: Exchange): void {
  const list = forwarded(call);
  const upstream = x.upstream;
  const table = head();
  if (upstream.protocol != PROTOCOL_SIDECAR) {
    if (call.authorityLength) addNamed(list, "x-forwarded-host", call.authority, call.authorityLength);
    addNamed(list, "dapr-caller-app-id", table.appId, table.appIdLength);
    addNamed(list, "dapr-caller-namespace", table.namespace, table.namespaceLength);
    addNamed(list, "dapr-callee-app-id", target.id, target.idLength);
  }
  const hop = allocate(4 + table.appIdLength);
  const end = copy(put(hop, "1.1 "), table.appId, table.appIdLength);
  addNamed(list, "via", hop, <i32>(end - hop));
  for (let i: u32 = 0; i < upstream.headersCount; i++) {
    const header = upstream.header(i);
    replace(list, header.name, header.nameLength, header.value, header.valueLength);
  }
  x.firstField = list.first;
  x.fieldCount = list.count;
}
