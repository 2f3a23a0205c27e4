import { escape, GROWTH } from "../json/escape";
import { hasRoster } from "./actors/fetch-roster";
import { Call } from "./call";
import { VERSION } from "./fields.gen";
import { allocate } from "./memory";
import { NONE } from "./records.gen";
import { reply } from "./reply";
import { head } from "./table";
import { copy, put } from "./text";
import { HAS_ACTORS } from "./variant";

/** `GET /v1.0/metadata`: who this is, and what it has. Nothing of where its upstreams are. */
export function describeGateway(call: Call): void {
  const table = head();
  const leads = <bool>HAS_ACTORS && table.actorsCount != 0;
  // First: it may ask for a table.
  const knows = leads && hasRoster();
  const body = allocate(table.appIdLength * GROWTH + table.toldLength + 384);
  let end = put(body, '{"id":"');
  end += escape(table.appId, table.appIdLength, end, true);
  end = put(put(end, '","runtimeVersion":"'), VERSION);
  end = copy(put(end, '",'), table.told, table.toldLength);
  end = put(put(end, '"extended":{"daprRuntimeVersion":"'), VERSION);
  end = put(end, '"},"actorRuntime":{"runtimeStatus":"');
  end = put(putActors(end, leads, knows), "}}");
  reply(call, 200, "application/json", body, <i32>(end - body));
}

/** As a sidecar tells it that hosts none itself: whether owners can be found, and by whom. */
function putActors(to: usize, leads: bool, knows: bool): usize {
  if (!leads) return put(to, 'DISABLED","hostReady":false');
  const end = put(put(to, knows ? "RUNNING" : "INITIALIZING"), '","activeActors":[],"hostReady":false');
  if (head().actor(0).source == NONE) return end;
  return put(put(end, ',"placement":"placement: '), knows ? 'connected"' : 'disconnected"');
}
