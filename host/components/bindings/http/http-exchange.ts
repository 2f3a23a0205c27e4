import type { Body, Headers } from "../../../http.ts";
import type { Platform } from "../../../platform.ts";

export interface HttpRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Headers;
  readonly body: Uint8Array | undefined;
  readonly signal: AbortSignal | undefined;
  /** A header, in lower case, that no other server is sent after a redirect, where the host can tell. */
  readonly secret?: string | undefined;
}

export interface HttpResponse {
  readonly status: number;
  /** `OK` of `200 OK`; may be empty. */
  readonly reason: string;
  /** Of the body as it is here: decoded. */
  readonly headers: Headers;
  readonly body: Body;
}

/** How a host sends requests to servers. Redirects are followed; rejects with the signal's reason when it aborts. */
export interface HttpExchange {
  send(request: HttpRequest): Promise<HttpResponse>;
  close(): Promise<void>;
}

/** By the platform's fetch, which knows no TRACE. */
export function fetchExchange({ fetch }: Platform): HttpExchange {
  return {
    async send({ method, url, headers, body, signal }) {
      const fields = headers.flatMap((name, i): [string, string][] =>
        i % 2 === 0 ? [[name, headers[i + 1] as string]] : [],
      );
      const response = await fetch(url, {
        method,
        headers: fields,
        ...(body !== undefined && { body: body as Uint8Array<ArrayBuffer> }),
        ...(signal !== undefined && { signal }),
      });
      const decoded = response.headers.has("content-encoding");
      const ofBytes = (name: string) => decoded && /^content-(encoding|length)$/.test(name);
      return {
        status: response.status,
        reason: response.statusText,
        headers: [...response.headers].filter(([name]) => !ofBytes(name)).flat(),
        body: response.body ?? undefined,
      };
    },
    async close() {},
  };
}
