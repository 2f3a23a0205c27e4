import { apiError } from "../errors/api-error.ts";
import type { Call, Endpoint } from "./endpoint.ts";

const pending = (_call: Call) => apiError("ERR_API_UNIMPLEMENTED", { block: "metadata" });

export const metadata: readonly Endpoint[] = [
  { name: "metadata.get", methods: ["GET"], paths: ["/v1.0/metadata"], handle: pending },
  { name: "metadata.set", methods: ["PUT"], paths: ["/v1.0/metadata/{key}"], handle: pending },
  { name: "healthz.get", methods: ["GET"], paths: ["/v1.0/healthz"], handle: pending },
  { name: "healthz.outbound", methods: ["GET"], paths: ["/v1.0/healthz/outbound"], handle: pending },
  { name: "shutdown.post", methods: ["POST"], paths: ["/v1.0/shutdown"], handle: pending },
];
