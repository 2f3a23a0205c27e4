import { beforeAll, describe, expect, test } from "vitest";
import type { Subject } from "../hosts/subject.ts";
import { actorCalls } from "./actor-calls.ts";
import { isEmpty, isError } from "./answers.ts";

/** What actors keep: dapr-http-api §1.6, dapr-actors §3.6. */
export function actorStateSuite(on: Subject): void {
  const { activate } = actorCalls(on);
  const upsert = (key: string, value: unknown, more: object = {}) => ({
    operation: "upsert",
    request: { key, value, ...more },
  });
  const remove = (key: string, more: object = {}) => ({ operation: "delete", request: { key, ...more } });
  let actor: string;
  beforeAll(async () => {
    if (on.has("actors")) actor = await activate();
  });
  const transact = (operations: unknown, of = actor) => on.post(`${of}/state`, operations);
  const get = (key: string, of = actor) => on.fetch(`${of}/state/${encodeURIComponent(key)}`);
  const isRefused = (answer: Parameters<typeof isError>[0]) =>
    isError(answer, 500, "ERR_ACTOR_STATE_TRANSACTION_SAVE");

  describe.runIf(on.has("actors"))("a transaction", () => {
    test.each(["POST", "PUT"])("%s writes and deletes, and answers 204", async (method) => {
      const of = await activate();
      isEmpty(await on.send(method, `${of}/state`, [upsert("a", 1), upsert("b", { x: [1, null] })]));
      const b = await get("b", of);
      expect([b.status, b.json, b.header("content-type")]).toEqual([
        200,
        { x: [1, null] },
        "application/json",
      ]);
      expect(b.header("etag")).toBeUndefined();
      isEmpty(await on.send(method, `${of}/state`, [remove("a"), upsert("b", "é")]));
      isEmpty(await get("a", of));
      expect((await get("b", of)).json).toBe("é");
    });

    test("is of one actor alone", async () => {
      const [one, other] = [await activate(), await activate()];
      await transact([upsert("a", 1)], one);
      isEmpty(await get("a", other));
      expect((await on.fetch("/v1.0/state/statestore/a")).status).toBe(204);
    });

    test("is all or nothing", async () => {
      const of = await activate();
      isRefused(await transact([upsert("a", 1), { operation: "read", request: { key: "b" } }], of));
      isRefused(await transact([upsert("a", 1), upsert("b", 1, { etag: "wrong" })], of));
      isEmpty(await get("a", of));
    });

    test("runs in its order", async () => {
      const of = await activate();
      isEmpty(await transact([upsert("a", 1), upsert("a", 2), remove("b"), upsert("b", 3)], of));
      expect([(await get("a", of)).text, (await get("b", of)).text]).toEqual(["2", "3"]);
      isEmpty(await transact([upsert("a", 4), remove("a")], of));
      isEmpty(await get("a", of));
    });

    test("of nothing, and of values that are none", async () => {
      const of = await activate();
      for (const body of ["[]", "null", " [ ] "]) isEmpty(await transact(body, of));
      isEmpty(await transact([upsert("none", null), upsert("empty", ""), remove("never")], of));
      expect([(await get("none", of)).text, (await get("empty", of)).text]).toEqual(["null", '""']);
    });

    test("members in another case, and unknown ones", async () => {
      const of = await activate();
      isEmpty(
        await transact('[{"operation":"upsert","request":{"key":"a","value":1,"more":1},"more":{}}]', of),
      );
      expect((await get("a", of)).text).toBe("1");
    });

    test.each(["a/b c", "a b", "é", "#?", "a|b", "a|", "\u0000", "__proto__", "k".repeat(500)])(
      "a key %j",
      async (key) => {
        isEmpty(await transact([upsert(key, 1)]));
        expect([(await get(key)).status, (await get(key)).text]).toEqual([200, "1"]);
      },
    );

    test.each(["a||b", "|a", "||"])("a key that reaches into another actor: %s", async (key) => {
      expect((await transact([upsert(key, 1)])).status).toBe(
        on.expected("actors.key-bars") === 400 ? 400 : 204,
      );
      expect((await get(key)).status).toBe(on.expected("actors.key-bars"));
    });

    test.each([
      ["no array", "{}", 400],
      ["a number", "1", 400],
      ["a text", '"a"', 400],
      ["nothing", "", 400],
      ["half of it", '[{"operation":"upsert"', 400],
      ["numbers", "[1]", 400],
      ["an operation that is no text", '[{"operation":1,"request":{"key":"a"}}]', 400],
      ["an empty operation", '[{"operation":"","request":{"key":"a"}}]', 500],
      ["no operation", '[{"request":{"key":"a"}}]', 500],
      ["another case of it", '[{"operation":"UPSERT","request":{"key":"a","value":1}}]', 500],
      ["a byte order mark", "\uFEFF[]", 400],
    ])("%s is refused", async (_, body, status) => {
      const code = status === 400 ? "ERR_MALFORMED_REQUEST" : "ERR_ACTOR_STATE_TRANSACTION_SAVE";
      isError(await transact(body), status, code);
    });

    test.each([
      "[null]",
      '[{"operation":"upsert"}]',
      '[{"operation":"delete","request":{}}]',
      '[{"operation":"upsert","request":null}]',
      '[{"operation":"upsert","request":[]}]',
      '[{"operation":"upsert","request":{"key":"","value":1}}]',
      '[{"operation":"upsert","request":{"key":1,"value":1}}]',
      '[{"operation":"upsert","request":{"key":"a","value":1,"etag":5}}]',
      '[{"operation":"upsert","request":{"key":"a","value":1,"metadata":{"a":1}}}]',
    ])("an operation that is none: %s", async (body) => {
      expect((await transact(body)).errorCode).toBe(on.expected("actors.no-operation"));
    });

    test("text after it", async () => {
      expect((await transact("[] []")).status).toBe(on.expected("state.trailing-data"));
    });

    test("an option that does not exist", async () => {
      const { status } = await transact([upsert("option", 1, { options: { concurrency: "perhaps" } })]);
      expect(status).toBe(on.expected("actors.options"));
    });

    test("more than 4 MB", async () => {
      isError(await transact([upsert("big", "x".repeat(5 << 20))]), 400, "ERR_MALFORMED_REQUEST");
    });
  });

  describe.runIf(on.has("actors"))("whose it is", () => {
    test("only an active actor writes; reading needs none", async () => {
      const of = `/v1.0/actors/Plain/${on.key()}`;
      isError(await transact([], of), 400, "ERR_ACTOR_INSTANCE_MISSING");
      isError(await transact([upsert("a", 1)], of), 400, "ERR_ACTOR_INSTANCE_MISSING");
      isEmpty(await get("a", of));
    });

    test("nobody hosts the type", async () => {
      const of = "/v1.0/actors/Nobody/1";
      isError(await transact([], of), 400, "ERR_ACTOR_INSTANCE_MISSING");
      expect((await get("a", of)).status).toBe(on.expected("gateway.unhosted-state"));
    });

    test("no actor can have the id", async () => {
      const of = "/v1.0/actors/Plain/a%2Fb";
      expect((await transact([], of)).errorCode).toBe(on.expected("actors.unusable-id"));
    });

    test("types of Dapr's workflows", async () => {
      const of = "/v1.0/actors/dapr.internal.default.app.workflow/1";
      isError(await transact([], of), 403, "ERR_ACTOR_TYPE_RESERVED");
      isError(await get("a", of), 403, "ERR_ACTOR_TYPE_RESERVED");
    });

    test.each(["/state", "/state/", "/states"])("GET %s is no endpoint", async (rest) => {
      isError(await on.fetch(`${actor}${rest}`), 404, "ERR_DIRECT_INVOKE");
    });
  });

  test.runIf(on.has("actors"))("a time to live without the feature for it", async () => {
    const { status } = await transact([upsert("brief", 1, { metadata: { ttlInSeconds: "60" } })]);
    expect(status).toBe(on.expected("actors.ttl"));
  });
}
