import "fake-indexeddb/auto";
import { forceCloseDatabase, IDBFactory } from "fake-indexeddb";
import type { DBSchema } from "idb";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { FakeClock } from "../../host/fake-clock.ts";
import type { Log } from "../../host/platform.ts";
import { Database, type Layout } from "./database.ts";

interface Schema extends DBSchema {
  items: { key: string; value: string };
}

const layout = (version: number): Layout<Schema> => ({
  version,
  upgrade(database, oldVersion) {
    if (oldVersion < 1) database.createObjectStore("items");
  },
});

describe("a database", () => {
  let clock: FakeClock;
  let warnings: string[];
  const opened: Database<Schema>[] = [];

  beforeEach(() => {
    vi.stubGlobal("indexedDB", new IDBFactory());
    clock = new FakeClock();
    warnings = [];
  });

  afterEach(() => {
    vi.restoreAllMocks();
    for (const database of opened.splice(0)) database.close();
  });

  function database(version = 1): Database<Schema> {
    const silent = () => undefined;
    const log: Log = { debug: silent, info: silent, warn: (text) => warnings.push(text), error: silent };
    const one = new Database({ name: "db", layout: layout(version), clock, log });
    opened.push(one);
    return one;
  }

  const put = (on: Database<Schema>, value: string) =>
    on.transact(["items"], "readwrite", "relaxed", async (transaction) => {
      await transaction.objectStore("items").put(value, "k");
    });
  const get = (on: Database<Schema>) =>
    on.transact(["items"], "readonly", "default", (transaction) => transaction.objectStore("items").get("k"));

  /** The connections that the browser has given out, newest last. */
  function connections(): IDBDatabase[] {
    const found: IDBDatabase[] = [];
    const transaction = IDBDatabase.prototype.transaction;
    vi.spyOn(IDBDatabase.prototype, "transaction").mockImplementation(function (
      this: IDBDatabase,
      ...args: Parameters<typeof transaction>
    ) {
      if (!found.includes(this)) found.push(this);
      return transaction.apply(this, args);
    });
    return found;
  }

  it("opens again when the browser closed the connection", async () => {
    const found = connections();
    const one = database();
    await put(one, "1");
    forceCloseDatabase(found[0] as never);
    await put(one, "2");
    expect(await get(one)).toBe("2");
    expect(found).toHaveLength(2);
  });

  it.each(["InvalidStateError", "UnknownError", "AbortError"])(
    "opens again and runs once more after %s",
    async (name) => {
      const one = database();
      await put(one, "1");
      const spy = vi.spyOn(IDBDatabase.prototype, "transaction").mockImplementationOnce(() => {
        throw new DOMException("Connection to Indexed Database server lost.", name);
      });
      await put(one, "2");
      expect(spy).toHaveBeenCalledTimes(2);
      expect(await get(one)).toBe("2");
    },
  );

  it("fails as UNAVAILABLE when the second time fails as well, and says what to do", async () => {
    const one = database();
    await put(one, "1");
    vi.spyOn(IDBDatabase.prototype, "transaction").mockImplementation(() => {
      throw new DOMException("lost", "UnknownError");
    });
    await expect(put(one, "2")).rejects.toMatchObject({
      code: "UNAVAILABLE",
      message: expect.stringContaining("reload the page"),
    });
    vi.restoreAllMocks();
    expect(await get(one)).toBe("1");
  });

  it("fails as RESOURCE_EXHAUSTED for want of room, at once, with nothing written", async () => {
    const one = database();
    await put(one, "1");
    const put_ = vi.spyOn(IDBObjectStore.prototype, "put").mockImplementation(() => {
      throw new DOMException("full", "QuotaExceededError");
    });
    await expect(put(one, "2")).rejects.toMatchObject({
      code: "RESOURCE_EXHAUSTED",
      message: expect.stringContaining("quota"),
    });
    expect(put_).toHaveBeenCalledTimes(1);
    vi.restoreAllMocks();
    expect(await get(one)).toBe("1");
  });

  it("knows a quota that shows only at the commit", async () => {
    const one = database();
    await put(one, "1");
    vi.spyOn(IDBTransaction.prototype, "commit").mockImplementation(function (this: IDBTransaction) {
      (this as unknown as { _abort(reason: string): void })._abort("QuotaExceededError");
    });
    await expect(put(one, "2")).rejects.toMatchObject({ code: "RESOURCE_EXHAUSTED" });
    vi.restoreAllMocks();
    expect(await get(one)).toBe("1");
  });

  it("aborts what another page holds up for too long, and says so", async () => {
    const one = database();
    await put(one, "1");
    const frozen = await raw(1);
    let over = false;
    const held = frozen.transaction("items", "readwrite");
    const again = () => {
      if (!over) held.objectStore("items").get("k").onsuccess = again;
    };
    again();
    const late = put(one, "2");
    const failed = expect(late).rejects.toMatchObject({
      code: "UNAVAILABLE",
      message: expect.stringContaining("nothing was written"),
    });
    await turn();
    await clock.advance(10_001);
    await failed;
    over = true;
    expect(await get(one)).toBe("1");
    frozen.close();
  });

  it("gives way to an upgrade by a newer page at once, and tells its own page to reload", async () => {
    const old = database(1);
    await put(old, "1");
    const newer = database(2);
    await newer.open();
    expect(await get(newer)).toBe("1");
    await expect(put(old, "2")).rejects.toMatchObject({
      code: "FAILED_PRECONDITION",
      message: expect.stringContaining("reload this page"),
    });
  });

  it("says which tabs to close while an old page blocks the upgrade, and goes on once they are", async () => {
    const old = await raw(1);
    const newer = database(2);
    const opening = newer.open();
    const failed = expect(opening).rejects.toMatchObject({
      code: "UNAVAILABLE",
      message: expect.stringContaining("close the site's other tabs"),
    });
    await vi.waitFor(() => expect(warnings).toHaveLength(1));
    expect(warnings[0]).toMatch(/close the site's other tabs$/);
    await clock.advance(10_001);
    await failed;
    const waiting = put(newer, "2");
    old.close();
    await waiting;
    expect(await get(newer)).toBe("2");
  });

  it("asks anew after an opening that the browser never answered", async () => {
    const open = indexedDB.open.bind(indexedDB);
    vi.spyOn(indexedDB, "open").mockImplementationOnce(() => {
      const request = open("silent");
      request.addEventListener = () => undefined;
      return request;
    });
    const one = database();
    const silent = put(one, "1");
    const failed = expect(silent).rejects.toMatchObject({
      code: "UNAVAILABLE",
      message: expect.stringContaining("did not open"),
    });
    await turn();
    await clock.advance(10_001);
    await failed;
    await put(one, "2");
    expect(await get(one)).toBe("2");
  });

  it("gives way to a deletion, and begins anew", async () => {
    const one = database();
    await put(one, "1");
    await new Promise<void>((resolve, reject) => {
      const request = indexedDB.deleteDatabase("db");
      request.onsuccess = () => resolve();
      request.onerror = () => reject(request.error);
      request.onblocked = () => reject(new Error("blocked"));
    });
    expect(await get(one)).toBeUndefined();
    await put(one, "2");
    expect(await get(one)).toBe("2");
  });

  it("opens once for all who ask at the same time", async () => {
    const spy = vi.spyOn(indexedDB, "open");
    const one = database();
    await Promise.all([put(one, "1"), put(one, "2"), get(one)]);
    expect(spy).toHaveBeenCalledTimes(1);
  });

  it("refuses once closed", async () => {
    const one = database();
    await put(one, "1");
    one.close();
    await expect(get(one)).rejects.toMatchObject({ code: "CANCELLED" });
  });
});

const turn = () => new Promise((resolve) => setTimeout(resolve, 20));

/** A connection without manners: it does not close for others. */
function raw(version: number): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open("db", version);
    request.onupgradeneeded = () => request.result.createObjectStore("items");
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
