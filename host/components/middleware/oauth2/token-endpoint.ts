import { toBase64 } from "../../../base64.ts";
import { ComponentError } from "../../../errors/component-error.ts";
import { reasonOf } from "../../../errors/reason-of.ts";
import { type Platform, withDeadline } from "../../../platform.ts";

const TIMEOUT_MS = 10_000;
/** No token endpoint says more. */
const LONGEST_ANSWER = 1 << 20;

/** What a provider grants. */
export interface Token {
  /** As a header carries it: `Bearer abc`. */
  readonly header: string;
  /** From now; undefined where the provider does not say. */
  readonly expiresInMs: number | undefined;
}

/** How the client proves itself: Dapr's numbers, 1 in the body, 2 in a header, 0 for whichever of the two the provider takes. */
export type AuthStyle = 0 | 1 | 2;

export interface TokenEndpointOptions {
  readonly url: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly authStyle: AuthStyle;
}

/** RFC 6749 §2.3.1: both are form-encoded before they are joined. */
function basic({ clientId, clientSecret }: TokenEndpointOptions): string {
  const encoded = [clientId, clientSecret].map((part) => new URLSearchParams({ part }).toString().slice(5));
  return `Basic ${toBase64(new TextEncoder().encode(encoded.join(":")))}`;
}

const schemes: ReadonlyMap<string, string> = new Map([
  ["bearer", "Bearer"],
  ["mac", "MAC"],
  ["basic", "Basic"],
]);

/** The names of schemes as Go's client writes them. */
function scheme(type: unknown): string {
  const given = typeof type === "string" && type !== "" ? type : "bearer";
  return schemes.get(given.toLowerCase()) ?? given;
}

/** The members of an answer in JSON, or in the form that GitHub answers with where it is not asked for JSON. */
function members(text: string, type: string): Readonly<Record<string, unknown>> {
  if (
    /^(application\/x-www-form-urlencoded|text\/plain)\b/i.test(type) &&
    !text.trimStart().startsWith("{")
  ) {
    return Object.fromEntries(new URLSearchParams(text));
  }
  const value: unknown = JSON.parse(text);
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

/** A token as a header may carry it: no control characters, which would end the header. */
const sendable = /^[\x21-\x7e]+$/;

/** A provider's token endpoint (RFC 6749 §3.2). What it answers is in no error and no log. */
export class TokenEndpoint {
  readonly #options: TokenEndpointOptions;
  readonly #platform: Platform;
  /** The style that worked, where it has to be found out. */
  #style: AuthStyle;

  constructor(options: TokenEndpointOptions, platform: Platform) {
    const { authStyle, clientSecret } = options;
    this.#options = options;
    this.#platform = platform;
    // Who has nothing to prove only says who they are.
    this.#style = authStyle === 0 && clientSecret === "" ? 1 : authStyle;
  }

  /** Throws a ComponentError: UNAVAILABLE where nobody answered, UNAUTHENTICATED where the provider refused. */
  async token(parameters: URLSearchParams): Promise<Token> {
    if (this.#style !== 0) return await this.#ask(parameters, this.#style);
    // A browser asks first whether it may send the header (CORS), where the body may be all that is taken from a page.
    const [first, second] = this.#platform.origin === undefined ? ([2, 1] as const) : ([1, 2] as const);
    try {
      const token = await this.#ask(parameters, first);
      this.#style = first;
      return token;
    } catch (error) {
      if (!(error instanceof ComponentError) || error.code !== "UNAUTHENTICATED") throw error;
      const token = await this.#ask(parameters, second);
      this.#style = second;
      return token;
    }
  }

  async #ask(parameters: URLSearchParams, style: AuthStyle): Promise<Token> {
    const { url, clientId, clientSecret } = this.#options;
    const form = new URLSearchParams(parameters);
    const headers: Record<string, string> = {
      accept: "application/json",
      "content-type": "application/x-www-form-urlencoded",
    };
    if (style === 2) headers.authorization = basic(this.#options);
    else {
      form.set("client_id", clientId);
      if (clientSecret !== "") form.set("client_secret", clientSecret);
    }
    return await withDeadline(
      this.#platform.clock,
      TIMEOUT_MS,
      (signal) => this.#exchange(form, headers, signal),
      () => new ComponentError("UNAVAILABLE", `${url} did not answer within ${TIMEOUT_MS / 1000} s`),
    );
  }

  async #exchange(
    form: URLSearchParams,
    headers: Record<string, string>,
    signal: AbortSignal,
  ): Promise<Token> {
    const { url } = this.#options;
    let response: Response;
    let text: string;
    try {
      response = await this.#platform.fetch(url, {
        method: "POST",
        headers,
        body: form.toString(),
        // A secret must not follow where somebody else leads it.
        redirect: "error",
        signal,
      });
      text = await response.text();
    } catch (error) {
      const { origin } = this.#platform;
      const remedy =
        origin === undefined ? "" : `; it must let pages of ${origin} read what it answers (CORS)`;
      throw new ComponentError(
        "UNAVAILABLE",
        `${url} cannot be asked for a token: ${reasonOf(error)}${remedy}`,
      );
    }
    let answer: Readonly<Record<string, unknown>> = {};
    try {
      if (text.length <= LONGEST_ANSWER) answer = members(text, response.headers.get("content-type") ?? "");
    } catch {
      // Told below, by what is missing.
    }
    const { access_token: token, token_type: type, expires_in: seconds, error } = answer;
    const kind = scheme(type);
    const whole = typeof token === "string" && sendable.test(token) && sendable.test(kind);
    if (response.ok && error === undefined && whole) {
      const expires = Number(seconds);
      return {
        header: `${kind} ${token}`,
        expiresInMs: expires > 0 && Number.isFinite(expires) ? expires * 1000 : undefined,
      };
    }
    // The codes of RFC 6749 §5.2 are words; anything else may be a secret.
    const code = typeof error === "string" && /^[a-z_]{1,64}$/.test(error) ? ` (${error})` : "";
    const refused = !response.ok || error !== undefined;
    throw new ComponentError(
      response.status >= 500 ? "UNAVAILABLE" : "UNAUTHENTICATED",
      `${url} answered ${response.status}${code}${refused ? "" : ", without an access_token that can be sent"}`,
    );
  }
}
