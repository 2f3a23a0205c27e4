import type { Headers } from "./http.ts";

/** A well-formed W3C traceparent (Trace Context §3.2): no version `ff`, no identifier of zeros. */
export const wellFormedTraceparent =
  /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;

/** What an event carries of the call that it came of, as that call's headers. */
export function carried(
  traceparent: string,
  tracestate: string,
  metadata: ReadonlyMap<string, string>,
): Headers {
  const headers = ["traceparent", traceparent, "tracestate", tracestate];
  for (const [name, value] of metadata) {
    if (name.toLowerCase() === "x-correlation-id") headers.push("x-correlation-id", value);
  }
  return headers;
}
