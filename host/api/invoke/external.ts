import {
  type Body,
  type Headers,
  type RuntimeRequest,
  type RuntimeResponse,
  readBody,
  withChanges,
} from "../../http.ts";
import type { HttpEndpoint } from "../../http-endpoints.ts";
import type { Platform } from "../../platform.ts";
import { answerHeaders, forwardedHeaders } from "./headers.ts";

/** `fetch` has decoded the body and re-frames it: these would describe bytes that nobody has any more. */
const ofTheWire: ReadonlySet<string> = new Set(["content-encoding", "content-length"]);

function requestHeaders(headers: Headers, endpoint: HttpEndpoint | undefined): [string, string][] {
  const kept = forwardedHeaders(headers);
  const pairs: [string, string][] = [];
  for (let i = 0; i < kept.length; i += 2) {
    const name = kept[i] as string;
    if (name !== "host" && endpoint?.headers.has(name) !== true) pairs.push([name, kept[i + 1] as string]);
  }
  return endpoint === undefined ? pairs : [...pairs, ...endpoint.headers];
}

async function requestBody(method: string, body: Body): Promise<Uint8Array<ArrayBuffer> | undefined> {
  if (body === undefined || method === "GET" || method === "HEAD") return undefined;
  // Browsers stream a request only over HTTP/2; bytes go everywhere.
  return (await readBody(body)) as Uint8Array<ArrayBuffer>;
}

/**
 * A direct call below `http(s)://host…`, with what an HTTPEndpoint says of it. Throws what the platform's fetch or
 * connections throw; redirects are answers.
 */
export async function invokeExternal(
  platform: Platform,
  base: string,
  request: RuntimeRequest,
  endpoint?: HttpEndpoint,
): Promise<RuntimeResponse> {
  const headers = requestHeaders(request.headers, endpoint);
  if (endpoint?.connections !== undefined) {
    const path = `${new URL(base).pathname.replace(/\/+$/, "")}${request.path}`;
    const answer = await endpoint.connections.request(
      withChanges(request, { path, headers: headers.flat() }),
    );
    return { ...answer, headers: answerHeaders(answer.headers) };
  }
  const url = `${base}${request.path}${request.query === "" ? "" : `?${request.query}`}`;
  const body = await requestBody(request.method, request.body);
  const response = await platform.fetch(url, {
    method: request.method,
    headers,
    redirect: "manual",
    credentials: "omit",
    cache: "no-store",
    ...(body === undefined ? {} : { body }),
    ...(request.signal === undefined ? {} : { signal: request.signal }),
  });
  if (response.type === "opaqueredirect") {
    throw new Error("the target answered with a redirect, which a page is not shown; name the final address");
  }
  const answered: string[] = [];
  response.headers.forEach((value, name) => {
    if (!ofTheWire.has(name)) answered.push(name, value);
  });
  return { status: response.status, headers: answerHeaders(answered), body: response.body ?? undefined };
}
