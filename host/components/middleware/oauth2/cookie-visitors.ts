import { type Headers, header, type RuntimeRequest, withChanges } from "../../../http.ts";
import type { Platform } from "../../../platform.ts";
import type { Landing } from "../middleware.ts";
import type { OAuth2Options, VisitorsOf } from "../oauth2.ts";
import { toBase64Url } from "./base64url.ts";
import { BegunLogins } from "./begun-logins.ts";
import { cookie, withoutCookies } from "./cookies.ts";
import { Sessions } from "./sessions.ts";
import type { Token } from "./token-endpoint.ts";
import { targetOf, type Visitors } from "./visitors.ts";

/** What the names of cookies begin with that have none of their own. */
const ourCookies = "daprlet-oauth2";

/** Callers anywhere: they show who they are by a cookie, or by an id in a header, and a cookie keeps a login that is under way. */
class CookieVisitors implements Visitors {
  readonly base = "";
  readonly #options: OAuth2Options;
  readonly #logins: BegunLogins;
  readonly #sessions: Sessions;
  readonly #redirect: URL;
  readonly #header: string;
  readonly #cookieName: string;

  constructor(options: OAuth2Options, cookieName: string, platform: Platform) {
    this.#options = options;
    this.#logins = new BegunLogins(platform);
    this.#sessions = new Sessions(platform);
    this.#redirect = new URL(options.redirectURL);
    this.#header = options.authHeaderName.trim().toLowerCase();
    this.#cookieName = cookieName;
  }

  session(headers: Headers) {
    if (this.#options.mode === "cookie") return this.#sessions.find(cookie(headers, this.#cookieName));
    return this.#sessions.find(header(headers, this.#header)?.replace(/^bearer +/i, ""));
  }

  /** Without cookies of this middleware, or another sidecar's on this host. */
  clean(request: RuntimeRequest): RuntimeRequest {
    const own = this.#cookieName;
    const headers = withoutCookies(
      request.headers,
      (name) => name === own || name.startsWith(`${own}-`) || name.startsWith(`${ourCookies}-`),
    );
    return headers === request.headers ? request : withChanges(request, { headers });
  }

  async begin(target: string) {
    const { state, verifier, cookie } = await this.#logins.begin(target);
    return { state, verifier, headers: ["set-cookie", this.#loginCookie(state, cookie, 600)] };
  }

  async finish(state: string, headers: Headers) {
    return await this.#logins.finish(state, cookie(headers, this.#loginName(state)));
  }

  async admit({ header, expiresInMs }: Token, target: string, state: string) {
    const visible = this.#options.mode === "cookie";
    const id = this.#sessions.admit({ header, arrival: visible ? target : undefined }, expiresInMs);
    const gone = ["set-cookie", this.#loginCookie(state, "", 0)];
    const headers = visible ? [...gone, "set-cookie", this.#cookie(this.#cookieName, id, "/")] : gone;
    return { id, headers };
  }

  lands(landing: Landing): boolean {
    const session = this.session(landing.headers);
    if (session?.arrival === undefined || session.arrival !== targetOf(landing)) return false;
    session.arrival = undefined;
    return true;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** One for each login that is under way, since a person may have several tabs. */
  #loginName(state: string): string {
    return `${this.#cookieName}-${state.slice(0, 8).replace(/[^A-Za-z0-9_-]/g, "")}`;
  }

  /** For where the provider leads back to alone: a page that asks for much at once begins as many logins. */
  #loginCookie(state: string, value: string, seconds: number): string {
    const { pathname } = this.#redirect;
    const path = pathname.includes(";") ? "/" : pathname;
    return `${this.#cookie(this.#loginName(state), value, path)}; Max-Age=${seconds}`;
  }

  #cookie(name: string, value: string, path: string): string {
    const { forceHTTPS } = this.#options;
    const secure = forceHTTPS || this.#redirect.protocol === "https:" ? "; Secure" : "";
    return `${name}=${value}; Path=${path}; HttpOnly; SameSite=Lax${secure}`;
  }
}

/** Browsers give the cookies of one host to all of its ports: those of two sidecars must not be one another's. */
async function ownCookieName(...of: readonly string[]): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(of.join("\n")));
  return `${ourCookies}-${toBase64Url(new Uint8Array(digest, 0, 6))}`;
}

/** As a host has them that answers anybody by HTTP. */
export const cookieVisitors: VisitorsOf = async (options, { platform }) => {
  const { authURL, clientId, redirectURL } = options;
  const { cookieName = await ownCookieName(authURL, clientId, redirectURL) } = options;
  return new CookieVisitors(options, cookieName, platform);
};
