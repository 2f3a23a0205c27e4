import { duration, flag, text } from "../../components/metadata-schema.ts";
import { indexedPaths, queryMetadata } from "../../components/state/query-indexes.ts";
import { defineStore } from "../../components/state/store.ts";
import { checkIdentifier, isInMemory, openDatabase } from "./sqlite/open-database.ts";
import { SqliteStore } from "./sqlite/sqlite-store.ts";

const HOUR_MS = 3_600_000;

/** State in an SQLite file, in Dapr's own table: daprd can open it, and `sqlite3` can read it. */
export const sqliteStore = defineStore({
  type: "state.sqlite",
  version: "v1",
  summary: "Items in an SQLite file, in Dapr's table layout.",
  metadata: {
    connectionString: text.required("Path of the file, `:memory:` or a `file:` URI."),
    tableName: text("Table of the items.", "state"),
    metadataTableName: text("Table in which Dapr counts its migrations.", "metadata"),
    timeout: duration("The longest that an operation may wait for the database.", 20_000),
    timeoutInSeconds: duration("Earlier name of timeout."),
    busyTimeout: duration("How long to wait while another process holds the database.", 2_000),
    cleanupInterval: duration("Time between two removals of expired items; 0 or less: never.", HOUR_MS),
    cleanupIntervalInSeconds: duration("Earlier name of cleanupInterval."),
    disableWAL: flag("Use a rollback journal, for network file systems.", false),
    ...queryMetadata,
  },
  features: ["ETAG", "TRANSACTIONAL", "TTL", "OUTCOME", "DURABILITY", "ACTOR", "QUERY_API"],
  async open(metadata, { name, platform, log }) {
    const { connectionString, tableName, metadataTableName, disableWAL } = metadata;
    checkIdentifier(name, "tableName", tableName);
    checkIdentifier(name, "metadataTableName", metadataTableName);
    const busyTimeoutMs = Math.min(metadata.busyTimeout, metadata.timeoutInSeconds ?? metadata.timeout);
    const database = await openDatabase(platform.clock, {
      connectionString,
      tableName,
      metadataTableName,
      busyTimeoutMs,
      disableWAL,
      indexed: indexedPaths(metadata.queryIndexes),
    });
    return new SqliteStore(
      database,
      {
        component: name,
        queries: metadata,
        tableName,
        busyTimeoutMs,
        cleanupIntervalMs: metadata.cleanupIntervalInSeconds ?? metadata.cleanupInterval,
        durability: isInMemory(connectionString) ? "memory" : "persistent",
      },
      platform,
      log,
    );
  },
});
