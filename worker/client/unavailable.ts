import type { Clock } from "../../host/platform.ts";
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

/** The same, once the page's events had their turn: one that asks again and again would hold them up. */
export function unavailableLater(cause: string, clock: Clock): Promise<WireResponse> {
  return new Promise((resolve) => void clock.after(0, () => resolve(unavailable(cause))));
}
