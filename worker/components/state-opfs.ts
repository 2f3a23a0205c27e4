import { FileStore } from "../../host/components/state/files/file-store.ts";
import { defineStore, type StoreDefinition } from "../../host/components/state/store.ts";
import { databaseName } from "../storage/database-names.ts";
import type { ScopeStorage } from "../storage/scope-storage.ts";
import { OpfsFolder } from "./opfs-folder.ts";

/** `state.opfs` for one scope: for large values, such as audio, that IndexedDB is slow with. */
export function opfsStore({ databasePrefix }: ScopeStorage): StoreDefinition {
  return defineStore({
    type: "state.opfs",
    version: "v1",
    summary:
      "Items in files of the browser's origin private file system, a folder for each component and scope.",
    metadata: {},
    features: ["ETAG", "TRANSACTIONAL", "TTL", "OUTCOME", "DURABILITY", "ACTOR"],
    async open(_metadata, context) {
      const name = encodeURIComponent(databaseName(databasePrefix, "state", context.name));
      return await new FileStore(await OpfsFolder.open(name), context).open();
    },
  });
}
