import type { Headers, RuntimeRequest, RuntimeResponse } from "../../../http.ts";
import type { Landing } from "../middleware.ts";
import type { Token } from "./token-endpoint.ts";

/** Somebody who has a token. */
export interface Session {
  readonly header: string;
  /** The one request that the provider's page leads to after the login, until it came. */
  arrival: string | undefined;
}

/** Somebody who is sent to the provider. */
export interface Begun {
  /** What has to come back. */
  readonly state: string;
  /** PKCE's secret (RFC 7636). */
  readonly verifier: string;
}

/** Somebody who came back. */
export interface Finished {
  readonly verifier: string;
  /** Where they wanted to go: path and query. */
  readonly target: string;
}

/** What is known of callers, and where it is kept between their requests. */
export interface Visitors {
  /** What addresses have in front of the API's paths. */
  readonly base: string;
  session(headers: Headers): Session | undefined | Promise<Session | undefined>;
  /** The request without what is between these and its caller. */
  clean(request: RuntimeRequest): RuntimeRequest;
  /** The answer to who cannot be led to another page; left out where everybody can. */
  refuse?(request: RuntimeRequest): RuntimeResponse | undefined;
  /** `headers` are for the answer that sends them. */
  begin(target: string): Promise<Begun & { readonly headers: Headers }>;
  /** Undefined for what was not begun here, by this caller, or too long ago. */
  finish(state: string, headers: Headers): Promise<Finished | undefined>;
  /** The id of a new session, and headers for the answer. */
  admit(
    token: Token,
    target: string,
    state: string,
  ): Promise<{ readonly id: string; readonly headers: Headers }>;
  /** See {@link HttpMiddleware.lands}. */
  lands?(landing: Landing): boolean;
  close(): Promise<void>;
}

export function targetOf({ path, query }: Landing): string {
  return query === "" ? path : `${path}?${query}`;
}
