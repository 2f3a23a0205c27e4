import type CachePolicy from "http-cache-semantics";
import type { Headers, RuntimeResponse } from "../http.ts";

export interface CachedRequest {
  readonly method: string;
  readonly url: string;
  /** By their names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** A whole answer of a server. */
export interface WholeResponse extends RuntimeResponse {
  readonly body: Uint8Array;
}

/** An answer that is kept. */
export interface Entry {
  readonly policy: CachePolicy;
  readonly url: string;
  readonly status: number;
  readonly body: Uint8Array;
  /** Its `cache-control`, as its server wrote it. */
  readonly directives: string;
}

export type Fields = Readonly<Record<string, string>>;

/** What a server forbids to be used without asking it. */
export const strict = /\b(must-revalidate|no-cache)\b/i;

export function fieldsOf(headers: Headers): Record<string, string> {
  const fields: Record<string, string> = Object.create(null);
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string;
    const value = headers[i + 1] as string;
    fields[name] = name in fields ? `${fields[name]}, ${value}` : value;
  }
  return fields;
}

/**
 * As the library understands them: names of directives in lower case, and without `must-revalidate`, by which it would ask again also
 * about what is fresh.
 */
export function understood(fields: Fields): Record<string, string> {
  const { "cache-control": directives } = fields;
  if (directives === undefined) return { ...fields };
  const known = directives.toLowerCase().split(",");
  return { ...fields, "cache-control": known.filter((one) => one.trim() !== "must-revalidate").join(",") };
}

export function isFresh({ policy, directives }: Entry, request: CachedRequest): boolean {
  return policy.satisfiesWithoutRevalidation(request) && !(strict.test(directives) && policy.stale());
}

export function responseOf({ policy, status, body, directives }: Entry): WholeResponse {
  const fields = policy.responseHeaders();
  if (directives !== "") fields["cache-control"] = directives;
  return { status, headers: Object.entries(fields).flatMap(([name, value]) => [name, String(value)]), body };
}

/** Good for a while, or something to ask about again. */
export function isWorthKeeping(
  method: string,
  policy: CachePolicy,
  { etag, vary, ...fields }: Fields,
): boolean {
  if (!policy.storable() || vary?.includes("*")) return false;
  const validated = method === "GET" && (etag ?? fields["last-modified"]) !== undefined;
  return validated || policy.timeToLive() > 0;
}
