import { ComponentError } from "../../errors/component-error.ts";
import { header, type RuntimeResponse, readBody } from "../../http.ts";
import type { Api } from "../host-calls.ts";
import type { Prerequisites } from "../manifest.ts";
import { ownKey } from "../own-keys.ts";

/** One join. `ready`: all of its inputs are there, and `until` then somebody calls the function; `done`: it was called. */
export type JoinRecord =
  | { readonly state: "waiting"; readonly inputs: Readonly<Record<string, unknown>> }
  | { readonly state: "ready"; readonly inputs: Readonly<Record<string, unknown>>; readonly until: number }
  | { readonly state: "done" };

/** A value as it is stored, and the ETag that its next version is written with; undefined: there is none. */
export interface Kept<T> {
  readonly value: T | undefined;
  readonly etag: string | undefined;
}

/** An operation of a transaction. */
export type JoinWrite = Readonly<Record<string, unknown>>;

/** A record is as large as its inputs. */
const MAX_RECORD = 16 << 20;

const encoder = new TextEncoder();

/** Where the joins of one function are kept: an item for each, and one that lists those that are ready. */
export class JoinStore {
  readonly #api: Api;
  readonly #path: string;
  readonly #own: (id: string) => string;
  readonly #keepSeconds: number;

  constructor(api: Api, packageName: string, functionName: string, { store, keepSeconds }: Prerequisites) {
    this.#api = api;
    this.#path = `/v1.0/state/${encodeURIComponent(store)}`;
    this.#own = (id) => ownKey(packageName, `:join:${functionName}${id}`);
    this.#keepSeconds = keepSeconds;
  }

  read(id: string): Promise<Kept<JoinRecord>> {
    return this.#read(`:${id}`);
  }

  /** Ids of those that are ready and not known to be done. */
  readReady(): Promise<Kept<readonly string[]>> {
    return this.#read("");
  }

  writing(id: string, value: JoinRecord, { etag }: Kept<JoinRecord>): JoinWrite {
    return this.#writing(`:${id}`, value, etag, { ttlInSeconds: String(this.#keepSeconds) });
  }

  writingReady(ids: readonly string[], { etag }: Kept<readonly string[]>): JoinWrite {
    return this.#writing("", ids, etag, {});
  }

  /** All of it or none; false: somebody else wrote meanwhile, or the store could not. Throws where it never can. */
  async write(...operations: readonly JoinWrite[]): Promise<boolean> {
    const { status, errorCode, body } = await this.#api({
      method: "POST",
      path: `${this.#path}/transaction`,
      query: "",
      headers: ["content-type", "application/json"],
      body: encoder.encode(JSON.stringify({ operations })),
    });
    if (status < 300) return true;
    if (errorCode === "ERR_STATE_TRANSACTION") return false;
    throw await failure(status, body);
  }

  #writing(key: string, value: unknown, etag: string | undefined, metadata: object): JoinWrite {
    const options = { concurrency: "first-write" };
    const request = { key: this.#own(key), value, ...(etag !== undefined && { etag }), options, metadata };
    return { operation: "upsert", request };
  }

  async #read<T>(key: string): Promise<Kept<T>> {
    const path = `${this.#path}/${encodeURIComponent(this.#own(key))}`;
    const { status, headers, body } = await this.#api({
      method: "GET",
      path,
      query: "consistency=strong",
      headers: [],
      body: undefined,
    });
    if (status === 204) return { value: undefined, etag: undefined };
    if (status !== 200) throw await failure(status, body);
    const bytes = await readBody(body, MAX_RECORD);
    return { value: JSON.parse(new TextDecoder().decode(bytes)) as T, etag: header(headers, "etag") };
  }
}

async function failure(status: number, body: RuntimeResponse["body"]): Promise<ComponentError> {
  const said = new TextDecoder().decode(await readBody(body, MAX_RECORD));
  return new ComponentError("UNAVAILABLE", `what it waits for cannot be kept (status ${status}): ${said}`);
}
