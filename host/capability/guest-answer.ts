import { isFieldName } from "../header-field.ts";
import { json, type RuntimeResponse } from "../http.ts";
import { GuestFault } from "./guest-fault.ts";
import { fieldOf, type MessageField, textOf } from "./message.ts";

/** Headers that a guest may answer with; none that speaks for the origin, the connection or the sidecar. */
const allowed =
  /^(content-(type|language|disposition|encoding)|cache-control|etag|expires|last-modified|vary|retry-after|location|x-[a-z0-9-]+)$/;

/** What no answer of a guest is without: in a page it comes from the site's own origin, and must not run there. */
const confinement = [
  "x-content-type-options",
  "nosniff",
  "content-security-policy",
  "sandbox; default-src 'none'",
];

/** An answer that a guest had a part in: marked so that a browser runs nothing of it. */
export function marked(response: RuntimeResponse): RuntimeResponse {
  const { headers } = response;
  const kept = headers.filter((_, i) => !confinement.includes(headers[i - (i % 2)] as string));
  return { ...response, headers: [...kept, ...confinement] };
}

/** Visible ASCII and spaces: a line end would begin another header. */
const plain = /^[\t\x20-\x7e]*$/;

/** The status of an answer. Throws a GuestFault for one that is none. */
export function statusOf(fields: readonly MessageField[]): number {
  const text = textOf(fields, ":status");
  if (text === undefined) return fieldOf(fields, ":error") === undefined ? 200 : 500;
  if (!/^[2-5]\d\d$/.test(text)) throw new GuestFault("protocol", "its answer has a :status that is none");
  return Number(text);
}

/** An answer of a guest as one of the API. Throws a GuestFault. */
export function responseOf(fields: readonly MessageField[]): RuntimeResponse {
  const status = statusOf(fields);
  const errorCode = textOf(fields, ":error");
  if (errorCode !== undefined) {
    if (!/^[A-Z][A-Z0-9_]{0,63}$/.test(errorCode))
      throw new GuestFault("protocol", "its answer has an :error that is no code");
    const message = new TextDecoder().decode(fieldOf(fields, ":body"));
    return { ...json({ errorCode, message }, status), errorCode };
  }
  const headers: string[] = [];
  for (const each of fields) {
    const [name] = each;
    const field = name.toLowerCase();
    if (!allowed.test(field) || confinement.includes(field) || !isFieldName(field)) continue;
    const value = textOf([each], name) ?? "";
    if (!plain.test(value)) throw new GuestFault("protocol", `its answer has a header ${field} that is none`);
    headers.push(field, value);
  }
  const body = fieldOf(fields, ":body");
  const empty = status === 204 || status === 304 || body === undefined;
  return { status, headers: [...headers, ...confinement], body: empty ? undefined : body };
}

/** Somebody else's answer, as little trusted as a guest's. */
export function confined({ status, headers, body }: RuntimeResponse): RuntimeResponse {
  const kept: string[] = [];
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string;
    // Bodies come decoded. How old it is, who keeps it has to know.
    const known = allowed.test(name) || name === "age" || name === "date";
    if (known && name !== "content-encoding" && !confinement.includes(name))
      kept.push(name, headers[i + 1] as string);
  }
  return { status, headers: [...kept, ...confinement], body };
}
