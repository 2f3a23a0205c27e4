import { STATUS_CODES } from "node:http";
import type { Pool } from "undici";
import type {
  HttpExchange,
  HttpRequest,
  HttpResponse,
} from "../../components/bindings/http/http-exchange.ts";
import { type Headers, header } from "../../http.ts";
import type { Platform } from "../../platform.ts";
import { exchange } from "../exchange.ts";
import { openPool } from "../open-pool.ts";

/** A server that never answers must not hold up the end. */
const drainMs = 5_000;
/** As many as Go's client follows. */
const mostRedirects = 10;
const redirects: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
/** What another server than the one that was named does not get. */
const secrets: ReadonlySet<string> = new Set(["authorization", "cookie", "www-authenticate"]);

function without(headers: Headers, dropped: (name: string) => boolean): Headers {
  return headers.filter((_, i) => !dropped(headers[i - (i % 2)] as string));
}

/** The request that a redirect asks for: as Go and browsers do, a POST becomes a GET, but for 307 and 308. */
function redirected(request: HttpRequest, status: number, location: string): HttpRequest {
  const url = new URL(location, request.url);
  const foreign = url.origin !== new URL(request.url).origin;
  const kept = status > 303 || request.method === "GET" || request.method === "HEAD";
  const secret = (name: string) => secrets.has(name) || name === request.secret;
  const dropped = (name: string) => (foreign && secret(name)) || (!kept && name === "content-type");
  return {
    ...request,
    url: url.href,
    headers: without(request.headers, dropped),
    ...(!kept && { method: "GET", body: undefined }),
  };
}

/** Over connections that are kept, one pool for each server. */
export function nodeHttpExchange({ clock }: Platform): HttpExchange {
  const pools = new Map<string, Pool>();

  function pool(origin: string): Pool {
    const known = pools.get(origin);
    if (known !== undefined) return known;
    const opened = openPool(origin, { headersTimeout: 0, bodyTimeout: 0 });
    pools.set(origin, opened);
    return opened;
  }

  return {
    async send(first: HttpRequest): Promise<HttpResponse> {
      let request = first;
      for (let hops = 0; ; hops++) {
        const { origin, pathname: path, search } = new URL(request.url);
        const record = { ...request, path, query: search.slice(1) };
        const { status, headers, body } = await exchange(pool(origin), origin, record, request.headers, done);
        const location = redirects.has(status) ? header(headers, "location") : undefined;
        if (location === undefined || hops === mostRedirects) {
          return { status, reason: STATUS_CODES[status] ?? "", headers, body };
        }
        if (body instanceof ReadableStream) await body.cancel();
        request = redirected(request, status, location);
      }
    },
    async close() {
      const all = [...pools.values()];
      const cut = clock.after(drainMs, () => all.map((opened) => opened.destroy()));
      await Promise.all(all.map((opened) => opened.close()));
      cut();
    },
  };
}

const done = () => undefined;
