import { apiError } from "../errors/api-error.ts";
import type { RuntimeRequest, RuntimeResponse } from "../http.ts";
import type { Peer } from "../mesh/transport.ts";
import type { Sidecar } from "../sidecar.ts";
import type { Call, Endpoint } from "./endpoint.ts";

const pending = (_call: Call) => apiError("ERR_API_UNIMPLEMENTED", { block: "invoke" });

/** Methods `*`: any token. The router's own rule splits the target at the first `/method/` of the raw path. */
export const invoke: readonly Endpoint[] = [
  { name: "invoke.method", methods: ["*"], paths: ["/v1.0/invoke/{id}/method/{method*}"], handle: pending },
];

/** Any path that is no endpoint: addressed by `dapr-app-id` or Basic credentials, else Dapr's 404. */
export function invokeApp(call: Call): Promise<RuntimeResponse> | RuntimeResponse {
  return pending(call);
}

/** A call that another instance forwarded to this one's app. */
export async function receiveInvocation(
  _sidecar: Sidecar,
  _request: RuntimeRequest,
  _caller: Peer,
): Promise<RuntimeResponse> {
  return apiError("ERR_API_UNIMPLEMENTED", { block: "invoke" });
}
