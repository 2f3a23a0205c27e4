import { describe, expect, test } from "vitest";
import type { Subject } from "../hosts/subject.ts";
import { isEmpty, isError } from "./answers.ts";
import { stateCalls } from "./state-calls.ts";
import { stateETags, stateItems } from "./state-items.ts";
import { stateBulkGet, stateTransactions } from "./state-many.ts";
import { stateOutbox } from "./state-outbox.ts";
import { stateExpiry, stateTtl } from "./state-ttl.ts";

/** What every store's items answer, whatever else a host has. */
export function stateStoreSuite(on: Subject, store = "statestore"): void {
  stateItems(on, store);
  stateETags(on, store);
  stateTtl(on, store);
  stateBulkGet(on, store);
  stateTransactions(on, store);
}

/** Contract of the state block: dapr-http-api §1.2 and §4.2. */
export function stateSuite(on: Subject): void {
  const { at, get, remove, save } = stateCalls(on);

  const stores = ["statestore", "memory", "encrypted"];
  describe.each(stores)("%s", (store) => stateStoreSuite(on, store));
  stateExpiry(on, stores);

  describe("options", () => {
    test("concurrency and consistency are taken from body and query", async () => {
      const key = on.key();
      const options = { concurrency: "last-write", consistency: "strong" };
      isEmpty(await save("statestore", { key, value: 1, options }));
      expect((await get("statestore", key, "?consistency=strong")).text).toBe("1");
      expect((await get("statestore", key, "?consistency=eventual")).text).toBe("1");
      isEmpty(await remove("statestore", key, {}, "?concurrency=first-write&consistency=strong"));
    });

    test("names that Dapr does not know", async () => {
      const key = on.key();
      isError(
        await save("statestore", { key, value: 1, options: { concurrency: "sometimes" } }),
        500,
        "ERR_STATE_SAVE",
      );
    });

    test("the book's retryPolicy", async () => {
      const options = { retryPolicy: { interval: 100, threshold: 3, pattern: "linear" } };
      const item = { key: on.key(), value: 1, options };
      isEmpty(await save("statestore", item));
      const endless = {
        key: on.key(),
        value: 1,
        options: { retryPolicy: { interval: "1h", threshold: 99 } },
      };
      const expected = on.expected("state.retry-policy");
      expect((await save("statestore", endless)).status).toBe(expected);
      const operations = [{ operation: "upsert", request: item }];
      const answer = await on.post("/v1.0/state/statestore/transaction", { operations });
      expect([answer.status, (await get("statestore", endless.key)).status]).toEqual([
        expected,
        expected === 204 ? 200 : 204,
      ]);
    });
  });

  stateOutbox(on);

  describe("keys belong to an app", () => {
    test("another app does not see them", async () => {
      const key = on.key();
      await save("statestore", { key, value: 1 });
      isEmpty(await on.host.peer.fetch(at("statestore", key)));
    });

    test.runIf(on.has("persistent"))("keyPrefix none and name share them", async () => {
      for (const store of ["unprefixed", "named"]) {
        const key = on.key();
        isEmpty(await save(store, { key, value: store }));
        const answer = await on.host.peer.fetch(at(store, key));
        expect([answer.status, answer.status === 200 ? answer.json : ""]).toEqual([200, store]);
        isEmpty(await get("statestore", key));
      }
    });

    test("|| is not allowed in a key", async () => {
      const key = `a||${on.key()}`;
      isError(await save("statestore", { key, value: 1 }), 400, "ERR_MALFORMED_REQUEST");
      isError(await get("statestore", key), 400, "ERR_MALFORMED_REQUEST");
      isError(await remove("statestore", key), 400, "ERR_MALFORMED_REQUEST");
      isError(await on.post("/v1.0/state/statestore/bulk", { keys: [key] }), 400, "ERR_MALFORMED_REQUEST");
      const operations = [{ operation: "upsert", request: { key, value: 1 } }];
      isError(
        await on.post("/v1.0/state/statestore/transaction", { operations }),
        400,
        "ERR_MALFORMED_REQUEST",
      );
    });
  });

  describe("stores that are not there", () => {
    test.each(["nowhere", "foreign", "__proto__", "constructor", "messagebus"])("%s", async (store) => {
      const path = `/v1.0/state/${store}`;
      isError(await get(store, "k"), 400, "ERR_STATE_STORE_NOT_FOUND");
      isError(await on.post(path, [{ key: "k", value: 1 }]), 400, "ERR_STATE_STORE_NOT_FOUND");
      isError(await remove(store, "k"), 400, "ERR_STATE_STORE_NOT_FOUND");
      isError(await on.post(`${path}/bulk`, { keys: ["k"] }), 400, "ERR_STATE_STORE_NOT_FOUND");
      const transaction = { operations: [{ operation: "upsert", request: { key: "k", value: 1 } }] };
      isError(await on.post(`${path}/transaction`, transaction), 400, "ERR_STATE_STORE_NOT_FOUND");
    });

    test("the error tells which, in Dapr's rich form", async () => {
      const { json } = await get("nowhere", "k");
      expect(json).toEqual({
        errorCode: "ERR_STATE_STORE_NOT_FOUND",
        message: "state store nowhere is not found",
        details: [
          {
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            domain: "dapr.io",
            reason: "DAPR_STATE_NOT_FOUND",
            metadata: { appID: on.host.appId },
          },
        ],
      });
    });
  });
}
