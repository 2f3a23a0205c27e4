import { ComponentError } from "../../../errors/component-error.ts";
import { fieldValue, isFieldName } from "../../../header-field.ts";
import { hopByHop } from "../../../hop-by-hop.ts";
import type { Headers } from "../../../http.ts";

/** What the request itself decides. */
const reserved: ReadonlySet<string> = new Set([...hopByHop, "host", "content-length", "expect"]);
/** Names in lower case that are the trace's, and not of the caller's metadata. */
const ofTrace: ReadonlySet<string> = new Set(["traceparent", "tracestate", "baggage"]);
const json = "application/json; charset=utf-8";

/**
 * The headers of a request: of the metadata those whose name begins with a capital, as daprd takes them, and the trace
 * where it may be sent. Throws for one that no header can hold.
 */
export function requestHeaders(
  metadata: ReadonlyMap<string, string>,
  hasBody: boolean,
  token: { readonly header: string; readonly value: string } | undefined,
  mayTrace: boolean,
): Headers {
  const headers = new Map<string, string>([["accept", json]]);
  if (hasBody) headers.set("content-type", json);
  if (token !== undefined) headers.set(token.header.toLowerCase(), token.value);
  for (const [name, value] of metadata) {
    const traced = mayTrace && ofTrace.has(name);
    const lower = name.toLowerCase();
    if ((!traced && !/^\p{Lu}/u.test(name)) || reserved.has(lower)) continue;
    const field = fieldValue(value);
    if (!isFieldName(name) || field === undefined) {
      const what = isFieldName(name) ? `the value of metadata field ${name}` : "a metadata field's name";
      throw new ComponentError("INVALID_ARGUMENT", `${what} cannot be a header`);
    }
    headers.set(lower, field);
  }
  return [...headers].flat();
}
