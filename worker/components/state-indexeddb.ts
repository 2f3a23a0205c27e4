import { queryMetadata } from "../../host/components/state/query-indexes.ts";
import { defineStore, type StoreDefinition } from "../../host/components/state/store.ts";
import { databaseName } from "../storage/database-names.ts";
import type { ScopeStorage } from "../storage/scope-storage.ts";
import { IndexedDbStore } from "./indexeddb-store.ts";

/** `state.indexeddb` for one scope. */
export function indexedDbStore({ databasePrefix, incarnation }: ScopeStorage): StoreDefinition {
  return defineStore({
    type: "state.indexeddb",
    version: "v1",
    summary: "Keeps items in the browser's IndexedDB, one database for each component and scope.",
    metadata: queryMetadata,
    features: ["ETAG", "TRANSACTIONAL", "TTL", "OUTCOME", "DURABILITY", "ACTOR", "QUERY_API"],
    open(metadata, context) {
      const name = databaseName(databasePrefix, "state", context.name);
      return new IndexedDbStore(name, metadata, context, incarnation).open();
    },
  });
}
