import type { Platform } from "../../../platform.ts";
import { toBase64Url } from "./base64url.ts";
import type { Session } from "./visitors.ts";

/** One whose token has no end that is known. */
export const SESSION_MS = 8 * 60 * 60_000;
/** Beyond, the oldest goes. */
const MOST = 10_000;

interface Kept {
  readonly session: Session;
  readonly until: number;
}

/**
 * Who came back with a token, by unguessable ids, for a time, so many at most. In memory: tokens never leave the sidecar
 * but for the app, and after a restart everybody is sent to the provider again.
 */
export class Sessions {
  readonly #platform: Platform;
  readonly #kept = new Map<string, Kept>();

  constructor(platform: Platform) {
    this.#platform = platform;
  }

  /** The id of a new one. */
  admit(session: Session, expiresInMs = SESSION_MS): string {
    const { clock, random } = this.#platform;
    const now = clock.now();
    for (const [id, { until }] of this.#kept) {
      if (until > now && this.#kept.size < MOST) break;
      this.#kept.delete(id);
    }
    const id = toBase64Url(random(new Uint8Array(32)));
    this.#kept.set(id, { session, until: now + expiresInMs });
    return id;
  }

  find(id: string | undefined): Session | undefined {
    const found = id === undefined ? undefined : this.#kept.get(id);
    return found !== undefined && found.until > this.#platform.clock.now() ? found.session : undefined;
  }
}
