import { ComponentError } from "../../errors/component-error.ts";
import {
  type Headers,
  header,
  type RuntimeRequest,
  type RuntimeResponse,
  withChanges,
  withoutHeader,
} from "../../http.ts";
import type { ComponentContext } from "../component.ts";
import { type Decoded, field, flag, text } from "../metadata-schema.ts";
import type { Expressions } from "./expressions.ts";
import {
  defineMiddleware,
  type HttpMiddleware,
  type Landing,
  type MiddlewareDefinition,
  type Next,
} from "./middleware.ts";
import { toBase64Url } from "./oauth2/base64url.ts";
import { BegunLogins } from "./oauth2/begun-logins.ts";
import { cookie, withoutCookies } from "./oauth2/cookies.ts";
import { address, clientFields, scopeOf } from "./oauth2/metadata.ts";
import { type Session, Sessions } from "./oauth2/sessions.ts";
import { type Token, TokenEndpoint } from "./oauth2/token-endpoint.ts";
import { type PathFilter, pathFilter } from "./path-filter.ts";
import { plainAnswer } from "./plain-answer.ts";

const mode = field((value) => {
  const lower = value.trim().toLowerCase();
  if (lower !== "cookie" && lower !== "header") throw new Error("expected cookie or header");
  return lower as "cookie" | "header";
});

const cookieName = field((value) => {
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(value)) throw new Error("expected letters, digits, - and _");
  return value;
});

const metadata = {
  ...clientFields,
  scopes: text("What the token is for, separated by commas.", ""),
  authURL: address.required("The provider's page where a person agrees."),
  redirectURL: address.required("Where the provider leads back to: an address of this sidecar."),
  authHeaderName: text("The header that gives the app the token.", "authorization"),
  forceHTTPS: flag("Leads back to https after the login, and keeps cookies to it.", false),
  mode: mode(
    "How a caller shows who they are: a cookie, or the header authHeaderName with what the login answered.",
    "cookie",
  ),
  cookieName: cookieName("The name of the cookie; left out, one for each provider, client and redirectURL."),
  usePKCE: flag("Proves at the token endpoint who began the login (RFC 7636).", true),
};

const redirect = (location: string, cookies: readonly string[]): RuntimeResponse => ({
  status: 302,
  headers: [
    "location",
    location,
    "cache-control",
    "no-store",
    ...cookies.flatMap((one) => ["set-cookie", one]),
  ],
  body: undefined,
});

/** What the names of cookies begin with that have none of their own. */
const ourCookies = "daprlet-oauth2";
/** A browser keeps it in a cookie. */
const longestTarget = 2_048;

class OAuth2 implements HttpMiddleware {
  readonly #options: Decoded<typeof metadata>;
  readonly #context: ComponentContext;
  readonly #meant: PathFilter;
  readonly #endpoint: TokenEndpoint;
  readonly #logins: BegunLogins;
  readonly #sessions: Sessions;
  readonly #redirect: URL;
  readonly #header: string;
  readonly #cookieName: string;

  constructor(
    options: Decoded<typeof metadata>,
    cookieName: string,
    meant: PathFilter,
    context: ComponentContext,
  ) {
    const { tokenURL: url, clientId, clientSecret, authStyle, redirectURL, authHeaderName } = options;
    this.#options = options;
    this.#context = context;
    this.#meant = meant;
    this.#endpoint = new TokenEndpoint({ url, clientId, clientSecret, authStyle }, context.platform);
    this.#logins = new BegunLogins(context.platform);
    this.#sessions = new Sessions(context.platform);
    this.#cookieName = cookieName;
    this.#redirect = new URL(redirectURL);
    this.#header = authHeaderName.trim().toLowerCase();
  }

  async handle(request: RuntimeRequest, next: Next): Promise<RuntimeResponse> {
    if (this.#isReturn(request)) return await this.#finish(request);
    if (!this.#meant(request)) return await next(this.#clean(request));
    const session = this.#session(request.headers);
    if (session === undefined) return await this.#begin(request);
    session.arrival = undefined;
    const clean = this.#clean(request);
    const headers = [...withoutHeader(clean.headers, this.#header), this.#header, session.header];
    return await next(withChanges(clean, { headers }));
  }

  lands(landing: Landing): boolean {
    if (this.#isReturn(landing)) return true;
    const session = this.#session(landing.headers);
    if (session?.arrival === undefined || session.arrival !== targetOf(landing)) return false;
    session.arrival = undefined;
    return true;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** Whether the provider led somebody back, with a code or with why there is none. */
  #isReturn({ path, query }: Landing): boolean {
    if (!new URLSearchParams(query).has("state")) return false;
    const { core } = this.#context;
    const [given, own] = [core.normalise(path), core.normalise(this.#redirect.pathname)];
    return typeof given !== "string" && typeof own !== "string" && given.path === own.path;
  }

  #session(headers: Headers): Session | undefined {
    if (this.#options.mode === "cookie") return this.#sessions.find(cookie(headers, this.#cookieName));
    return this.#sessions.find(header(headers, this.#header)?.replace(/^bearer +/i, ""));
  }

  /** Without what is between this middleware, or another sidecar's on this host, and its caller. */
  #clean(request: RuntimeRequest): RuntimeRequest {
    const own = this.#cookieName;
    const headers = withoutCookies(
      request.headers,
      (name) => name === own || name.startsWith(`${own}-`) || name.startsWith(`${ourCookies}-`),
    );
    return headers === request.headers ? request : withChanges(request, { headers });
  }

  async #begin(request: RuntimeRequest): Promise<RuntimeResponse> {
    const target = targetOf(request);
    if (target.length > longestTarget) {
      return plainAnswer(414, "log in first: this address is too long to lead back to after a login");
    }
    const { authURL, clientId, redirectURL, scopes, usePKCE } = this.#options;
    const { state, verifier, cookie } = await this.#logins.begin(target);
    const url = new URL(authURL);
    const scope = scopeOf(scopes);
    const parameters: Record<string, string> = {
      response_type: "code",
      client_id: clientId,
      redirect_uri: redirectURL,
      ...(scope !== "" && { scope }),
      state,
      access_type: "offline",
    };
    if (usePKCE) {
      const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier));
      parameters.code_challenge = toBase64Url(new Uint8Array(digest));
      parameters.code_challenge_method = "S256";
    }
    for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
    return redirect(url.href, [this.#loginCookie(state, cookie, 600)]);
  }

  async #finish(request: RuntimeRequest): Promise<RuntimeResponse> {
    const query = new URLSearchParams(request.query);
    const state = query.get("state") ?? "";
    const login = await this.#logins.finish(state, cookie(request.headers, this.#loginName(state)));
    if (login === undefined) return plainAnswer(400, "invalid state");
    const code = query.get("code") ?? "";
    if (code === "") {
      const error = query.get("error") ?? "";
      // The codes of RFC 6749 §4.1.2.1 are words.
      if (/^[a-z_]{1,64}$/.test(error)) return plainAnswer(403, `the provider answered ${error}`);
      return plainAnswer(400, "code not found");
    }
    let token: Token;
    try {
      const { redirectURL, usePKCE } = this.#options;
      token = await this.#endpoint.token(
        new URLSearchParams({
          grant_type: "authorization_code",
          code,
          redirect_uri: redirectURL,
          ...(usePKCE && { code_verifier: login.verifier }),
        }),
      );
    } catch (error) {
      const { code: kind, message } = ComponentError.from(error);
      this.#context.log.error("a login failed", { cause: message });
      if (kind === "UNAUTHENTICATED") return plainAnswer(400, "the provider did not take the code");
      return plainAnswer(502, "the provider could not be asked for a token");
    }
    return this.#admit(token, login.target, state);
  }

  #admit({ header: value, expiresInMs }: Token, target: string, state: string): RuntimeResponse {
    const arrival = this.#options.mode === "cookie" ? target : undefined;
    const id = this.#sessions.admit({ header: value, arrival }, expiresInMs);
    const gone = this.#loginCookie(state, "", 0);
    if (this.#options.mode === "header") {
      const body = new TextEncoder().encode(JSON.stringify({ [this.#header]: id }));
      const headers = ["content-type", "application/json", "cache-control", "no-store", "set-cookie", gone];
      return { status: 200, headers, body };
    }
    const scheme = this.#options.forceHTTPS ? "https:" : this.#redirect.protocol;
    // With its host: a path such as //a.b would lead to another.
    return redirect(`${scheme}//${this.#redirect.host}${target}`, [
      gone,
      this.#cookie(this.#cookieName, id, "/"),
    ]);
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

function targetOf({ path, query }: Landing): string {
  return query === "" ? path : `${path}?${query}`;
}

/** Sends whoever has no token to a provider, and goes on with the token they come back with (RFC 6749 §4.1). */
export function oauth2Middleware(expressions: () => Promise<Expressions>): MiddlewareDefinition {
  return defineMiddleware({
    type: "middleware.http.oauth2",
    version: "v1",
    summary:
      "Sends callers without a token to a provider's page, and gives the app the token they come back with.",
    metadata,
    features: [],
    async open(options, context) {
      const { authURL, clientId, redirectURL } = options;
      const { cookieName = await ownCookieName(authURL, clientId, redirectURL) } = options;
      return new OAuth2(
        options,
        cookieName,
        await pathFilter(options.pathFilter, expressions, context),
        context,
      );
    },
  });
}
