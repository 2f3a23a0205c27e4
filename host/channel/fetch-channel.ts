import type { RuntimeRequest, RuntimeResponse } from "../http.ts";
import type { AppChannel } from "./app-channel.ts";

/** A fetch-style app: a Hono app's `fetch`, a worker's handler. */
export type FetchHandler = (request: Request) => Response | Promise<Response>;

const noContent: ReadonlySet<number> = new Set([101, 204, 205, 304]);

/** A record as a `Request`. `origin` is what the app sees as its own address. */
export function toRequest(record: RuntimeRequest, origin = "http://localhost"): Request {
  const { method, headers, body, signal } = record;
  const fields = new Headers();
  for (let i = 0; i < headers.length; i += 2) fields.append(headers[i] as string, headers[i + 1] as string);
  const url = `${origin}${record.path}${record.query === "" ? "" : `?${record.query}`}`;
  const init: RequestInit & { duplex?: "half" } = { method, headers: fields, redirect: "manual" };
  if (signal !== undefined) init.signal = signal;
  // The Fetch standard has no body for these two; Dapr's callers hardly send one.
  if (body !== undefined && method !== "GET" && method !== "HEAD") {
    init.body = body as Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>;
    init.duplex = "half";
  }
  return new Request(url, init);
}

/** A `Response` as a record; its body stays a stream. Repeats of `set-cookie` are kept apart. */
export function fromResponse(response: Response): RuntimeResponse {
  const headers: string[] = [];
  response.headers.forEach((value, name) => {
    headers.push(name, value);
  });
  const body = noContent.has(response.status) ? undefined : (response.body ?? undefined);
  return { status: response.status, headers, body };
}

/** An app given as a fetch-style handler, in this process. A handler that throws is answered for with a 500. */
export function fetchChannel(app: FetchHandler): AppChannel {
  return {
    async invoke(record) {
      let request: Request;
      try {
        request = toRequest(record);
      } catch {
        // TRACE, CONNECT and names that are no token cannot be expressed as a Request.
        return { status: 405, headers: ["content-type", "text/plain"], body: undefined };
      }
      try {
        return fromResponse(await app(request));
      } catch (error) {
        if (record.signal?.aborted) throw record.signal.reason;
        const cause = error instanceof Error ? error.name : "an error";
        const body = new TextEncoder().encode(`the app's handler threw ${cause}`);
        return { status: 500, headers: ["content-type", "text/plain"], body };
      }
    },
    ready: () => Promise.resolve(),
    properties: { protocol: "fetch" },
    close: () => Promise.resolve(),
  };
}
