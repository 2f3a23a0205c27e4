import CachePolicy from "http-cache-semantics";
import type { Clock } from "../platform.ts";
import { sha256 } from "../sha256.ts";
import {
  type CachedRequest,
  type Entry,
  type Fields,
  fieldsOf,
  isFresh,
  isWorthKeeping,
  responseOf,
  strict,
  understood,
  type WholeResponse,
} from "./cached-response.ts";

/** Bytes of all that is kept, and of one body. */
const MAX_BYTES = 16 << 20;
const MAX_BODY = 2 << 20;

/** What an answer takes besides its body and its address. */
const ENTRY_BYTES = 1 << 10;

type Ask = (headers: Fields) => Promise<WholeResponse>;

const conditions = ["if-none-match", "if-modified-since"];

/** How long a server is asked without conditions that seemed to fail by them. */
const UNCONDITIONAL_MS = 600_000;

const sizeOf = ({ url, body }: Entry) => ENTRY_BYTES + url.length + body.length;

/**
 * Answers of a remote offer by the rules of RFC 9111, in memory, and of one app alone. Beyond them a POST is answered from what is kept
 * where the answer to the same body said for how long it is good: to ask what is in a picture changes nothing.
 */
export class ResponseCache {
  readonly #entries = new Map<string, Entry>();
  readonly #Policy: typeof CachePolicy;
  readonly #clock: Clock;
  #unconditionalUntil = 0;
  #bytes = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
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
    ask: Ask,
  ): Promise<{ readonly response: WholeResponse; readonly cached: boolean }> {
    // About what the caller has, and not about what is here.
    if (Object.keys(request.headers).some((name) => name.startsWith("if-"))) {
      const response = await ask(request.headers);
      this.#followed(request, response.status);
      return { response, cached: false };
    }
    const key = await this.#key(request);
    const kept = this.#entries.get(key);
    if (kept !== undefined && isFresh(kept, request)) {
      // What was used last is let go of last.
      this.#entries.delete(key);
      this.#entries.set(key, kept);
      return { response: responseOf(kept), cached: true };
    }
    const response = await this.#asked(request, kept, ask);
    const { status, body } = response;
    const fields = fieldsOf(response.headers);
    const told = { status, headers: understood(fields) };
    if (kept !== undefined && status === 304) {
      const { policy } = kept.policy.revalidatedPolicy(request, told);
      const entry = { ...kept, policy, directives: fields["cache-control"] ?? kept.directives };
      this.#keep(key, entry);
      return { response: responseOf(entry), cached: true };
    }
    // For whom it fails, it may be good yet.
    if (status >= 500 || status === 429) return { response, cached: false };
    // Who named himself is told nothing that somebody else was, unless the server says that it is for all.
    const shared = request.headers.authorization !== undefined;
    const policy = new this.#Policy(request, told, { shared });
    const { url, method } = request;
    if (isWorthKeeping(method, policy, fields) && body.length <= MAX_BODY) {
      if (method !== "GET") this.#forget(`GET ${url}`);
      this.#keep(key, { policy, url, status, body, directives: fields["cache-control"] ?? "" });
    } else {
      this.#forget(key);
      this.#followed(request, status);
    }
    return { response, cached: false };
  }

  /** What is kept for when the server fails, and may be used by what it said (RFC 5861). */
  async despite(request: CachedRequest): Promise<WholeResponse | undefined> {
    const kept = this.#entries.get(await this.#key(request));
    if (kept === undefined) return undefined;
    const { policy, directives } = kept;
    const seconds = /\bstale-if-error="?(\d+)/i.exec(directives)?.[1];
    if (seconds === undefined || strict.test(directives)) return undefined;
    if (policy.age() - policy.maxAge() >= Number(seconds)) return undefined;
    const stale = { ...request, headers: { ...request.headers, "cache-control": "max-stale" } };
    return policy.satisfiesWithoutRevalidation(stale) ? responseOf(kept) : undefined;
  }

  async #asked(request: CachedRequest, kept: Entry | undefined, ask: Ask): Promise<WholeResponse> {
    const { headers, method } = request;
    // Conditions are for what only reads: another method may be refused by them.
    if (kept === undefined || method !== "GET") return await ask(headers);
    const looking = kept.policy.revalidationHeaders(request) as Fields;
    if (!conditions.some((name) => name in looking) || this.#clock.now() < this.#unconditionalUntil)
      return await ask(headers);
    try {
      return await ask(looking);
    } catch {
      // In a page a server of another origin may not allow these headers.
      const response = await ask(headers);
      this.#unconditionalUntil = this.#clock.now() + UNCONDITIONAL_MS;
      return response;
    }
  }

  #keep(key: string, entry: Entry): void {
    this.#forget(key);
    this.#entries.set(key, entry);
    this.#bytes += sizeOf(entry);
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes <= MAX_BYTES) return;
      this.#forget(oldest);
    }
  }

  #forget(key: string): void {
    const entry = this.#entries.get(key);
    if (entry !== undefined) this.#bytes -= sizeOf(entry);
    this.#entries.delete(key);
  }

  /** What does more than read may have changed what is there. */
  #followed({ method, url }: CachedRequest, status: number): void {
    if (method === "GET" || status >= 400) return;
    for (const [key, entry] of this.#entries) if (entry.url === url) this.#forget(key);
  }

  async #key({ method, url, body }: CachedRequest): Promise<string> {
    if (body.length === 0) return `${method} ${url}`;
    return `${method} ${url} ${await sha256(body as Uint8Array<ArrayBuffer>)}`;
  }
}
