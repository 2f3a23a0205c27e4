import type { Capabilities } from "../capability/capabilities.ts";
import { ApiError } from "../errors/api-error.ts";
import { json } from "../http.ts";
import type { Sidecar } from "../sidecar.ts";
import type { Call, Endpoint } from "./endpoint.ts";

const methods = ["GET", "POST", "PUT", "PATCH", "DELETE"];

function capabilitiesOf({ capabilities }: Sidecar): Capabilities {
  if (capabilities === undefined) throw new ApiError("ERR_CAPABILITIES_NOT_CONFIGURED");
  return capabilities;
}

/** Capability packages, daprlet's own: what is loaded, and what their offers answer. The second path is the book's. */
export const capabilities: readonly Endpoint[] = [
  {
    name: "capabilities.list",
    methods: ["GET"],
    paths: ["/v1.0/capabilities"],
    handle: ({ sidecar }) => json({ capabilities: capabilitiesOf(sidecar).list() }),
  },
  {
    name: "capabilities.call",
    methods,
    paths: ["/v1.0/capabilities/{package}/{path*}"],
    handle({ sidecar, request, params }: Call) {
      const [name, path] = params as [string, string];
      return capabilitiesOf(sidecar).handle(request, name, path);
    },
  },
  {
    name: "capabilities.find",
    methods,
    paths: ["/v1/capabilities/{path*}"],
    handle: ({ sidecar, request, params }) =>
      capabilitiesOf(sidecar).handle(request, undefined, params[0] as string),
  },
  {
    name: "functions.invoke",
    methods,
    paths: ["/v1.0/functions/{name}"],
    handle: ({ sidecar, request, params }) => capabilitiesOf(sidecar).invoke(request, params[0] as string),
  },
];
