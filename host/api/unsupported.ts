import { apiError } from "../errors/api-error.ts";
import type { Call, Endpoint } from "./endpoint.ts";

/** Blocks of Dapr's API that daprlet knows but does not serve yet. They answer 501 and name the block. */
function block(
  name: string,
  ...rows: readonly (readonly [operation: string, methods: string, ...paths: string[]])[]
) {
  const handle = (_call: Call) => apiError("ERR_API_UNIMPLEMENTED", { block: name });
  return rows.map(
    ([operation, methods, ...paths]): Endpoint => ({
      name: `${name}.${operation}`,
      methods: methods.split(" "),
      paths,
      handle,
    }),
  );
}

const stable = (path: string) => [`/v1.0${path}`, `/v1.0-alpha1${path}`];
const workflow = (path: string) => [...stable(`/workflows/${path}`), `/v1.0-beta1/workflows/${path}`];

export const unsupported: readonly Endpoint[] = [
  ...block(
    "crypto",
    ["encrypt", "PUT", "/v1.0-alpha1/crypto/{name}/encrypt"],
    ["decrypt", "PUT", "/v1.0-alpha1/crypto/{name}/decrypt"],
    ["subtle", "POST", "/v1.0-alpha1/subtlecrypto/{name}/{operation}"],
  ),
  ...block(
    "workflows",
    ["start", "POST", ...workflow("{component}/{name}/start")],
    ["get", "GET", ...workflow("{component}/{id}")],
    ["raiseEvent", "POST", ...workflow("{component}/{id}/raiseEvent/{event}")],
    ["terminate", "POST", ...workflow("{component}/{id}/terminate")],
    ["pause", "POST", ...workflow("{component}/{id}/pause")],
    ["resume", "POST", ...workflow("{component}/{id}/resume")],
    ["purge", "POST", ...workflow("{component}/{id}/purge")],
  ),
  ...block("jobs", ["job", "GET POST DELETE", ...stable("/jobs/{name}")]),
  ...block("conversation", [
    "converse",
    "POST",
    "/v1.0-alpha1/conversation/{name}/converse",
    "/v1.0-alpha2/conversation/{name}/converse",
  ]),
];
