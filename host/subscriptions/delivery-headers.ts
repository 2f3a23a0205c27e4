import { fieldValue, isFieldName } from "../header-field.ts";
import { hopByHop } from "../hop-by-hop.ts";
import type { Headers } from "../http.ts";

/** What a publisher's metadata may not say: the hop's own fields, the envelope's, and claims of who calls. */
const reserved: ReadonlySet<string> = new Set([
  ...hopByHop,
  "host",
  "content-type",
  "content-encoding",
  "pubsubname",
  "traceparent",
  "tracestate",
  "forwarded",
  "x-forwarded-for",
  "x-forwarded-host",
]);

/** Metadata under plain names, as Dapr sends it; left out: what no header can hold, or is not the sender's to set. */
export function metadataHeaders(metadata: ReadonlyMap<string, string>): Headers {
  const headers: string[] = [];
  for (const [name, value] of metadata) {
    const lower = name.toLowerCase();
    if (reserved.has(lower) || lower.startsWith("dapr-") || lower.startsWith("daprlet-")) continue;
    const field = fieldValue(value);
    if (isFieldName(lower) && field !== undefined) headers.push(lower, field);
  }
  return headers;
}

/** The headers an event reaches the app with. */
export function deliveryHeaders(
  pubsubname: string,
  metadata: ReadonlyMap<string, string>,
  traceparent: string,
  tracestate: string,
): Headers {
  const headers = [
    "content-type",
    "application/cloudevents+json",
    "pubsubname",
    fieldValue(pubsubname) ?? "",
  ];
  if (traceparent !== "") headers.push("traceparent", traceparent);
  const state = fieldValue(tracestate);
  if (state) headers.push("tracestate", state);
  headers.push(...metadataHeaders(metadata));
  return headers;
}
