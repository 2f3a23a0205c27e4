import { beforeEach, describe, expect, it } from "vitest";
import { openWith } from "../../../tests/conformance/test-context.ts";
import { inMemoryStore } from "../../components/state/in-memory.ts";
import { defineStore, type Store, type WriteBatch } from "../../components/state/store.ts";
import { type Code, ComponentError } from "../../errors/component-error.ts";
import { createRuntime, type LocalRuntime } from "../../node/create-runtime.ts";

/** Codes with which the next writes fail; after that they reach the memory. */
const failures: Code[] = [];
/** How many of them fail after they were carried out. */
let late = 0;
const batches: WriteBatch[] = [];

function flaky(features: readonly ("ETAG" | "OUTCOME" | "TRANSACTIONAL")[], type: `state.${string}`) {
  return defineStore({
    type,
    version: "v1",
    summary: "A store of this test.",
    metadata: {},
    features,
    async open(_, context) {
      const store = (await openWith(inMemoryStore, context)) as Store;
      return {
        get: (key) => store.get(key, undefined),
        bulkGet: (keys) => store.bulkGet(keys),
        async write(batch) {
          batches.push(batch);
          if (late > 0) await store.write(batch);
          late--;
          const code = failures.shift();
          if (code !== undefined) throw new ComponentError(code, "the disk is on fire");
          return await store.write(batch);
        },
        close: () => store.close(),
      };
    },
  });
}

const components = [
  { name: "s", type: "state.flaky" },
  { name: "plain", type: "state.plain" },
];
const registry = {
  state: [flaky(["ETAG", "OUTCOME", "TRANSACTIONAL"], "state.flaky"), flaky(["ETAG"], "state.plain")],
};

let runtime: LocalRuntime;

beforeEach(async () => {
  failures.length = 0;
  late = 0;
  batches.length = 0;
  runtime = await createRuntime({ registry, components });
  return () => runtime.stop();
});

const linear = { interval: 100, threshold: 3, pattern: "linear" };

/** A save under way, and its status once it has one. */
function save(retryPolicy: unknown, more: Record<string, unknown> = {}, store = "s", init: RequestInit = {}) {
  const item = { key: "k", value: 1, ...more, options: { retryPolicy } };
  return saveAll([item], store, init);
}

function saveAll(items: unknown, store = "s", init: RequestInit = {}) {
  const seen: { status?: number; body?: { errorCode: string; message: string } } = {};
  const done = runtime
    .fetch(`/v1.0/state/${store}`, { method: "POST", body: JSON.stringify(items), ...init })
    .then(async (answer) => {
      seen.status = answer.status;
      if (answer.status !== 204) seen.body = JSON.parse(await answer.text());
    });
  return { seen, done };
}

describe("a save with a retryPolicy", () => {
  it.each([
    [linear, [100, 100, 100]],
    [{ interval: "1s", threshold: 2 }, [1000, 1000]],
    [{ interval: 50, threshold: 4, pattern: "exponential" }, [50, 100, 200, 400]],
    [{ interval: 0, threshold: 2, pattern: "exponential" }, [0, 0]],
  ])("%j waits %j between its attempts", async (policy, waits) => {
    failures.push(...waits.map(() => "UNAVAILABLE" as const));
    const { seen } = save(policy);
    await runtime.advance(0);
    for (const [i, wait] of waits.entries()) {
      if (wait > 0) {
        expect(batches.length).toBe(i + 1);
        await runtime.advance(wait - 1);
        expect([batches.length, seen.status]).toEqual([i + 1, undefined]);
        await runtime.advance(1);
      }
    }
    expect([batches.length, seen.status]).toEqual([waits.length + 1, 204]);
    expect(await (await runtime.fetch("/v1.0/state/s/k")).text()).toBe("1");
  });

  it("answers the last failure when the threshold is reached", async () => {
    failures.push("UNAVAILABLE", "INTERNAL", "UNKNOWN", "DEADLINE_EXCEEDED");
    const { seen, done } = save(linear);
    await runtime.advance(10_000);
    await done;
    expect(seen).toMatchObject({
      status: 500,
      body: {
        errorCode: "ERR_STATE_SAVE",
        message: "failed saving state in state store s: the disk is on fire",
      },
    });
    expect(batches.length).toBe(4);
  });

  it.each(["INVALID_ARGUMENT", "PERMISSION_DENIED", "FAILED_PRECONDITION", "DATA_LOSS"] as const)(
    "does not repeat what would fail again: %s",
    async (code) => {
      failures.push(code);
      const { seen, done } = save(linear);
      await done;
      expect([seen.status, batches.length]).toEqual([500, 1]);
    },
  );

  it("does not repeat an ETag conflict", async () => {
    const { seen, done } = save(linear, { etag: "stale" });
    await done;
    expect([seen.status, batches.length]).toEqual([409, 1]);
  });

  it("is not refused by its own first attempt, where the store records outcomes", async () => {
    const value = async () => {
      await save(undefined, { value: 0 }).done;
      return (await runtime.fetch("/v1.0/state/s/k")).headers.get("etag");
    };
    const etag = await value();
    failures.push("UNAVAILABLE");
    late = 1;
    const { seen, done } = save(linear, { value: 7, etag });
    await runtime.advance(100);
    await done;
    expect([seen.status, new Set(batches.slice(1).map(({ requestId }) => requestId)).size]).toEqual([204, 1]);
    expect(await (await runtime.fetch("/v1.0/state/s/k")).text()).toBe("7");
  });

  it("gives no id to a store that records none", async () => {
    await save(linear, {}, "plain").done;
    expect(batches[0]?.requestId).toBeUndefined();
  });

  it("ends when its caller goes away", async () => {
    failures.push("UNAVAILABLE", "UNAVAILABLE");
    const caller = new AbortController();
    const { done } = save(linear, {}, "s", { signal: caller.signal });
    await runtime.advance(0);
    caller.abort();
    await done;
    await runtime.advance(1000);
    expect(batches.length).toBe(1);
  });

  it("is written once without one", async () => {
    failures.push("UNAVAILABLE");
    const { seen, done } = save(null);
    await done;
    expect([seen.status, batches.length]).toEqual([500, 1]);
  });

  it("applies to all items of the save", async () => {
    failures.push("UNAVAILABLE");
    const items = [
      { key: "a", value: 1 },
      { key: "b", value: 2, options: { retryPolicy: linear } },
      { key: "c", value: 2, options: { retryPolicy: { ...linear, interval: "100ms" } } },
    ];
    const { seen, done } = saveAll(items);
    await runtime.advance(100);
    await done;
    expect([seen.status, batches.map(({ operations }) => operations.length)]).toEqual([204, [3, 3]]);
  });
});

describe("a retryPolicy that is refused, and nothing written", () => {
  it.each([
    [7, "expected an object"],
    [[], "expected an object"],
    [{}, "expected interval to be milliseconds or a duration such as 100ms"],
    [{ interval: -1, threshold: 1 }, "expected interval"],
    [{ interval: "soon", threshold: 1 }, "expected interval"],
    [{ interval: "-1s", threshold: 1 }, "expected interval"],
    [{ interval: 1 }, "expected threshold to be the number of retries, at most 10"],
    [{ interval: 1, threshold: 11 }, "expected threshold"],
    [{ interval: 1, threshold: 1.5 }, "expected threshold"],
    [{ interval: 1, threshold: "3" }, "expected threshold"],
    [{ interval: 1, threshold: 1, pattern: "random" }, "expected pattern to be linear or exponential"],
    [{ interval: "6001ms", threshold: 10 }, "expected to wait at most 60 s in all"],
    [{ interval: 100, threshold: 10, pattern: "exponential" }, "expected to wait at most 60 s in all"],
  ])("%j", async (policy, message) => {
    const { seen, done } = save(policy);
    await done;
    expect(seen).toMatchObject({ status: 400, body: { errorCode: "ERR_MALFORMED_REQUEST" } });
    expect(seen.body?.message).toContain(`retryPolicy: ${message}`);
    expect(batches).toEqual([]);
  });

  it("two that differ in one save", async () => {
    const items = [1, 2].map((threshold) => ({
      key: `${threshold}`,
      value: 1,
      options: { retryPolicy: { interval: 1, threshold } },
    }));
    const { seen, done } = saveAll(items);
    await done;
    expect([seen.status, batches.length]).toEqual([400, 0]);
    expect(seen.body?.message).toMatch(/the same retryPolicy for all items/);
  });

  it("any in a transaction", async () => {
    const request = { key: "k", value: 1, options: { retryPolicy: linear } };
    const answer = await runtime.fetch("/v1.0/state/s/transaction", {
      method: "POST",
      body: JSON.stringify({ operations: [{ operation: "upsert", request }] }),
    });
    expect([answer.status, await answer.json()]).toMatchObject([
      400,
      { errorCode: "ERR_MALFORMED_REQUEST", message: expect.stringContaining("a transaction is tried once") },
    ]);
    expect(batches).toEqual([]);
  });
});

describe("today's Dapr", () => {
  it("ignores them all", async () => {
    await runtime.stop();
    runtime = await createRuntime({ registry, components, strict: true });
    for (const policy of [7, { interval: "soon" }]) {
      const { seen, done } = save(policy);
      await done;
      expect(seen.status).toBe(204);
    }
    failures.push("UNAVAILABLE");
    const { seen, done } = save(linear);
    await done;
    expect(seen.status).toBe(500);
    const request = { key: "k", value: 1, options: { retryPolicy: linear } };
    const answer = await runtime.fetch("/v1.0/state/s/transaction", {
      method: "POST",
      body: JSON.stringify({ operations: [{ operation: "upsert", request }] }),
    });
    expect(answer.status).toBe(204);
  });
});
