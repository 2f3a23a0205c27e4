import { type Body, type Headers, type RuntimeRequest, type RuntimeResponse, readBody } from "../../http.ts";
import type { Platform } from "../../platform.ts";
import { answerHeaders, forwardedHeaders } from "./headers.ts";

/** `fetch` has decoded the body and re-frames it: these would describe bytes that nobody has any more. */
const ofTheWire: ReadonlySet<string> = new Set(["content-encoding", "content-length"]);

function requestHeaders(headers: Headers): [string, string][] {
  const kept = forwardedHeaders(headers);
  const pairs: [string, string][] = [];
  for (let i = 0; i < kept.length; i += 2) {
    if (kept[i] !== "host") pairs.push([kept[i] as string, kept[i + 1] as string]);
  }
  return pairs;
}

async function requestBody(method: string, body: Body): Promise<Uint8Array<ArrayBuffer> | undefined> {
  if (body === undefined || method === "GET" || method === "HEAD") return undefined;
  // Browsers stream a request only over HTTP/2; bytes go everywhere.
  return (await readBody(body)) as Uint8Array<ArrayBuffer>;
}

/** A direct call to `http(s)://host…`. Throws what the platform's fetch throws; redirects are answers. */
export async function invokeExternal(
  platform: Platform,
  url: string,
  request: RuntimeRequest,
): Promise<RuntimeResponse> {
  const body = await requestBody(request.method, request.body);
  const response = await platform.fetch(url, {
    method: request.method,
    headers: requestHeaders(request.headers),
    redirect: "manual",
    credentials: "omit",
    cache: "no-store",
    ...(body === undefined ? {} : { body }),
    ...(request.signal === undefined ? {} : { signal: request.signal }),
  });
  if (response.type === "opaqueredirect") {
    throw new Error("the target answered with a redirect, which a page is not shown; name the final address");
  }
  const headers: string[] = [];
  response.headers.forEach((value, name) => {
    if (!ofTheWire.has(name)) headers.push(name, value);
  });
  return { status: response.status, headers: answerHeaders(headers), body: response.body ?? undefined };
}
