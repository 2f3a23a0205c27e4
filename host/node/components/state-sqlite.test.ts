import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Libsql from "libsql";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { testContext } from "../../../tests/conformance/test-context.ts";
import { decodeMetadata } from "../../components/metadata-schema.ts";
import { OUTCOME_TTL_MS, type Store, type Upsert, type WriteBatch } from "../../components/state/store.ts";
import { FakeClock } from "../../fake-clock.ts";
import type { Clock } from "../../platform.ts";
import { systemClock } from "../../web-platform.ts";
import { sqliteStore } from "./state-sqlite.ts";

const folder = mkdtempSync(join(tmpdir(), "daprlet-sqlite-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let files = 0;
const fresh = () => join(folder, `${++files}.db`);
const opened: { close(): unknown }[] = [];

afterEach(async () => {
  for (const each of opened.splice(0)) await each.close();
});

async function open(
  connectionString: string,
  clock: Clock = systemClock,
  more: Readonly<Record<string, string>> = {},
): Promise<Store> {
  const store = await sqliteStore.open(
    decodeMetadata(
      "statestore",
      sqliteStore.metadata,
      new Map(Object.entries({ connectionString, ...more })),
      () => undefined,
    ),
    testContext("statestore", clock),
  );
  opened.push(store);
  return store;
}

/** The same file as any other process sees it. */
function raw(path: string): Libsql.Database {
  const database = new Libsql(path);
  opened.push(database);
  return database;
}

const upsert = (key: string, value: string | Uint8Array, more: Partial<Upsert> = {}): Upsert => ({
  kind: "upsert",
  key,
  value: typeof value === "string" ? new TextEncoder().encode(value) : value,
  etag: undefined,
  concurrency: undefined,
  ttlInSeconds: undefined,
  contentType: undefined,
  ...more,
});

const put = async (store: Store, key: string, value: string | Uint8Array, more: Partial<WriteBatch> = {}) =>
  await store.write({
    operations: [upsert(key, value)],
    atomic: false,
    consistency: undefined,
    requestId: undefined,
    ...more,
  });

const read = async (store: Store, key: string) => {
  const item = await store.get(key, undefined);
  return item === undefined ? undefined : new TextDecoder().decode(item.value);
};

describe("Dapr's table", () => {
  it("has Dapr's columns, names and forms", async () => {
    const path = fresh();
    const store = await open(path, new FakeClock(Date.UTC(2026, 0, 2, 3, 4, 5, 678)));
    await put(store, "app||text", '{ "a": "\u00e9" }');
    await put(store, "app||bytes", Uint8Array.of(0, 255));
    await store.write({
      operations: [upsert("app||mortal", "1", { ttlInSeconds: 60 })],
      atomic: false,
      consistency: undefined,
      requestId: undefined,
    });
    const rows = raw(path).prepare("SELECT * FROM state ORDER BY key").all([]);
    const etag = expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f-]{27}$/);
    const update_time = "2026-01-02 03:04:05";
    expect(rows).toMatchObject([
      { key: "app||bytes", value: "AP8=", is_binary: 1, etag, expiration_time: null, update_time },
      {
        key: "app||mortal",
        value: "1",
        is_binary: 0,
        etag,
        expiration_time: "2026-01-02 03:05:05.678",
        update_time,
      },
      {
        key: "app||text",
        value: '{ "a": "\u00e9" }',
        is_binary: 0,
        etag,
        expiration_time: null,
        update_time,
      },
    ]);
    expect(raw(path).prepare("SELECT value FROM metadata WHERE key = 'migrations'").get([])).toMatchObject({
      value: "1",
    });
  });

  it("written by another process is read: its times, its binary values, its BLOBs", async () => {
    const path = fresh();
    const clock = new FakeClock(Date.UTC(2026, 0, 1));
    const store = await open(path, clock);
    const insert = raw(path).prepare(
      "INSERT INTO state (key, value, is_binary, etag, expiration_time) VALUES (?, ?, ?, ?, ?)",
    );
    insert.run(["mortal", "1", 0, "e1", "2026-01-01 00:00:10"]);
    insert.run(["binary", "AP8=", 1, "e2", null]);
    insert.run(["blob", Buffer.from('"x"'), 0, "e3", null]);
    expect(await store.get("mortal", undefined)).toMatchObject({
      etag: "e1",
      expiresAt: Date.UTC(2026, 0, 1, 0, 0, 10),
    });
    expect((await store.get("binary", undefined))?.value).toEqual(Uint8Array.of(0, 255));
    expect(await read(store, "blob")).toBe('"x"');
    await clock.advance(10_000);
    expect(await store.get("mortal", undefined)).toBeUndefined();
  });

  it("may have another name", async () => {
    const path = fresh();
    const store = await open(path, systemClock, { tableName: "my_state", metadataTableName: "my_metadata" });
    await put(store, "k", "1");
    expect(raw(path).prepare("SELECT key FROM my_state").all([])).toMatchObject([{ key: "k" }]);
  });
});

describe("a database that another process holds", () => {
  it("is waited for without holding up the process", async () => {
    const path = fresh();
    const store = await open(path);
    const other = raw(path);
    other.exec("BEGIN IMMEDIATE");
    other.exec("INSERT INTO state (key, value, is_binary, etag) VALUES ('theirs', '1', 0, 'e')");
    let turns = 0;
    const ticking = setInterval(() => turns++, 5);
    const writes = [put(store, "a", "1"), put(store, "b", "2")];
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(await read(store, "theirs")).toBeUndefined();
    writes.push(put(store, "c", "3"));
    other.exec("COMMIT");
    expect(await Promise.all(writes)).toEqual([[undefined], [undefined], [undefined]]);
    clearInterval(ticking);
    expect(turns).toBeGreaterThan(5);
    expect(await Promise.all(["theirs", "a", "b", "c"].map((key) => read(store, key)))).toEqual([
      "1",
      "1",
      "2",
      "3",
    ]);
  });

  it("for longer than busyTimeout is an error that says so, and nothing is written", async () => {
    const path = fresh();
    const store = await open(path, systemClock, { busyTimeout: "80ms" });
    const other = raw(path);
    other.exec("BEGIN IMMEDIATE");
    await expect(put(store, "a", "1")).rejects.toMatchObject({
      code: "UNAVAILABLE",
      message: expect.stringMatching(/another process holds the database; raise busyTimeout/),
    });
    other.exec("COMMIT");
    expect(await read(store, "a")).toBeUndefined();
    await put(store, "a", "2");
    expect(await read(store, "a")).toBe("2");
  });

  it("while it opens is waited for", async () => {
    const path = fresh();
    const other = raw(path);
    other.exec("PRAGMA journal_mode = WAL");
    other.exec("BEGIN IMMEDIATE");
    setTimeout(() => other.exec("COMMIT"), 100);
    const store = await open(path);
    await put(store, "a", "1");
    expect(await read(store, "a")).toBe("1");
  });
});

describe("group commit", () => {
  const versions = (path: string) => {
    const database = raw(path);
    return () => (database.prepare("PRAGMA data_version").raw().get([]) as [number])[0];
  };

  it("shares one transaction among the writes of one turn, and each has its own outcome", async () => {
    const path = fresh();
    const store = await open(path);
    const version = versions(path);
    await put(store, "taken", "1");
    const before = version();
    const create = (key: string) =>
      store.write({
        operations: [upsert(key, "2", { concurrency: "first-write" })],
        atomic: false,
        consistency: undefined,
        requestId: undefined,
      });
    const outcomes = await Promise.all(["a", "b", "taken", "c"].map(create));
    expect(outcomes.map(([refusal]) => refusal?.kind)).toEqual([undefined, undefined, "mismatch", undefined]);
    // The counter of SQLite moves once for each commit of another connection that changed something.
    expect(version() - before).toBe(1);
  });

  it("a batch that fails does not take the others with it", async () => {
    const path = fresh();
    const store = await open(path);
    raw(path).exec(
      "CREATE TRIGGER refuse BEFORE INSERT ON state WHEN NEW.key = 'bad' BEGIN SELECT RAISE(ABORT, 'refused'); END",
    );
    const writes = await Promise.allSettled(["a", "bad", "b"].map((key) => put(store, key, "1")));
    expect(writes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(await Promise.all(["a", "bad", "b"].map((key) => read(store, key)))).toEqual([
      "1",
      undefined,
      "1",
    ]);
    const mixed = store.write({
      operations: [upsert("x", "1"), upsert("bad", "1")],
      atomic: true,
      consistency: undefined,
      requestId: undefined,
    });
    await expect(mixed).rejects.toMatchObject({ code: "INTERNAL" });
    expect(await read(store, "x")).toBeUndefined();
  });

  it("takes more writes than one transaction holds", async () => {
    const store = await open(fresh());
    await Promise.all(Array.from({ length: 2500 }, (_, i) => put(store, `k${i}`, String(i))));
    expect(await read(store, "k2499")).toBe("2499");
  });
});

describe("expired rows", () => {
  it("are removed from the table at every interval", async () => {
    const path = fresh();
    const clock = new FakeClock();
    const store = await open(path, clock, { cleanupInterval: "1m" });
    await store.write({
      operations: Array.from({ length: 2100 }, (_, i) =>
        upsert(`k${i}`, "1", { ttlInSeconds: i < 2050 ? 30 : 90 }),
      ),
      atomic: false,
      consistency: "eventual",
      requestId: undefined,
    });
    await put(store, "kept", "1");
    const count = () => (raw(path).prepare("SELECT count(*) FROM state").raw().get([]) as [number])[0];
    await clock.advance(59_000);
    expect(count()).toBe(2101);
    await clock.advance(2_000);
    await expect.poll(count).toBe(51);
    await clock.advance(60_000);
    await expect.poll(count).toBe(1);
  });

  it.each(["0", "-1", "-1s"])("stay with cleanupInterval %s", async (cleanupInterval) => {
    const clock = new FakeClock();
    await open(fresh(), clock, { cleanupInterval });
    expect(clock.pending).toBe(0);
  });

  it("closing ends the clean-up", async () => {
    const clock = new FakeClock();
    const store = await open(fresh(), clock, { cleanupIntervalInSeconds: "60" });
    expect(clock.pending).toBe(1);
    await store.close();
    expect(clock.pending).toBe(0);
  });
});

describe("outcomes", () => {
  it("are kept in a table that is made when the first one comes, and forgotten", async () => {
    const path = fresh();
    const clock = new FakeClock();
    const store = await open(path, clock);
    const tables = () =>
      raw(path)
        .prepare("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
        .raw()
        .all([])
        .flat();
    await put(store, "k", "1");
    expect(tables()).toEqual(["metadata", "state"]);
    await put(store, "k", "2", { requestId: "r1" });
    expect(tables()).toEqual(["metadata", "state", "state_outcomes"]);
    await clock.advance(OUTCOME_TTL_MS + 1);
    await put(store, "k", "3", { requestId: "r2" });
    const ids = raw(path).prepare("SELECT request_id FROM state_outcomes").raw().all([]).flat();
    expect(ids).toEqual(["r2"]);
  });

  it("refuse an id that comes back with other operations", async () => {
    const store = await open(fresh());
    await put(store, "k", "1", { requestId: "r" });
    const other = put(store, "k", "1", { requestId: "r", operations: [upsert("a", "1"), upsert("b", "1")] });
    await expect(other).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    expect(await read(store, "a")).toBeUndefined();
  });
});

describe("what cannot be opened says why", () => {
  it.each([
    ["libsql://example.com/db", /opens no database of another machine/],
    ["https://example.com/db", /opens no database of another machine/],
    ["http://127.0.0.1:1/db", /opens no database of another machine/],
    [join(folder, "no", "such", "folder", "x.db"), /its folder must exist/],
  ])("%s", async (connectionString, message) => {
    await expect(open(connectionString)).rejects.toThrow(message);
  });

  it("a file that is no database", async () => {
    const path = fresh();
    writeFileSync(path, "this is not a database, but a long text that is not one\n".repeat(100));
    await expect(open(path)).rejects.toMatchObject({
      code: "FAILED_PRECONDITION",
      message: expect.stringMatching(/not an SQLite database/),
    });
    expect(readFileSync(path, "utf8")).toMatch(/^this is not a database/);
  });

  it("a folder", async () => {
    const path = fresh();
    mkdirSync(path);
    await expect(open(path)).rejects.toMatchObject({ code: "FAILED_PRECONDITION" });
  });

  it.each(["a b", "1a", "state; DROP TABLE x", "a-b", "", "sqlite_x"])(
    "the table name %j",
    async (tableName) => {
      await expect(open(fresh(), systemClock, { tableName })).rejects.toThrow(/tableName: expected letters/);
    },
  );

  it("a missing connection string", () => {
    expect(() => decodeMetadata("s", sqliteStore.metadata, new Map(), () => undefined)).toThrow(
      /connectionString is required/,
    );
  });
});

describe("durability", () => {
  it.each([
    [":memory:", "memory"],
    ["file::memory:", "memory"],
    ["file:x?mode=memory", "memory"],
    ["file", "persistent"],
  ])("of %s is %s", async (connectionString, durability) => {
    const store = await open(connectionString === "file" ? `file:${fresh()}` : connectionString);
    expect(store).toMatchObject({ durability });
    await put(store, "k", "1");
    expect(await read(store, "k")).toBe("1");
  });
});
