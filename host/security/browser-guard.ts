/**
 * Who may call a listening sidecar. Browsers attach `Host`, `Origin` and `Sec-Fetch-Site` to what pages send and
 * pages cannot change them: they tell a page's request from a program's, and a rebound name from the machine's own.
 */
export interface BrowserPolicy {
  /** Host names, lower-case, without port, that a request may address. IPv6 in brackets. */
  readonly hosts: ReadonlySet<string>;
  /** True where the sidecar listens beyond loopback: any IP address may be addressed then (a name may not). */
  readonly anyAddress: boolean;
  /** Origins whose pages may call (`http://localhost:8080`, `null`); empty: none; `*` in it: all. */
  readonly origins: ReadonlySet<string>;
}

/** What a browser said about the page behind a request; each is undefined where the header is absent. */
export interface Provenance {
  readonly origin: string | undefined;
  /** `Sec-Fetch-Site`. */
  readonly site: string | undefined;
  readonly referer: string | undefined;
}

export const loopbackHosts: readonly string[] = ["localhost", "127.0.0.1", "[::1]"];

/** The host of a `Host` field without its port, lower-case; the whole text where it is not of that form. */
function hostName(field: string): string {
  const lower = field.toLowerCase();
  const colon = lower.lastIndexOf(":");
  if (colon === -1 || lower.endsWith("]")) return lower;
  return /^\d*$/.test(lower.slice(colon + 1)) ? lower.slice(0, colon) : lower;
}

const address = /^(?:\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-f:.]+\])$/;

/** Why a request to this `Host` is refused (DNS rebinding makes a page's own name lead here), or undefined. */
export function refuseHost(field: string, policy: BrowserPolicy): string | undefined {
  const host = hostName(field);
  if (policy.hosts.has(host) || policy.hosts.has("*")) return undefined;
  if (policy.anyAddress && address.test(host)) return undefined;
  return `the Host header names ${JSON.stringify(host.slice(0, 100))}, which is not this sidecar; call it as localhost, or add the name with --allowed-hosts`;
}

/** The origin of a page's request as far as the browser tells it. */
function pageOrigin({ origin, referer }: Provenance): string | undefined {
  if (origin !== undefined) return origin;
  if (referer === undefined) return undefined;
  try {
    return new URL(referer).origin;
  } catch {
    return undefined;
  }
}

/**
 * Why a page's request is refused, or undefined. Programs send neither header. `Sec-Fetch-Site: none` is a person at
 * the address bar; every other page, the sidecar's own origin included (an app's answer may be anybody's HTML), needs
 * its origin in the list.
 */
export function refusePage(from: Provenance, policy: BrowserPolicy): string | undefined {
  if (from.origin === undefined && (from.site === undefined || from.site === "none")) return undefined;
  const origin = pageOrigin(from);
  if (policy.origins.has("*") || (origin !== undefined && policy.origins.has(origin))) return undefined;
  if (origin === undefined) {
    return "a web page of another site may not call this sidecar; allow its origin with --allowed-origins";
  }
  const shown = origin.slice(0, 200);
  return `a web page of origin ${shown} may not call this sidecar; allow it with --allowed-origins ${shown}`;
}

/** The origins of a comma-separated `--allowed-origins`. */
export function parseOrigins(list: string): ReadonlySet<string> {
  return new Set(
    list
      .split(",")
      .map((origin) => origin.trim().replace(/\/$/, ""))
      .filter((origin) => origin !== ""),
  );
}
