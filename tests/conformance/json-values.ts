import type { Item, QueryableStore } from "../../host/components/state/store.ts";
import type { Core } from "../../host/core/core.ts";

const mark = '"base64:';

/** A store that takes any bytes, over one that takes JSON only: what is no JSON goes in as a string of its bytes. */
export function jsonValues(store: QueryableStore, core: Core): QueryableStore {
  const read = (item: Item | undefined): Item | undefined => {
    const text = item && Buffer.from(item.value).toString();
    if (item === undefined || !text?.startsWith(mark)) return item;
    return { ...item, value: Uint8Array.from(Buffer.from(text.slice(mark.length, -1), "base64")) };
  };
  const written = (value: Uint8Array) =>
    core.isJson(value) ? value : Buffer.from(`${mark}${Buffer.from(value).toString("base64")}"`);
  return {
    get: async (key, consistency) => read(await store.get(key, consistency)),
    bulkGet: async (keys) => (await store.bulkGet(keys)).map(read),
    write: (batch) =>
      store.write({
        ...batch,
        operations: batch.operations.map((operation) =>
          operation.kind === "upsert" ? { ...operation, value: written(operation.value) } : operation,
        ),
      }),
    query: (query) => store.query(query),
    close: () => store.close(),
  };
}
