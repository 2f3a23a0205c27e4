import { type RuntimeRequest, type RuntimeResponse, withChanges } from "../../http.ts";
import type { Peer } from "../../mesh/transport.ts";
import type { Sidecar } from "../../sidecar.ts";
import { spanStatus } from "../../telemetry/span-status.ts";
import type { Tracing } from "../../telemetry/tracing.ts";

/** Today's Dapr names an invocation by its callee and method, its first releases by the method alone. */
export function invocationName({ strict }: Sidecar, id: string, method: string): string {
  return strict ? `CallLocal/${id}/${method}` : method || "/";
}

/** A call of another instance as a hop of its trace. Throws what `answer` throws. */
export async function tracedInvocation(
  tracing: Tracing,
  sidecar: Sidecar,
  request: RuntimeRequest,
  caller: Peer,
  answer: (request: RuntimeRequest) => Promise<RuntimeResponse>,
): Promise<RuntimeResponse> {
  const hop = tracing.begin(request.headers);
  const method = request.path.replace(/^\/+/, "");
  const attributes: [string, string][] = [
    ["dapr.api", `${request.method} ${request.path}`],
    ["dapr.invoke_method", method],
    ["dapr.protocol", "http"],
    ["rpc.service", "ServiceInvocation"],
    ["net.peer.name", caller.appId],
  ];
  const name = invocationName(sidecar, sidecar.appId, method);
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
