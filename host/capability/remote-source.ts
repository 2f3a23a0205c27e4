import { readBody } from "../http.ts";
import type { Platform } from "../platform.ts";
import { withResponse } from "./host-fetch.ts";
import { ResponseCache, type WholeResponse } from "./response-cache.ts";

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
    { method, path, query, headers, body }: RemoteRequest,
    limit: number,
    signal: AbortSignal,
  ): Promise<{ readonly response: WholeResponse; readonly cached: boolean }> {
    const url = `${this.#base}${path}${query === "" ? "" : `?${query}`}`;
    const request = { method, url, headers, body };
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
}
