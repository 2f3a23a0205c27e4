import { apiError } from "../errors/api-error.ts";
import type { Call, Endpoint } from "./endpoint.ts";

const pending = (_call: Call) => apiError("ERR_API_UNIMPLEMENTED", { block: "invoke" });

/** Methods `*`: any token. The router's own rule splits the target at the first `/method/` of the raw path. */
export const invoke: readonly Endpoint[] = [
  { name: "invoke.method", methods: ["*"], paths: ["/v1.0/invoke/{id}/method/{method*}"], handle: pending },
];
