import { actorHeader } from "../../actors/actors.ts";
import { hopByHop } from "../../hop-by-hop.ts";
import { type Headers, header } from "../../http.ts";
import type { Peer } from "../../mesh/transport.ts";

/** What says who calls: set by the sidecar that receives, from what its transport has verified, and by nobody else. */
export const ownWords: ReadonlySet<string> = new Set([
  "x-forwarded-for",
  "x-forwarded-host",
  "forwarded",
  "dapr-caller-app-id",
  "dapr-callee-app-id",
  "dapr-caller-namespace",
  "dapr-app-id",
  "dapr-api-token",
  actorHeader,
]);

const nobody: ReadonlySet<string> = new Set();

function namedInConnection(headers: Headers): ReadonlySet<string> {
  let named: Set<string> | undefined;
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i] !== "connection") continue;
    const value = headers[i + 1] as string;
    // What nearly all say, and names no field.
    if (value === "keep-alive" || value === "close") continue;
    named ??= new Set();
    for (const name of value.split(",")) named.add(name.trim().toLowerCase());
  }
  return named ?? nobody;
}

/** A caller's headers as they go on: without those of the hop, gRPC's binary ones, and claims of who calls. */
export function forwardedHeaders(headers: Headers): string[] {
  const named = namedInConnection(headers);
  const kept: string[] = [];
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string;
    if (hopByHop.has(name) || ownWords.has(name) || named.has(name) || name.endsWith("-bin")) continue;
    kept.push(name, headers[i + 1] as string);
  }
  return kept;
}

/** RFC 7239 §4 and §6: an IPv6 address stands in brackets, and what is no token in quotes. */
function forwardedValue(value: string): string {
  const node = /^[0-9a-f]*:[0-9a-f]*:[0-9a-f:.]*$/i.test(value) ? `[${value}]` : value;
  return /^[\w.!#$%&'*+\-^`|~]+$/.test(node) ? node : `"${node.replace(/["\\]/g, "\\$&")}"`;
}

/** The headers that a call of another instance reaches the app with. */
export function receivedHeaders(headers: Headers, caller: Peer, callee: Peer): Headers {
  const address = caller.address ?? "unknown";
  const host = header(headers, "host") ?? "unknown";
  const forwarded = forwardedHeaders(headers);
  const kept: string[] = [];
  for (let i = 0; i < forwarded.length; i += 2) {
    const name = forwarded[i] as string;
    const value = forwarded[i + 1] as string;
    // Ids are the caller's own: another app's must not meet the outcome stored under the same one.
    if (name === "daprlet-request-id") kept.push(name, `${caller.namespace}/${caller.appId}/${value}`);
    else if (name !== "host") kept.push(name, value);
  }
  kept.push(
    "x-forwarded-for",
    address,
    "x-forwarded-host",
    host,
    "forwarded",
    `for=${forwardedValue(address)};by=_${callee.appId};host=${forwardedValue(host)}`,
    "dapr-caller-app-id",
    caller.appId,
    "dapr-caller-namespace",
    caller.namespace,
    "dapr-callee-app-id",
    callee.appId,
  );
  return kept;
}

/** An app's answer as it goes back: everything but the hop's own headers, and what only an instance may say. */
export function answerHeaders(headers: Headers): Headers {
  const named = namedInConnection(headers);
  const kept: string[] = [];
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string;
    if (hopByHop.has(name) || named.has(name) || name === actorHeader) continue;
    kept.push(name, headers[i + 1] as string);
  }
  return kept;
}

const sse = "text/event-stream";

/** Dapr's rule: exactly this Accept makes the answer an event stream, whatever the app called it. */
export function asksForEvents(headers: Headers): boolean {
  return header(headers, "accept")?.toLowerCase() === sse;
}

export function eventStreamHeaders(headers: Headers): Headers {
  const kept: string[] = [];
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string;
    if (name !== "content-type" && name !== "cache-control") kept.push(name, headers[i + 1] as string);
  }
  kept.push("content-type", sse, "cache-control", "no-cache");
  return kept;
}
