import { fieldValue, isFieldName } from "../header-field.ts";
import { hopByHop } from "../hop-by-hop.ts";
import type { RuntimeResponse } from "../http.ts";
import { CallRefused } from "./call-refused.ts";
import { methodOf } from "./host-requests.ts";
import type { Needs } from "./manifest.ts";
import { fieldOf, type MessageField, textOf } from "./message.ts";

/** What speaks for the sidecar or its user, or frames the message. */
const reserved =
  /^(host|cookie2?|origin|referer|user-agent|via|forwarded|x-forwarded-.*|sec-.*|proxy-.*|dapr.*|access-control-.*)$/;

function headersOf(call: readonly MessageField[]): [string, string][] {
  const headers: [string, string][] = [];
  for (const [name] of call) {
    if (name.startsWith(":") || name === "url") continue;
    const field = name.toLowerCase();
    if (hopByHop.has(field) || reserved.test(field)) continue;
    const value = fieldValue(textOf(call, name) ?? "");
    if (!isFieldName(field) || value === undefined)
      throw new CallRefused(400, "a header of the call is none");
    headers.push([field, value]);
  }
  return headers;
}

/** Where a `fetch` goes: an origin that was granted, without a user's name, without redirections to another. */
export function fetchCall(
  call: readonly MessageField[],
  { fetch }: Needs,
): { readonly url: string; readonly init: RequestInit } {
  const text = textOf(call, "url") ?? "";
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || url.username !== "" || url.password !== "") {
    throw new CallRefused(400, "url is no absolute URL without a user");
  }
  if (!fetch.includes(url.origin)) {
    throw new CallRefused(
      403,
      `to fetch from ${url.origin} was not asked for in the package's manifest, or not granted by the user`,
    );
  }
  const method = methodOf(call);
  const body = fieldOf(call, ":body");
  const carries = body !== undefined && method !== "GET" && method !== "HEAD";
  return {
    url: url.href,
    init: {
      method,
      headers: headersOf(call),
      redirect: "manual",
      credentials: "omit",
      ...(carries && { body: body as Uint8Array<ArrayBuffer> }),
    },
  };
}

/** The server's answer, without what would set cookies here. */
export function withResponse(response: Response): RuntimeResponse {
  const headers: string[] = [];
  response.headers.forEach((value, name) => {
    if (!hopByHop.has(name) && name !== "set-cookie") headers.push(name, value);
  });
  return { status: response.status, headers, body: response.body ?? undefined };
}
