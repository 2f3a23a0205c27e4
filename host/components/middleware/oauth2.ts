import { ComponentError } from "../../errors/component-error.ts";
import { type RuntimeRequest, type RuntimeResponse, withChanges, withoutHeader } from "../../http.ts";
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
import { address, clientFields, scopeOf } from "./oauth2/metadata.ts";
import { type Token, TokenEndpoint } from "./oauth2/token-endpoint.ts";
import { targetOf, type Visitors } from "./oauth2/visitors.ts";
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

export type OAuth2Options = Decoded<typeof metadata>;

/** Who keeps what is known of callers between their requests. */
export type VisitorsOf = (options: OAuth2Options, context: ComponentContext) => Promise<Visitors>;

function redirect(location: string, headers: readonly string[]): RuntimeResponse {
  const all = ["location", location, "cache-control", "no-store", ...headers];
  return { status: 302, headers: all, body: undefined };
}

/** A browser keeps it until the login has ended. */
const longestTarget = 2_048;

class OAuth2 implements HttpMiddleware {
  readonly #options: OAuth2Options;
  readonly #context: ComponentContext;
  readonly #meant: PathFilter;
  readonly #endpoint: TokenEndpoint;
  readonly #visitors: Visitors;
  readonly #redirect: URL;
  readonly #header: string;

  constructor(options: OAuth2Options, visitors: Visitors, meant: PathFilter, context: ComponentContext) {
    const { tokenURL: url, clientId, clientSecret, authStyle, redirectURL, authHeaderName } = options;
    this.#options = options;
    this.#context = context;
    this.#meant = meant;
    this.#endpoint = new TokenEndpoint({ url, clientId, clientSecret, authStyle }, context.platform);
    this.#visitors = visitors;
    this.#redirect = new URL(redirectURL);
    this.#header = authHeaderName.trim().toLowerCase();
  }

  async handle(request: RuntimeRequest, next: Next): Promise<RuntimeResponse> {
    if (this.#isReturn(request)) return await this.#finish(request);
    const clean = this.#visitors.clean(request);
    if (!this.#meant(request)) return await next(clean);
    const session = await this.#visitors.session(request.headers);
    if (session === undefined) return await this.#begin(request);
    session.arrival = undefined;
    const headers = [...withoutHeader(clean.headers, this.#header), this.#header, session.header];
    return await next(withChanges(clean, { headers }));
  }

  lands(landing: Landing): boolean {
    return this.#isReturn(landing) || this.#visitors.lands?.(landing) === true;
  }

  close(): Promise<void> {
    return this.#visitors.close();
  }

  /** Whether the provider led somebody back, with a code or with why there is none. */
  #isReturn({ path, query }: Landing): boolean {
    if (!new URLSearchParams(query).has("state")) return false;
    const { core } = this.#context;
    const { base } = this.#visitors;
    const { pathname } = this.#redirect;
    const inner = pathname.startsWith(`${base}/`) ? pathname.slice(base.length) : pathname;
    const [given, own] = [core.normalise(path), core.normalise(inner)];
    return typeof given !== "string" && typeof own !== "string" && given.path === own.path;
  }

  async #begin(request: RuntimeRequest): Promise<RuntimeResponse> {
    const target = targetOf(request);
    if (target.length > longestTarget) {
      return plainAnswer(414, "log in first: this address is too long to lead back to after a login");
    }
    const refused = this.#visitors.refuse?.(request);
    if (refused !== undefined) return refused;
    const { authURL, clientId, redirectURL, scopes, usePKCE } = this.#options;
    const { state, verifier, headers } = await this.#visitors.begin(target);
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
    return redirect(url.href, headers);
  }

  async #finish(request: RuntimeRequest): Promise<RuntimeResponse> {
    const query = new URLSearchParams(request.query);
    const state = query.get("state") ?? "";
    const login = await this.#visitors.finish(state, request.headers);
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
    return await this.#admit(token, login.target, state);
  }

  async #admit(token: Token, target: string, state: string): Promise<RuntimeResponse> {
    const { id, headers } = await this.#visitors.admit(token, target, state);
    if (this.#options.mode === "header") {
      const body = new TextEncoder().encode(JSON.stringify({ [this.#header]: id }));
      const told = ["content-type", "application/json", "cache-control", "no-store", ...headers];
      return { status: 200, headers: told, body };
    }
    const scheme = this.#options.forceHTTPS ? "https:" : this.#redirect.protocol;
    // With its host: a path such as //a.b would lead to another.
    return redirect(`${scheme}//${this.#redirect.host}${this.#visitors.base}${target}`, headers);
  }
}

/** Sends whoever has no token to a provider, and goes on with the token they come back with (RFC 6749 §4.1). */
export function oauth2Middleware(
  expressions: () => Promise<Expressions>,
  visitorsOf: VisitorsOf,
): MiddlewareDefinition {
  return defineMiddleware({
    type: "middleware.http.oauth2",
    version: "v1",
    summary:
      "Sends callers without a token to a provider's page, and gives the app the token they come back with.",
    metadata,
    features: [],
    async open(options, context) {
      const meant = await pathFilter(options.pathFilter, expressions, context);
      return new OAuth2(options, await visitorsOf(options, context), meant, context);
    },
  });
}
