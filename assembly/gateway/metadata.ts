import { escape, GROWTH } from "../json/escape";
import { Call } from "./call";
import { VERSION } from "./fields.gen";
import { allocate } from "./memory";
import { reply } from "./reply";
import { head } from "./table";
import { put } from "./text";

/** `GET /v1.0/metadata`: who this is. Nothing of where its upstreams are. */
export function describeGateway(call: Call): void {
  const table = head();
  const body = allocate(table.appIdLength * GROWTH + 256);
  let end = put(body, '{"id":"');
  end += escape(table.appId, table.appIdLength, end, true);
  end = put(put(end, '","runtimeVersion":"'), VERSION);
  end = put(put(end, '","extended":{"daprRuntimeVersion":"'), VERSION);
  end = put(end, '"},"actorRuntime":{"runtimeStatus":"DISABLED","hostReady":false}}');
  reply(call, 200, "application/json", body, <i32>(end - body));
}
