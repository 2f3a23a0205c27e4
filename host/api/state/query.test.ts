import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { put, upsert } from "../../../tests/conformance/state/scenario.ts";
import { openWith, testContext } from "../../../tests/conformance/test-context.ts";
import { inMemoryStore } from "../../components/state/in-memory.ts";
import { defineStore, type QueryableStore } from "../../components/state/store.ts";
import { createRuntime, type LocalRuntime } from "../../node/create-runtime.ts";
import { systemClock } from "../../web-platform.ts";

const queryIndexes =
  '[{"name":"cars","indexes":[{"key":"kmh","type":"NUMERIC"},{"key":"on","type":"TEXT"}]}]';
const calls: string[] = [];
let store: QueryableStore;
let runtime: LocalRuntime;

/** The store that the tests have filled before. */
const filled = defineStore({
  type: "state.filled",
  version: "v1",
  summary: "A store of this test.",
  metadata: {},
  features: ["QUERY_API"],
  open: () => Promise.resolve(store),
});

async function ask(query: string, body: unknown) {
  const path = `/v1.0-alpha1/state/s/query${query}`;
  const answer = await runtime.fetch(path, { method: "POST", body: JSON.stringify(body) });
  if (answer.status !== 200) return answer.status;
  return (await answer.json()) as {
    results: { key: string; data: { kmh: number } }[];
    token?: string;
  };
}

beforeEach(async () => {
  store = (await openWith(inMemoryStore, testContext("s", systemClock), { queryIndexes })) as QueryableStore;
  runtime = await createRuntime({
    appId: "fleet",
    registry: { state: [filled] },
    components: [{ name: "s", type: "state.filled", metadata: { keyPrefix: "none" } }],
    app: (request) => {
      calls.push(new URL(request.url).pathname);
      return new Response();
    },
  });
});

afterEach(() => runtime.stop());

describe("a query of actors", () => {
  it("reads the states of many and calls none of them", async () => {
    const cars = Array.from({ length: 1000 }, (_, i) =>
      upsert(`fleet||Car||${i}||speed`, JSON.stringify({ kmh: i % 100, on: i % 3 === 0 })),
    );
    const others = ["fleet||Car||7||owner", "fleet||Boat||1||speed", "other||Car||1||speed", "speed"];
    await put(store, [...cars, ...others.map((key) => upsert(key, '{"kmh":99,"on":true}'))]);
    calls.length = 0;
    const query = {
      filter: { AND: [{ EQ: { on: true } }, { GTE: { kmh: 98 } }] },
      sort: [{ key: "kmh", order: "DESC" }],
    };
    const all = await ask("?metadata.actorType=Car", query);
    expect(all).toMatchObject({ results: expect.any(Array) });
    const found = (typeof all === "number" ? [] : all.results).map(({ key }) => key);
    expect(found).toContain("Car||7||owner");
    expect(found.filter((key) => key.endsWith("||speed"))).toHaveLength(7);
    const speeds = await ask("?metadata.actorType=Car&metadata.actorKey=speed", {
      ...query,
      page: { limit: 2 },
    });
    expect(speeds).toMatchObject({
      results: [
        { key: "Car||99||speed", data: { kmh: 99 } },
        { key: "Car||999||speed", data: { kmh: 99 } },
      ],
      token: expect.any(String),
    });
    expect(await ask("?metadata.actorType=Ca", query)).toBe(204);
    expect(calls).toEqual([]);
  });

  it("leaves what is theirs out of what is the app's", async () => {
    const keys = ["fleet||Car||1||speed", "a", "fleet||b"];
    await put(
      store,
      keys.map((key) => upsert(key, '{"kmh":1}')),
    );
    expect(await ask("", { filter: { EQ: { kmh: 1 } } })).toMatchObject({ results: [{ key: "a" }] });
  });
});

describe("a query of keys that begin so", () => {
  it("finds those, and nothing of actors", async () => {
    const keys = ["cap:a:1", "cap:a:2", "cap:b:1", "Car||1||speed", "Car"];
    await put(
      store,
      keys.map((key) => upsert(key, '{"kmh":1}')),
    );
    expect(await ask("?metadata.keyPrefix=cap:a:", { page: { limit: 1 } })).toMatchObject({
      results: [{ key: "cap:a:1" }],
      token: expect.not.stringContaining("cap%3Ab"),
    });
    expect(await ask("?metadata.keyPrefix=cap:", { page: { limit: 10 } })).toMatchObject({
      results: ["cap:a:1", "cap:a:2", "cap:b:1"].map((key) => ({ key })),
    });
    for (const begin of ["Car|", "Car||1||", "\u{1f44d}\u{1f3ff}"])
      expect(await ask(`?metadata.keyPrefix=${encodeURIComponent(begin)}`, {})).toBe(500);
  });
});

describe("an encrypted store", () => {
  it("cannot be queried", async () => {
    const encrypted = await createRuntime({
      components: [
        { name: "s", type: "state.in-memory", metadata: { primaryEncryptionKey: "0f".repeat(32) } },
      ],
    });
    const answer = await encrypted.fetch("/v1.0-alpha1/state/s/query", { method: "POST", body: "{}" });
    expect([answer.status, await answer.json()]).toMatchObject([
      500,
      { errorCode: "ERR_STATE_QUERY", message: "state store s query failed: cannot query encrypted store" },
    ]);
    await encrypted.stop();
  });
});

describe("a filter", () => {
  it("compares with 1,000 values at most, whichever operators they are in", async () => {
    await put(store, [upsert("a", '{"kmh":999}')]);
    const among = (count: number) => ({
      filter: { IN: { kmh: Array.from({ length: count }, (_, i) => i) } },
    });
    expect(await ask("", among(1_000))).toMatchObject({ results: [{ key: "a" }] });
    expect(await ask("", among(1_001))).toBe(500);
    const each = (count: number) => ({
      filter: { OR: Array.from({ length: count }, (_, i) => ({ EQ: { kmh: i } })) },
    });
    expect(await ask("", each(1_001))).toBe(500);
  });
});

describe("a sort", () => {
  it("has 16 keys at most, and no path is longer than 1,000 characters: a store's work grows with their square", async () => {
    await put(store, [upsert("a", '{"kmh":1}')]);
    const by = (count: number) => ({ sort: Array.from({ length: count }, () => ({ key: "kmh" })) });
    expect(await ask("", by(16))).toMatchObject({ results: [{ key: "a" }] });
    expect(await ask("", by(17))).toBe(500);
    for (const path of ["x".repeat(1_001), `${"x.".repeat(500_000)}x`]) {
      const answer = await runtime.fetch("/v1.0-alpha1/state/s/query", {
        method: "POST",
        body: JSON.stringify({ sort: [{ key: path }], filter: { EQ: { [path]: 1 } } }),
      });
      const { message } = (await answer.json()) as { message: string };
      expect(message).toMatch(/expected a path of at most 1000 characters/);
      expect(message.length).toBeLessThan(3_000);
    }
  });
});
