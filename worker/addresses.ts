import { INTERNAL } from "./messages.ts";

/** Where a page and its worker live, and which addresses therefore are the sidecar's. */
export interface Addresses {
  /** Of the page and the worker. */
  readonly origin: string;
  /** The worker's scope as a path; ends with a slash. */
  readonly scopePath: string;
  /** Ports of the loopback names whose every path is the sidecar's. */
  readonly ports: readonly number[];
}

/** Path and query of a request to the API, as the runtime takes them. */
export interface Located {
  readonly path: string;
  /** Without its question mark. */
  readonly query: string;
}

export const DEFAULT_PORTS: readonly number[] = [3500];

const api = /^\/v1(?:\.0(?:-alpha[12]|-beta1)?|\/capabilities)(?:\/|$)/;
const loopback = /^(?:localhost|127\.0\.0\.1|\[::1\])$/;

/** True for `localhost`, `127.0.0.1` and `[::1]` on http or https, at any port. */
export function isLoopback(url: URL): boolean {
  return loopback.test(url.hostname) && (url.protocol === "http:" || url.protocol === "https:");
}

/**
 * The request to the API that a URL means, or undefined when it is none of ours. `addressed`: it carries
 * `dapr-app-id`, which makes any path of the own origin a service invocation. A site below a path (`/shop/`) has the
 * API at `/v1.0/…` and at `/shop/v1.0/…` alike.
 */
export function locate(url: URL, addresses: Addresses, addressed: boolean): Located | undefined {
  const { pathname } = url;
  if (url.origin !== addresses.origin) {
    if (!isLoopback(url)) return undefined;
    const port = Number(url.port || (url.protocol === "https:" ? 443 : 80));
    return addresses.ports.includes(port) ? { path: pathname, query: url.search.slice(1) } : undefined;
  }
  if (api.test(pathname)) return { path: pathname, query: url.search.slice(1) };
  const { scopePath } = addresses;
  const below = scopePath !== "/" && pathname.startsWith(scopePath);
  const inner = below ? pathname.slice(scopePath.length - 1) : pathname;
  if (!addressed && !(below && api.test(inner))) return undefined;
  return { path: inner, query: url.search.slice(1) };
}

/** What follows `<scope>__daprlet/` in an internal URL, or undefined for every other one. */
export function internalPath(url: URL, addresses: Addresses): string | undefined {
  const prefix = addresses.scopePath + INTERNAL;
  if (url.origin !== addresses.origin || !url.pathname.startsWith(prefix)) return undefined;
  return url.pathname.slice(prefix.length);
}
