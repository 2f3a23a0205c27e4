import CachePolicy from "http-cache-semantics";
import type { Headers, RuntimeResponse } from "../http.ts";
import type { Clock } from "../platform.ts";
import { sha256 } from "../sha256.ts";

/** Bytes of all bodies that are kept, and of one. */
const MAX_BYTES = 16 << 20;
const MAX_BODY = 2 << 20;

export interface CachedRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** A whole answer of a server. */
export interface WholeResponse extends RuntimeResponse {
  readonly body: Uint8Array;
}

interface Entry {
  readonly policy: CachePolicy;
  readonly status: number;
  readonly body: Uint8Array;
}

function fieldsOf(headers: Headers): Record<string, string> {
  const fields: Record<string, string> = Object.create(null);
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string;
    const value = headers[i + 1] as string;
    fields[name] = name in fields ? `${fields[name]}, ${value}` : value;
  }
  return fields;
}

/**
 * Answers of a remote offer by the rules of RFC 9111, in memory. A request with a body is another one with another body, and is
 * kept where its answer says for how long it is good.
 */
export class ResponseCache {
  readonly #entries = new Map<string, Entry>();
  readonly #Policy: typeof CachePolicy;
  #bytes = 0;

  constructor(clock: Clock) {
    this.#Policy = class extends CachePolicy {
      /** Not in its types: where the library takes time from. */
      now(): number {
        return clock.now();
      }
    };
  }

  /** Answers from what is kept, or asks; what has to be looked at again is asked for as that. */
  async answer(
    request: CachedRequest,
    ask: (headers: Readonly<Record<string, string>>) => Promise<WholeResponse>,
  ): Promise<{ readonly response: WholeResponse; readonly cached: boolean }> {
    const key = await this.#key(request);
    const kept = this.#entries.get(key);
    if (kept?.policy.satisfiesWithoutRevalidation(request)) {
      // What was used last is let go of last.
      this.#entries.delete(key);
      this.#entries.set(key, kept);
      return { response: this.#response(kept), cached: true };
    }
    const headers = kept?.policy.revalidationHeaders(request) ?? request.headers;
    const response = await ask(headers as Readonly<Record<string, string>>);
    const told = { status: response.status, headers: fieldsOf(response.headers) };
    if (kept !== undefined) {
      const { policy, modified } = kept.policy.revalidatedPolicy(request, told);
      if (!modified) {
        const entry = { ...kept, policy };
        this.#keep(key, entry);
        return { response: this.#response(entry), cached: true };
      }
    }
    const policy = new this.#Policy(request, told, { shared: false });
    if (policy.storable() && policy.timeToLive() > 0 && response.body.length <= MAX_BODY) {
      this.#keep(key, { policy, status: response.status, body: response.body });
    } else this.#forget(key);
    return { response, cached: false };
  }

  #response({ policy, status, body }: Entry): WholeResponse {
    const headers = Object.entries(policy.responseHeaders()).flatMap(([name, value]) => [
      name,
      String(value),
    ]);
    return { status, headers, body };
  }

  #keep(key: string, entry: Entry): void {
    this.#forget(key);
    this.#entries.set(key, entry);
    this.#bytes += entry.body.length;
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes <= MAX_BYTES) return;
      this.#forget(oldest);
    }
  }

  #forget(key: string): void {
    this.#bytes -= this.#entries.get(key)?.body.length ?? 0;
    this.#entries.delete(key);
  }

  async #key({ method, url, body }: CachedRequest): Promise<string> {
    if (body.length === 0) return `${method} ${url}`;
    return `${method} ${url} ${await sha256(body as Uint8Array<ArrayBuffer>)}`;
  }
}
