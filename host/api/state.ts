import { apiError } from "../errors/api-error.ts";
import type { Call, Endpoint } from "./endpoint.ts";

const pending = (_call: Call) => apiError("ERR_API_UNIMPLEMENTED", { block: "state" });

export const state: readonly Endpoint[] = [
  { name: "state.get", methods: ["GET"], paths: ["/v1.0/state/{store}/{key}"], handle: pending },
  { name: "state.save", methods: ["POST", "PUT"], paths: ["/v1.0/state/{store}"], handle: pending },
  { name: "state.delete", methods: ["DELETE"], paths: ["/v1.0/state/{store}/{key}"], handle: pending },
  { name: "state.bulkGet", methods: ["POST", "PUT"], paths: ["/v1.0/state/{store}/bulk"], handle: pending },
  {
    name: "state.transaction",
    methods: ["POST", "PUT"],
    paths: ["/v1.0/state/{store}/transaction"],
    handle: pending,
  },
];
