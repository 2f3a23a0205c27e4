import { header } from "../../host/http.ts";
import { type Addresses, type Located, locate } from "../addresses.ts";
import type { WireRequest, WireResponse } from "../messages.ts";
import { bodyless, flatten, unflatten } from "../wire.ts";
import type { Door } from "./door.ts";
import { unavailable } from "./unavailable.ts";

const MAX_REDIRECTS = 20;

export interface ShimOptions {
  /** The browser's own. */
  readonly fetch: typeof fetch;
  readonly addresses: () => Addresses;
  /** The sidecar that answers now; while it starts, requests wait for it. */
  readonly door: () => Door | Promise<Door>;
}

const encoder = new TextEncoder();

function isAddressed(input: RequestInfo | URL, init: RequestInit | undefined): boolean {
  const given = init?.headers ?? (input instanceof Request ? input.headers : undefined);
  if (given === undefined) return false;
  if (given instanceof Headers) return given.has("dapr-app-id");
  const names = Array.isArray(given) ? given.map(([name]) => name) : Object.keys(given);
  return names.some((name) => name?.toLowerCase() === "dapr-app-id");
}

/** The request's own parts. Simple ones are taken apart here, all others by the browser's Request. */
async function toWire(
  input: RequestInfo | URL,
  init: RequestInit | undefined,
  { path, query }: Located,
): Promise<{ request: WireRequest; signal: AbortSignal | undefined; redirect: RequestRedirect }> {
  const body = init?.body;
  const plain = !(input instanceof Request) && (body == null || typeof body === "string");
  if (!plain) {
    const request = new Request(input, init);
    const bytes =
      init?.body instanceof ReadableStream ? init.body : new Uint8Array(await request.arrayBuffer());
    return {
      request: {
        method: request.method.toUpperCase(),
        path,
        query,
        headers: accepting(flatten(request.headers)),
        body: bytes instanceof Uint8Array && bytes.byteLength === 0 ? undefined : bytes,
      },
      signal: init?.signal ?? (input instanceof Request ? input.signal : undefined),
      redirect: request.redirect,
    };
  }
  const method = (init?.method ?? "GET").toUpperCase();
  if (body != null && (method === "GET" || method === "HEAD")) {
    throw new TypeError("Request with GET/HEAD method cannot have body.");
  }
  const headers = init?.headers === undefined ? [] : flatten(new Headers(init.headers));
  if (body != null && header(headers, "content-type") === undefined)
    headers.push("content-type", "text/plain;charset=UTF-8");
  return {
    request: {
      method,
      path,
      query,
      headers: accepting(headers),
      body: body == null ? undefined : encoder.encode(body as string),
    },
    signal: init?.signal ?? undefined,
    redirect: init?.redirect ?? "follow",
  };
}

function accepting(headers: string[]): string[] {
  if (header(headers, "accept") === undefined) headers.push("accept", "*/*");
  return headers;
}

function construct({ status, headers, body }: WireResponse, method: string): Response {
  const none = method === "HEAD" || bodyless(status);
  return new Response(none ? null : ((body ?? null) as BodyInit | null), {
    status,
    headers: unflatten(headers),
  });
}

function toResponse(method: string, url: URL, answer: WireResponse): Response {
  let response: Response;
  try {
    response = construct(answer, method);
  } catch (error) {
    const cause = `the app's answer cannot be represented in a browser: ${(error as Error).message}`;
    response = construct(unavailable(cause), method);
  }
  Object.defineProperty(response, "url", { value: url.href });
  return response;
}

/** A fetch that answers the API's addresses through a door, and hands everything else to the browser's own. */
export function shimFetch({ fetch: own, addresses, door }: ShimOptions): typeof fetch {
  const shim = async (
    input: RequestInfo | URL,
    init: RequestInit | undefined,
    hops: number,
  ): Promise<Response> => {
    const url = new URL(input instanceof Request ? input.url : String(input), document.baseURI);
    const located = locate(url, addresses(), isAddressed(input, init));
    if (located === undefined) return await own(input, init);
    const { request, signal, redirect } = await toWire(input, init, located);
    signal?.throwIfAborted();
    const opened = door();
    const answer = await (opened instanceof Promise ? await opened : opened).call(request, signal);
    const target = header(answer.headers, "location");
    const moved = [301, 302, 303, 307, 308].includes(answer.status);
    if (!moved || target === undefined || redirect === "manual")
      return toResponse(request.method, url, answer);
    if (redirect === "error" || hops >= MAX_REDIRECTS)
      throw new TypeError("Failed to fetch: unexpected redirect");
    const kept = answer.status >= 307 || (answer.status !== 303 && request.method !== "POST");
    const next: RequestInit = { headers: unflatten(request.headers) };
    if (signal !== undefined) next.signal = signal;
    if (kept) {
      next.method = request.method;
      if (request.body !== undefined) next.body = request.body as BodyInit;
    }
    return await shim(new URL(target, url), next, hops + 1);
  };
  return (input, init) => shim(input, init, 0);
}
