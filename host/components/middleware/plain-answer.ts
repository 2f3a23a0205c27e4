import type { Headers, RuntimeResponse } from "../../http.ts";

/** What Dapr's middlewares answer a request with that they do not let through. */
export function plainAnswer(status: number, message: string, headers: Headers = []): RuntimeResponse {
  return {
    status,
    headers: ["content-type", "text/plain; charset=utf-8", ...headers],
    body: new TextEncoder().encode(message),
  };
}
