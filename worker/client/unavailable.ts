import type { WireResponse } from "../messages.ts";

/** Dapr-shaped 503 from the page itself, where no runtime can say it. */
export function unavailable(cause: string): WireResponse {
  const body = { errorCode: "ERR_RUNTIME_UNAVAILABLE", message: `the sidecar cannot answer: ${cause}` };
  return {
    status: 503,
    headers: ["content-type", "application/json"],
    body: new TextEncoder().encode(JSON.stringify(body)),
  };
}
