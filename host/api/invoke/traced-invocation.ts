import { type RuntimeRequest, type RuntimeResponse, withChanges } from "../../http.ts";
import type { Peer } from "../../mesh/transport.ts";
import type { Sidecar } from "../../sidecar.ts";
import { spanStatus } from "../../telemetry/span-status.ts";
import type { Tracing } from "../../telemetry/tracing.ts";

/** Today's Dapr names an invocation by its callee and method, its first releases by the method alone. */
export function invocationName({ strict }: Sidecar, id: string, method: string): string {
  return strict ? `CallLocal/${id}/${method}` : method || "/";
}

type Answering = (request: RuntimeRequest) => Promise<RuntimeResponse>;

/** An invocation by another instance as a hop of its trace. Throws what `answer` throws. */
export function tracedInvocation(
  tracing: Tracing,
  sidecar: Sidecar,
  request: RuntimeRequest,
  caller: Peer,
  answer: Answering,
): Promise<RuntimeResponse> {
  const method = request.path.replace(/^\/+/, "");
  const name = invocationName(sidecar, sidecar.appId, method);
  const call = { name, about: ["dapr.invoke_method", method] as const, caller };
  return tracedCall(tracing, sidecar, request, call, answer);
}

/** What a call of another instance is called, whom or what it is about, and who calls. */
export interface ReceivedCall {
  readonly name: string;
  readonly about: readonly [attribute: string, value: string];
  readonly caller: Peer;
}

/** A call of another instance as a hop of its trace. Throws what `answer` throws. */
export async function tracedCall(
  tracing: Tracing,
  sidecar: Sidecar,
  request: RuntimeRequest,
  { name, about, caller }: ReceivedCall,
  answer: Answering,
): Promise<RuntimeResponse> {
  const hop = tracing.begin(request.headers);
  const attributes: (readonly [string, string])[] = [
    ["dapr.api", `${request.method} ${request.path}`],
    about,
    ["dapr.protocol", "http"],
    ["rpc.service", "ServiceInvocation"],
    ["net.peer.name", caller.appId],
  ];
  try {
    const response = await answer(withChanges(request, { headers: hop.onward(request.headers) }));
    // daprd's call came about whatever the app answered.
    const status = sidecar.strict ? { code: "unset" as const } : spanStatus(response.status, false);
    hop.end(() => ({
      name,
      kind: "server",
      attributes: [...attributes, ["dapr.status_code", String(response.status)]],
      status,
    }));
    return response;
  } catch (error) {
    hop.end(() => ({ name, kind: "server", attributes, status: spanStatus(500, sidecar.strict) }));
    throw error;
  }
}
