import { readBody } from "../http.ts";
import type { Platform } from "../platform.ts";
import type { CachedRequest, WholeResponse } from "./cached-response.ts";
import { withResponse } from "./host-fetch.ts";
import { ResponseCache } from "./response-cache.ts";

/** What is asked of another's API. */
export interface RemoteRequest {
  readonly method: string;
  /** Below the base URL, with its slash. */
  readonly path: string;
  readonly query: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** An API elsewhere that answers an offer, and what of it is kept. */
export class RemoteSource {
  readonly #base: string;
  readonly #platform: Platform;
  readonly #cache: ResponseCache;

  constructor(base: string, platform: Platform) {
    this.#base = base;
    this.#platform = platform;
    this.#cache = new ResponseCache(platform.clock);
  }

  /** Rejects where it cannot be reached, answers more than `limit` bytes, or leads elsewhere. */
  answer(
    asked: RemoteRequest,
    limit: number,
    signal: AbortSignal,
  ): Promise<{ readonly response: WholeResponse; readonly cached: boolean }> {
    const request = this.#cachedBy(asked);
    const { method, url, body } = request;
    return this.#cache.answer(request, async (fields) => {
      const response = await this.#platform.fetch(url, {
        method,
        headers: fields,
        redirect: "manual",
        credentials: "omit",
        signal,
        ...(body.length > 0 && { body: body as Uint8Array<ArrayBuffer> }),
      });
      const record = withResponse(response);
      const { status } = record;
      if (status === 0 || (status >= 300 && status < 400 && status !== 304)) {
        throw new Error(`${this.#base} leads elsewhere (${status}), which is not followed`);
      }
      return { ...record, body: await readBody(record.body, limit) };
    });
  }

  /** What it answered before, where it allowed that to be used when it fails. */
  despite(asked: RemoteRequest): Promise<WholeResponse | undefined> {
    return this.#cache.despite(this.#cachedBy(asked));
  }

  #cachedBy({ path, query, ...rest }: RemoteRequest): CachedRequest {
    return { ...rest, url: `${this.#base}${path}${query === "" ? "" : `?${query}`}` };
  }
}
