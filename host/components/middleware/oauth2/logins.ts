import type { Platform } from "../../../platform.ts";
import { toBase64Url } from "./base64url.ts";

/** A person may take so long at the provider. */
const PATIENCE_MS = 10 * 60_000;
/** A session whose token has no end that is known. */
const SESSION_MS = 8 * 60 * 60_000;
/** Of each kind; beyond, the oldest goes. */
const MOST = 10_000;

/** Somebody who was sent to the provider. */
export interface Login {
  /** What has to come back; nobody else knows it. */
  readonly state: string;
  /** PKCE's secret (RFC 7636). */
  readonly verifier: string;
  /** Where they wanted to go: path and query. */
  readonly target: string;
}

export interface Session {
  readonly header: string;
  /** The one request that the provider's page leads to after the login, until it came. */
  arrival: string | undefined;
}

interface Kept<T> {
  readonly value: T;
  readonly until: number;
}

/** Things by unguessable ids, for a time, so many at most. */
class Timed<T> {
  readonly #platform: Platform;
  readonly #kept = new Map<string, Kept<T>>();

  constructor(platform: Platform) {
    this.#platform = platform;
  }

  add(value: T, ms: number): string {
    const now = this.#platform.clock.now();
    for (const [id, { until }] of this.#kept) {
      if (until > now && this.#kept.size < MOST) break;
      this.#kept.delete(id);
    }
    const id = secret(this.#platform);
    this.#kept.set(id, { value, until: now + ms });
    return id;
  }

  get(id: string | undefined): T | undefined {
    const found = id === undefined ? undefined : this.#kept.get(id);
    return found !== undefined && found.until > this.#platform.clock.now() ? found.value : undefined;
  }

  take(id: string | undefined): T | undefined {
    const found = this.get(id);
    if (id !== undefined) this.#kept.delete(id);
    return found;
  }
}

/** 256 random bits, as a URL, a cookie and PKCE may carry them. */
export function secret(platform: Platform): string {
  return toBase64Url(platform.random(new Uint8Array(32)));
}

/**
 * Who is at the provider, and who came back with a token. In memory: tokens never leave the sidecar but for the app, and
 * after a restart everybody is sent to the provider again.
 */
export class Logins {
  readonly #logins: Timed<Login>;
  readonly #sessions: Timed<Session>;

  constructor(platform: Platform) {
    this.#logins = new Timed(platform);
    this.#sessions = new Timed(platform);
  }

  /** The id under which {@link finish} finds it. */
  begin(login: Login): string {
    return this.#logins.add(login, PATIENCE_MS);
  }

  /** Once. */
  finish(id: string | undefined): Login | undefined {
    return this.#logins.take(id);
  }

  /** The id of a new session. */
  admit(session: Session, expiresInMs: number | undefined): string {
    return this.#sessions.add(session, expiresInMs ?? SESSION_MS);
  }

  session(id: string | undefined): Session | undefined {
    return this.#sessions.get(id);
  }
}
