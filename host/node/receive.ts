import type { IncomingMessage, ServerResponse } from "node:http";
import type { Landing } from "../components/middleware/middleware.ts";
import { apiError } from "../errors/api-error.ts";
import { header, type RuntimeRequest, type RuntimeResponse, readBody } from "../http.ts";
import type { Log } from "../platform.ts";
import { type BrowserPolicy, refuseHost, refusePage } from "../security/browser-guard.ts";
import { equalTokens } from "../security/token.ts";
import { corsHeaders, preflight } from "./cors.ts";
import { fieldName } from "./field-name.ts";
import { collect, NodeRequest, stream } from "./node-request.ts";
import { respond } from "./respond.ts";

/** How a door treats what comes in. */
export interface DoorOptions {
  readonly policy: BrowserPolicy;
  /** A request that carries it is the app's own, whatever page it came through. */
  readonly apiToken: string | undefined;
  /** Bytes. */
  readonly maxBodySize: number;
  readonly log: Log;
  handle(request: RuntimeRequest): Promise<RuntimeResponse>;
  /** Whether a page of another site may lead a person here. */
  lands?(landing: Landing): boolean;
}

const BODY_IDLE_MS = 30_000;
/** After an answer that did not wait for its request's body: how long the caller may take to read it, as in nginx. */
const LINGER_MS = 5_000;

/** Hands a request that a program or an allowed page sends to `handle`, and its answer back. */
export function receive(request: IncomingMessage, response: ServerResponse, options: DoorOptions): void {
  const raw = request.rawHeaders;
  const headers = new Array<string>(raw.length);
  let host: string | undefined;
  let hosts = 0;
  let origin: string | undefined;
  let site: string | undefined;
  let referer: string | undefined;
  let length = -1;
  let chunked = false;
  for (let i = 0; i < raw.length; i += 2) {
    const name = fieldName(raw[i] as string);
    const value = raw[i + 1] as string;
    headers[i] = name;
    headers[i + 1] = value;
    switch (name) {
      case "host":
        host = value;
        hosts++;
        break;
      case "origin":
        origin = value;
        break;
      case "sec-fetch-site":
        site = value;
        break;
      case "referer":
        referer = value;
        break;
      case "content-length":
        length = Number(value);
        break;
      case "transfer-encoding":
        chunked = true;
        break;
    }
  }
  const { policy, log } = options;
  let target = request.url as string;
  if (target.charCodeAt(0) !== 47) {
    // The absolute form's authority stands above Host.
    const parts = /^https?:\/\/([^/?#]*)(.*)$/i.exec(target);
    if (parts !== null) {
      host = parts[1];
      hosts = 1;
      target = parts[2] as string;
    }
    if (target.charCodeAt(0) !== 47) target = `/${target === "*" ? "" : target}`;
  }
  const method = request.method as string;
  const mark = target.indexOf("?");
  const path = mark === -1 ? target : target.slice(0, mark);
  const query = mark === -1 ? "" : target.slice(mark + 1);
  const stranger =
    hosts > 1 ? "more than one Host header" : host === undefined ? undefined : refuseHost(host, policy);
  const page =
    origin === undefined && site === undefined ? undefined : refusePage({ origin, site, referer }, policy);
  const cause = stranger ?? page;
  const landed = () =>
    stranger === undefined &&
    isVisit(method, origin, headers) &&
    options.lands?.({ path, query, headers }) === true;
  if (cause !== undefined && !authenticated(headers, options.apiToken) && !landed()) {
    log.warn("a request was refused", { cause });
    answer(apiError("ERR_FORBIDDEN_HOST", { cause }), request, response, options, undefined);
    return;
  }
  if (origin !== undefined && method === "OPTIONS") {
    const granted = preflight(headers, origin, policy);
    if (granted !== undefined) {
      answer(granted, request, response, options, undefined);
      return;
    }
  }

  if (!chunked && length > 0 && length <= options.maxBodySize) {
    collect(request, length, BODY_IDLE_MS, (body) => {
      dispatch(
        new NodeRequest(method, path, query, headers, body, response),
        request,
        response,
        options,
        origin,
      );
    });
    return;
  }
  const body = chunked || length > 0 ? stream(request, options.maxBodySize) : undefined;
  dispatch(new NodeRequest(method, path, query, headers, body, response), request, response, options, origin);
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
}

/** A browser that was led to a whole page of its own: no script of the other site sees the answer. */
function isVisit(method: string, origin: string | undefined, headers: readonly string[]): boolean {
  return (
    method === "GET" &&
    origin === undefined &&
    header(headers, "sec-fetch-mode") === "navigate" &&
    header(headers, "sec-fetch-dest") === "document"
  );
}

function authenticated(headers: readonly string[], apiToken: string | undefined): boolean {
  return apiToken !== undefined && equalTokens(header(headers, "dapr-api-token") ?? "", apiToken);
}

function dispatch(
  record: RuntimeRequest,
  request: IncomingMessage,
  response: ServerResponse,
  options: DoorOptions,
  origin: string | undefined,
): void {
  options.handle(record).then(
    (result) => answer(result, request, response, options, origin),
    (error: unknown) => {
      options.log.error("a request failed", { cause: error instanceof Error ? error.message : "unknown" });
      answer(
        apiError("ERR_INTERNAL", { cause: "see the sidecar's log" }),
        request,
        response,
        options,
        origin,
      );
    },
  );
}

function answer(
  result: RuntimeResponse,
  request: IncomingMessage,
  response: ServerResponse,
  options: DoorOptions,
  origin: string | undefined,
): void {
  if (response.destroyed) {
    if (result.body instanceof ReadableStream) result.body.cancel().catch(() => undefined);
    return;
  }
  const extra = options.policy.origins.size === 0 ? undefined : corsHeaders(origin, options.policy);
  if (!request.complete && hasBody(request)) {
    // Answered before its end: what is left of the body interests nobody. The caller has a moment to read the answer.
    response.shouldKeepAlive = false;
    response.once("finish", () => {
      request.resume();
      setTimeout(() => request.destroy(), LINGER_MS).unref();
    });
  }
  const failed = (error: unknown) => {
    options.log.error("an answer could not be sent", {
      cause: error instanceof Error ? error.message : "unknown",
    });
    if (response.headersSent) return response.destroy();
    const fallback = apiError("ERR_INTERNAL", { cause: "the answer is not valid HTTP" });
    readBody(fallback.body).then((body) => response.writeHead(500, [...fallback.headers]).end(body));
  };
  try {
    respond(response, result, extra)?.catch(failed);
  } catch (error) {
    failed(error);
  }
}
