import type { Subject } from "../hosts/subject.ts";

/** The state API's calls, by the name of the store. */
export function stateCalls(on: Subject) {
  const at = (store: string, key: string, query = "") =>
    `/v1.0/state/${store}/${encodeURIComponent(key)}${query}`;
  const get = (store: string, key: string, query?: string) => on.fetch(at(store, key, query));
  return {
    at,
    get,
    save: (store: string, ...items: unknown[]) => on.post(`/v1.0/state/${store}`, items),
    remove: (store: string, key: string, headers: Record<string, string> = {}, query = "") =>
      on.fetch(at(store, key, query), { method: "DELETE", headers }),
    async etag(store: string, key: string): Promise<string> {
      const found = (await get(store, key)).header("etag");
      if (found === undefined) throw new Error(`no ETag of ${key}`);
      return found;
    },
  };
}
