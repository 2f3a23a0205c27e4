import type { Headers } from "../../../http.ts";

/** What a policy says of a request. */
export interface PolicyDecision {
  readonly allow: boolean;
  /** Of a refusal; undefined: the default one. */
  readonly status: number | undefined;
  /** For the request that passes, or for the refusal. */
  readonly headers: Headers;
}

/**
 * `data.http.allow` as Dapr reads it: true or false, or a mapping of `allow`, `status_code` and `additional_headers`. Else
 * a sentence: nothing that is not understood lets a request pass.
 */
export function policyDecision(result: unknown): PolicyDecision | string {
  if (typeof result === "boolean") return { allow: result, status: undefined, headers: [] };
  if (result === undefined) return "the policy does not set data.http.allow";
  if (typeof result !== "object" || result === null || Array.isArray(result)) {
    return "data.http.allow is neither a boolean nor a mapping";
  }
  const {
    allow = false,
    status_code: status,
    additional_headers: additional = {},
  } = result as Readonly<Record<string, unknown>>;
  if (typeof allow !== "boolean") return "allow is no boolean";
  if (status !== undefined && !Number.isInteger(status)) return "status_code is no whole number";
  if (typeof additional !== "object" || additional === null || Array.isArray(additional)) {
    return "additional_headers is no mapping";
  }
  const headers: string[] = [];
  for (const [name, value] of Object.entries(additional)) {
    if (typeof value !== "string") return "a value of additional_headers is no text";
    if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name) || /[^\t\x20-\x7e\x80-\xff]/.test(value)) {
      return "a member of additional_headers cannot be a header";
    }
    headers.push(name.toLowerCase(), value);
  }
  return { allow, status: status as number | undefined, headers };
}
