import { hopByHop } from "../hop-by-hop.ts";
import type { Headers } from "../http.ts";

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** What would break the framing of a header, or be refused by every channel. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: controls are what it looks for
const control = /[\u0000-\u0008\u000a-\u001f\u007f]/;
const ascii = /^[\t\x20-\x7e]*$/;

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

const encoder = new TextEncoder();

/** A value beyond ASCII as its UTF-8 bytes, one character each: what a header can carry, and what Dapr sends. */
function wire(value: string): string {
  if (ascii.test(value)) return value;
  let bytes = "";
  for (const byte of encoder.encode(value)) bytes += String.fromCharCode(byte);
  return bytes;
}

/**
 * The headers an event reaches the app with: the broker's metadata under plain names, as Dapr sends it. Fields that no
 * header can hold, or that are not the publisher's to set, are left out.
 */
export function deliveryHeaders(
  pubsubname: string,
  metadata: ReadonlyMap<string, string>,
  traceparent: string,
  tracestate: string,
): Headers {
  const headers = ["content-type", "application/cloudevents+json", "pubsubname", wire(pubsubname)];
  if (traceparent !== "") headers.push("traceparent", traceparent);
  if (tracestate !== "" && !control.test(tracestate)) headers.push("tracestate", wire(tracestate));
  for (const [name, value] of metadata) {
    const lower = name.toLowerCase();
    if (reserved.has(lower) || lower.startsWith("dapr-") || lower.startsWith("daprlet-")) continue;
    if (token.test(lower) && !control.test(value)) headers.push(lower, wire(value));
  }
  return headers;
}
