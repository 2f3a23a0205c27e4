/** How the sidecar is reached: the page's `fetch`, or one that puts the sidecar's address before the path. */
export type SidecarFetch = (path: string, init?: RequestInit) => Promise<Response>;

export interface Kept<T> {
  readonly value: T | undefined;
  readonly etag: string | undefined;
}

/** One write of a transaction. `etag`: only where that is still the record's; undefined with `first`: only where there is none. */
export type Write =
  | {
      readonly key: string;
      readonly value: unknown;
      readonly first?: boolean;
      readonly etag?: string | undefined;
    }
  | { readonly key: string; readonly gone: true };

export async function post(
  fetch: SidecarFetch,
  path: string,
  body: unknown,
  init: RequestInit = {},
): Promise<Response> {
  const headers = { "content-type": "application/json" };
  return await fetch(path, { method: "POST", headers, body: JSON.stringify(body), ...init });
}

export async function expectOk(response: Response, what: string): Promise<Response> {
  if (!response.ok) throw new Error(`${what}: ${response.status} ${await response.text()}`);
  return response;
}

/** Records in a state store, through Dapr's API. */
export class LentRecords {
  readonly #fetch: SidecarFetch;
  readonly #path: string;

  constructor(fetch: SidecarFetch, store: string) {
    this.#fetch = fetch;
    this.#path = `/v1.0/state/${encodeURIComponent(store)}`;
  }

  async read<T>(key: string): Promise<Kept<T>> {
    const answer = await this.#fetch(`${this.#path}/${encodeURIComponent(key)}`);
    await expectOk(answer, "a record of lent work could not be read");
    if (answer.status === 204) return { value: undefined, etag: undefined };
    return { value: (await answer.json()) as T, etag: answer.headers.get("etag") ?? undefined };
  }

  /** In the keys' order. */
  async readAll<T>(keys: readonly string[]): Promise<readonly (T | undefined)[]> {
    const answer = await post(this.#fetch, `${this.#path}/bulk`, { keys, parallelism: 10 });
    await expectOk(answer, "the records of lent work could not be read");
    if (answer.status === 204) return keys.map(() => undefined);
    const items = (await answer.json()) as { key: string; data?: T; error?: string }[];
    const found = new Map(
      items.map(({ key, data, error }) => {
        // It must not pass for a record that is not there.
        if (error !== undefined) throw new Error(`a record of lent work could not be read: ${error}`);
        return [key, data];
      }),
    );
    return keys.map((key) => found.get(key) ?? undefined);
  }

  /** All of it or nothing. False where somebody else was quicker. */
  async write(writes: readonly Write[]): Promise<boolean> {
    const operations = writes.map((one) => {
      if ("gone" in one) return { operation: "delete", request: { key: one.key } };
      const { key, value, first, etag } = one;
      const request = { key, value, ...(first && { etag, options: { concurrency: "first-write" } }) };
      return { operation: "upsert", request };
    });
    const answer = await post(this.#fetch, `${this.#path}/transaction`, { operations });
    if (answer.ok) return true;
    const text = await answer.text();
    if (/etag/i.test(text)) return false;
    throw new Error(`records of lent work could not be written: ${answer.status} ${text}`);
  }
}
