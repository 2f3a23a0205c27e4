import { apiError } from "../errors/api-error.ts";
import type { Call, Endpoint } from "./endpoint.ts";

const pending = (_call: Call) => apiError("ERR_API_UNIMPLEMENTED", { block: "publish" });

export const pubsub: readonly Endpoint[] = [
  {
    name: "publish.event",
    methods: ["POST", "PUT"],
    paths: ["/v1.0/publish/{pubsub}/{topic*}"],
    handle: pending,
  },
];
