import { type Headers, header, type RuntimeResponse } from "../http.ts";
import type { BrowserPolicy } from "../security/browser-guard.ts";

function allowed(origin: string, { origins }: BrowserPolicy): string | undefined {
  if (origins.has("*")) return "*";
  return origins.has(origin) ? origin : undefined;
}

/** What an answer carries where origins are configured; `Vary` also for callers without one, for caches' sake. */
export function corsHeaders(origin: string | undefined, policy: BrowserPolicy): Headers {
  const value = origin === undefined ? undefined : allowed(origin, policy);
  if (value === undefined) return ["vary", "Origin"];
  return ["access-control-allow-origin", value, "access-control-expose-headers", "*", "vary", "Origin"];
}

/** The answer to a preflight of an allowed origin; undefined when the request is none. */
export function preflight(
  headers: Headers,
  origin: string,
  policy: BrowserPolicy,
): RuntimeResponse | undefined {
  const method = header(headers, "access-control-request-method");
  const value = allowed(origin, policy);
  if (method === undefined || value === undefined) return undefined;
  const fields = ["access-control-allow-origin", value];
  if (/^(?:HEAD|GET|POST|PUT|PATCH|DELETE)$/.test(method))
    fields.push("access-control-allow-methods", method);
  const asked = header(headers, "access-control-request-headers");
  if (asked !== undefined) fields.push("access-control-allow-headers", asked);
  if (header(headers, "access-control-request-private-network") === "true") {
    fields.push("access-control-allow-private-network", "true");
  }
  fields.push("vary", "Origin, Access-Control-Request-Method, Access-Control-Request-Headers");
  return { status: 200, headers: fields, body: undefined };
}
