import { apiError } from "../host/errors/api-error.ts";
import {
  type Body,
  header,
  type RuntimeRequest,
  type RuntimeResponse,
  text,
  withChanges,
  withoutHeader,
} from "../host/http.ts";
import type { Clock } from "../host/platform.ts";
import type { Located } from "./addresses.ts";
import { CALLER_HEADER, DOOR_HEADER } from "./messages.ts";
import { bodyless, eager, flatten, unflatten } from "./wire.ts";

/** How long a request's body may pause before it is handed on as a stream. */
const PATIENCE_MS = 20;

/** The runtime's record of a request that the browser dispatched to the worker. */
export async function fromFetch(
  request: Request,
  { path, query }: Located,
  clock: Clock,
): Promise<RuntimeRequest> {
  const headers = flatten(request.headers);
  // A server is told by the browser; a worker is not.
  if (request.mode === "navigate") headers.push("sec-fetch-mode", "navigate");
  return {
    method: request.method.toUpperCase(),
    path,
    query,
    headers,
    body: await bodyOf(request, clock),
    signal: request.signal,
  };
}

async function bodyOf(request: Request, clock: Clock): Promise<Body> {
  if (request.method === "GET" || request.method === "HEAD") return undefined;
  // Firefox has no streaming request bodies, nor the property.
  if (!("body" in request) || request.body === undefined) {
    const bytes = new Uint8Array(await (request as Request).arrayBuffer());
    return bytes.byteLength === 0 ? undefined : bytes;
  }
  if (request.body === null) return undefined;
  return await eager(request.body, (pause) => clock.after(PATIENCE_MS, pause));
}

/** A body as the browser takes it fastest: fixed bodies go through its blob registry, streams do not. */
function streamed(body: Body): ReadableStream<Uint8Array> | null {
  if (body === undefined) return null;
  if (!(body instanceof Uint8Array)) return body;
  return new ReadableStream({
    start(controller) {
      if (body.byteLength > 0) controller.enqueue(body);
      controller.close();
    },
  });
}

function construct(method: string, { status, headers, body }: RuntimeResponse): Response {
  const sent = method === "HEAD" || bodyless(status) ? null : streamed(body);
  return new Response(sent, { status, headers: unflatten(headers) });
}

function unrepresentable(error: unknown): RuntimeResponse {
  const cause = `the app's answer cannot be represented in a browser: ${(error as Error).message}`;
  return apiError("ERR_DIRECT_INVOKE", { id: "", cause }, { status: 502 });
}

/** The browser's Response. A status or headers that it does not allow make it a 502 that says so. */
export function toFetch(method: string, response: RuntimeResponse): Response {
  try {
    return construct(method, response);
  } catch (error) {
    return construct(method, unrepresentable(error));
  }
}

/** An answer on the internal path: see `DOOR_HEADER`. */
export function toShim(method: string, response: RuntimeResponse): Response {
  const { status, body } = response;
  const redirect = status >= 300 && status < 400;
  const door = body instanceof ReadableStream ? `${status} stream` : String(status);
  const headers = [...response.headers, DOOR_HEADER, door];
  try {
    return construct(method, { ...response, status: redirect ? 200 : status, headers });
  } catch (error) {
    return toShim(method, unrepresentable(error));
  }
}

/**
 * Why a navigation may not have its way, or undefined when it may. Another site can send a form here, which no CORS
 * rule stops: what is not a mere reading must come from this origin's own pages.
 */
export function refusedNavigation(request: Request, origin: string): RuntimeResponse | undefined {
  if (request.mode !== "navigate" || request.method === "GET" || request.method === "HEAD") return undefined;
  if (request.referrer.startsWith(`${origin}/`)) return undefined;
  return apiError("ERR_FORBIDDEN_HOST", {
    cause:
      "a form of another site, or of a page that sends no referrer, may not call this sidecar; send it from a page of this origin",
  });
}

/**
 * The answer as a document: shown as text where it would be downloaded or leave the tab as it was, and cut off from
 * this origin's storage, because an app's answer may be a page that somebody else wrote.
 */
export function asDocument(request: Request, response: RuntimeResponse): RuntimeResponse {
  let shown = response;
  const type = header(response.headers, "content-type");
  if (request.method === "GET" && response.status === 204) shown = text("204 No Content");
  else if (type === undefined || /^application\/(?:octet-stream|cloudevents)/.test(type)) {
    const kept = withoutHeader(response.headers, "content-type");
    shown = { ...response, headers: [...kept, "content-type", "text/plain;charset=utf-8"] };
  }
  const policy = [
    "content-security-policy",
    "sandbox allow-scripts allow-forms",
    "x-content-type-options",
    "nosniff",
  ];
  return { ...shown, headers: [...shown.headers, ...policy] };
}

/** Takes the internal header that names the calling app off a request. */
export function takeCaller(request: RuntimeRequest): {
  readonly caller: string | undefined;
  readonly request: RuntimeRequest;
} {
  const caller = header(request.headers, CALLER_HEADER);
  if (caller === undefined) return { caller, request };
  return {
    caller,
    request: withChanges(request, { headers: withoutHeader(request.headers, CALLER_HEADER) }),
  };
}
