import type { ApiCall } from "./api-actor-sidecar.ts";

export interface FetchApiOptions {
  /** Of the sidecar: `http://localhost:3500`; empty where `fetch` answers paths. */
  readonly base: string;
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
  readonly apiToken?: string | undefined;
}

/** Dapr's API by any fetch. */
export function fetchApiCall({ base, fetch, apiToken }: FetchApiOptions): ApiCall {
  return async ({ method, path, headers, body }) => {
    const fields = new Headers();
    for (let i = 0; i < headers.length; i += 2) fields.set(headers[i] as string, headers[i + 1] as string);
    if (apiToken !== undefined) fields.set("dapr-api-token", apiToken);
    const content = body === undefined ? {} : { body: body as Uint8Array<ArrayBuffer> };
    const answer = await fetch(base + path, { method, headers: fields, ...content });
    const list: string[] = [];
    answer.headers.forEach((value, name) => void list.push(name, value));
    return { status: answer.status, headers: list, body: new Uint8Array(await answer.arrayBuffer()) };
  };
}
