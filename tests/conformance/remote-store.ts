import { decodeMetadata } from "../../host/components/metadata-schema.ts";
import { daprStore } from "../../host/components/state/dapr.ts";
import type { QueryableStore, Store } from "../../host/components/state/store.ts";
import type { Core } from "../../host/core/core.ts";
import type { FakeClock } from "../../host/fake-clock.ts";
import { jsonValues } from "./json-values.ts";
import { testContext } from "./test-context.ts";

/** Where a store of another sidecar is, and how that is reached. */
export interface RemoteStore {
  readonly url: string;
  readonly component?: string;
  readonly fetch?: typeof fetch;
}

/** A store of another sidecar by its HTTP API; a name of its own makes it an empty one. */
export async function openRemote(
  { url, component = "statestore", fetch }: RemoteStore,
  { clock, core, name }: { readonly clock: FakeClock; readonly core: Core; readonly name: string },
): Promise<Store> {
  const metadata = new Map(Object.entries({ url, component }));
  const context = testContext("remote", clock);
  const platform = fetch === undefined ? context.platform : { ...context.platform, fetch };
  const store = (await daprStore().open(
    decodeMetadata("remote", daprStore().metadata, metadata, () => undefined),
    { ...context, platform, core },
  )) as QueryableStore;
  // The API's own prefix.
  const prefixed = (key: string) => `${name}||${key}`;
  return jsonValues(
    {
      get: (key, consistency) => store.get(prefixed(key), consistency),
      bulkGet: (keys) => store.bulkGet(keys.map(prefixed)),
      write: (batch) =>
        store.write({
          ...batch,
          operations: batch.operations.map((operation) => ({ ...operation, key: prefixed(operation.key) })),
        }),
      async query(query) {
        const { items, token } = await store.query({ ...query, keyPrefix: prefixed(query.keyPrefix) });
        return { items: items.map((item) => ({ ...item, key: item.key.slice(prefixed("").length) })), token };
      },
      close: () => store.close(),
    },
    core,
  );
}

/** Cases of queries that say what the HTTP API of another sidecar does not carry, and what that is. */
export const unsaid = new Map<string, string>([
  [
    "queries: combines filters, sorts by several members and pages through the results",
    "a full page is followed by an empty one where the store there has items of other apps",
  ],
  ["queries: follows writes, deletes and transactions that fail", "it writes what is no JSON"],
  ["queries: never shows what is no JSON, nor what has expired", "it writes what is no JSON"],
  [
    "queries: finds under its prefix only, and of actors their own items",
    "actors are queried at their own sidecar",
  ],
  [
    "queries: takes a filter of a thousand comparisons",
    "a list of a thousand values counts as one more than the API takes",
  ],
  ["queries: a token is for its own query", "the cause is a sentence, and no code"],
  ["queries: is refused where no one index covers its members", "the cause is a sentence, and no code"],
]);
