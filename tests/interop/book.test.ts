/** The walkthroughs of the book, by the numbers of `book.md`: with daprlet, and with daprd where it is there. */
import { join } from "node:path";
import Database from "libsql";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { expectedOn } from "../api/differences.ts";
import type { Answer } from "../hosts/host.ts";
import { kinds, type Launched, type LaunchOptions, temporaryFolder } from "./launch.ts";

const json = { "content-type": "application/json" };
const random = () => Math.random().toString(36).slice(2, 8);

interface Echo {
  readonly method: string;
  readonly uri: string;
  readonly headers: Record<string, string>;
  readonly body: string;
}

const messagebus = [
  "apiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata:\n  name: messagebus\nspec:\n  type: pubsub.in-memory\n",
];

describe.each(kinds)("the book with $name", (kind) => {
  if (kind.missing !== undefined) {
    test.skip(kind.missing, () => undefined);
    return;
  }
  const running: Launched[] = [];
  const folders: (() => void)[] = [];
  const launch = async (options: Omit<LaunchOptions, "folder"> & { folder?: string }): Promise<Launched> => {
    const { folder, remove } = temporaryFolder();
    folders.push(remove);
    const launched = await kind.launch({ folder, ...options });
    running.push(launched);
    return launched;
  };
  const clean = async () => {
    await Promise.all(running.splice(0).map((one) => one.kill()));
    for (const remove of folders.splice(0)) remove();
  };
  const post = (to: Launched, path: string, body: unknown, headers: Record<string, string> = json) =>
    to.fetch(path, { method: "POST", headers, body: JSON.stringify(body) });
  const invoke = (from: Launched, id: string, method: string, body?: unknown): Promise<Answer> => {
    const path = `/v1.0/invoke/${id}/method/${method}`;
    return body === undefined ? from.fetch(path) : post(from, path, body);
  };

  describe("an app that greets", () => {
    const id = `hello-dapr-${random()}`;
    let hello: Launched;
    beforeAll(async () => {
      hello = await launch({ appId: id, app: "hello.mjs" });
    }, 60_000);
    afterAll(clean);

    test("T1: greets by invocation, and is given what is posted", async () => {
      const answer = await invoke(hello, id, "greeting");
      expect([answer.status, answer.text]).toEqual([200, "Hello, World!"]);
      expect((await invoke(hello, id, "greeting", { data: "x" })).text).toBe("Hello, x!");
    });

    test("T3: counts its greetings, also across SIGKILL of app and sidecar", async () => {
      const greetings: string[] = [];
      for (let n = 0; n < 7; n++) greetings.push((await invoke(hello, id, "counted")).text);
      expect(greetings).toEqual(
        [0, 1, 2, 3, 4, 5, 6].map((n) => `I've greeted you ${n} ${n === 1 ? "time" : "times"}.`),
      );
      expect((await hello.fetch("/v1.0/state/statestore/mystate")).text).toBe("6");
      await hello.kill();
      await hello.again();
      expect((await invoke(hello, id, "counted")).text).toBe("I've greeted you 7 times.");
    }, 60_000);
  });

  describe("apps that find each other", () => {
    afterEach(clean);

    test("T6: a receiver that starts late is found; before, the sender is told and lives on", async () => {
      const receiver = `nodereceiver-${random()}`;
      const sender = await launch({ appId: `nodesender-${random()}` });
      const send = (n: number) => invoke(sender, receiver, "silent", { msg: `Hello, World! ${n}` });
      const early = await send(1);
      expect([early.status, early.errorCode]).toEqual([500, "ERR_DIRECT_INVOKE"]);
      expect(early.message).toMatch(new RegExp(`^failed to invoke, id: ${receiver}, err: `));
      const late = await launch({ appId: receiver, app: "echo.mjs" });
      await expect.poll(async () => (await send(2)).status, { timeout: 10_000 }).toBe(200);
      for (const n of [3, 4, 5]) {
        const answer = await send(n);
        expect([answer.status, answer.text]).toEqual([200, ""]);
      }
      const seen = (await invoke(late, receiver, "seen")).json as Echo[];
      const messages = seen.filter(({ uri }) => uri === "/silent").map(({ body }) => JSON.parse(body).msg);
      expect(messages).toEqual([2, 3, 4, 5].map((n) => `Hello, World! ${n}`));
    }, 60_000);

    test("T13: b sees exactly one POST /foo, and who called", async () => {
      const [a, b] = [`dapr-a-${random()}`, `dapr-b-${random()}`];
      const from = await launch({ appId: a });
      const to = await launch({ appId: b, app: "echo.mjs" });
      const headers = { "content-type": "application/x-thing" };
      const path = `/v1.0/invoke/${b}/method/foo`;
      await expect
        .poll(async () => (await from.fetch(path, { method: "POST", headers, body: "b o d y" })).status)
        .toBe(200);
      const seen = (await invoke(to, b, "seen")).json as Echo[];
      const foo = seen.filter(({ uri }) => uri === "/foo");
      expect(foo).toHaveLength(1);
      expect(foo[0]).toMatchObject({ method: "POST", body: "b o d y" });
      expect(foo[0]?.headers["content-type"]).toBe("application/x-thing");
      expect(foo[0]?.headers["dapr-caller-app-id"]).toBe(a);
    }, 60_000);

    test("T15: two sidecars find each other within a second of the later one's start, and forget the dead", {
      timeout: 60_000,
      // A second is short on a machine that does something else as well.
      retry: 2,
    }, async () => {
      const ids = [`dapr-a-${random()}`, `dapr-d-${random()}`] as const;
      const a = await launch({ appId: ids[0], app: "echo.mjs" });
      const d = await launch({ appId: ids[1], app: "echo.mjs" });
      const started = Date.now();
      await expect.poll(async () => (await invoke(d, ids[0], "x")).status, { timeout: 5000 }).toBe(200);
      await expect.poll(async () => (await invoke(a, ids[1], "x")).status, { timeout: 5000 }).toBe(200);
      if (kind.dialect !== "daprd") expect(Date.now() - started).toBeLessThan(1000);
      await d.kill();
      const killed = Date.now();
      const answer = await invoke(a, ids[1], "x");
      expect([answer.status, answer.errorCode]).toEqual([500, "ERR_DIRECT_INVOKE"]);
      expect(Date.now() - killed).toBeLessThan(5000);
    });

    test("T67: the calculator, with one back end down only its key fails, and its total is kept", async () => {
      const suffix = random();
      const operations = ["addapp", "subtractapp", "multiplyapp", "divideapp"];
      const front = await launch({ appId: `calculator-${suffix}` });
      const backs = await Promise.all(
        operations.map((operation) =>
          launch({ appId: `${operation}-${suffix}`, app: "operation.mjs", env: { OPERATION: operation } }),
        ),
      );
      const names = { add: "addapp", subtract: "subtractapp", multiply: "multiplyapp", divide: "divideapp" };
      const key = (operation: keyof typeof names, operandOne: number, operandTwo: number) =>
        invoke(front, `${names[operation]}-${suffix}`, operation, { operandOne, operandTwo });
      await expect
        .poll(
          async () => {
            const answers = await Promise.all([
              key("multiply", 6, 7),
              key("add", 6, 7),
              key("subtract", 6, 7),
              key("divide", 42, 6),
            ]);
            return answers.map(({ text }) => text);
          },
          { timeout: 10_000 },
        )
        .toEqual(["42", "13", "-1", "7"]);
      expect(
        (await post(front, "/v1.0/state/statestore", [{ key: "calculatorState", value: { total: "42" } }]))
          .status,
      ).toBe(204);
      await backs[2]?.kill();
      expect((await key("multiply", 6, 7)).errorCode).toBe("ERR_DIRECT_INVOKE");
      expect((await key("add", 40, 2)).text).toBe("42");
      await front.kill();
      await front.again();
      expect((await front.fetch("/v1.0/state/statestore/calculatorState")).json).toEqual({ total: "42" });
    }, 90_000);
  });

  describe("an app that echoes", () => {
    const id = `phpapp-${random()}`;
    let app: Launched;
    beforeAll(async () => {
      app = await launch({
        appId: id,
        app: "echo.mjs",
        components: messagebus,
        env: {
          SUBSCRIPTIONS: JSON.stringify([
            { pubsubname: "messagebus", topic: "A", route: "A" },
            { pubsubname: "messagebus", topic: "B", route: "B" },
          ]),
        },
      });
    }, 60_000);
    afterAll(clean);

    test.each(["GET", "POST", "PUT", "DELETE"])(
      "T14: %s with path, query, header and body",
      async (method) => {
        const answer = await app.fetch(`/v1.0/invoke/${id}/method/abc/def?param=123`, {
          method,
          headers: { "x-test": "one", ...json },
          ...(method === "GET" ? {} : { body: '{"n":1}' }),
        });
        const echo = answer.json as Echo;
        expect(echo).toMatchObject({
          method,
          uri: "/abc/def?param=123",
          body: method === "GET" ? "" : '{"n":1}',
        });
        expect(echo.headers["x-test"]).toBe("one");
      },
    );

    test("T22: publishes to messagebus and gets a CloudEvent", async () => {
      const message = `This is a test ${random()}`;
      expect((await post(app, "/v1.0/publish/messagebus/A", { message })).status).toBe(204);
      const events = async () =>
        ((await invoke(app, id, "seen")).json as Echo[]).filter(
          ({ uri, body }) => uri === "/A" && body.includes(message),
        );
      await expect.poll(async () => (await events()).length).toBe(1);
      const [event] = await events();
      expect(event?.method).toBe("POST");
      expect(event?.headers["content-type"]).toBe("application/cloudevents+json");
      expect(event?.headers.pubsubname).toBe("messagebus");
      const envelope = JSON.parse(event?.body ?? "") as Record<string, unknown>;
      expect(envelope).toMatchObject({
        data: { message },
        source: id,
        type: "com.dapr.event.sent",
        specversion: "1.0",
        topic: "A",
        pubsubname: "messagebus",
        datacontenttype: "application/json",
      });
      expect(envelope).not.toHaveProperty("subject");
    });

    test("T21: a publish without a pub/sub's name goes to the only one there is", async () => {
      const message = `This is a test ${random()}`;
      const answer = await post(app, "/v1.0/publish/A", { message });
      if (expectedOn(kind.dialect, "pubsub.unnamed") !== "published there") {
        expect([answer.status, answer.errorCode]).toEqual([404, "ERR_DIRECT_INVOKE"]);
        return;
      }
      expect(answer.status).toBe(204);
      const events = async () =>
        ((await invoke(app, id, "seen")).json as Echo[]).filter(({ body }) => body.includes(message));
      await expect.poll(async () => (await events()).length).toBe(1);
    });

    test("T21: a subscription without a pub/sub's name is to the only one there is", async () => {
      const unnamed = await launch({
        appId: `ps-${random()}`,
        app: "echo.mjs",
        components: messagebus,
        env: { SUBSCRIPTIONS: JSON.stringify([{ topic: "A", route: "A" }]) },
      });
      expect((await post(unnamed, "/v1.0/publish/messagebus/A", { message: "This is a test" })).status).toBe(
        204,
      );
      const events = async () =>
        ((await invoke(unnamed, unnamed.appId, "seen")).json as Echo[]).filter(({ uri }) => uri === "/A")
          .length;
      if (expectedOn(kind.dialect, "pubsub.unnamed-subscription") === "subscribed there") {
        await expect.poll(events).toBe(1);
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, 500));
      expect(await events()).toBe(0);
    });
  });

  describe("state", () => {
    const { folder, remove } = temporaryFolder();
    const id = `dapr1-${random()}`;
    let app: Launched;
    beforeAll(async () => {
      app = await launch({
        appId: id,
        folder,
        components: [
          `apiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata:\n  name: statestore\nspec:\n  type: state.sqlite\n  metadata:\n  - name: connectionString\n    value: ${join(folder, "state.db")}\n`,
        ],
      });
    }, 60_000);
    afterAll(async () => {
      await clean();
      remove();
    });
    const save = (...items: unknown[]) => post(app, "/v1.0/state/statestore", items);
    const get = (key: string) => app.fetch(`/v1.0/state/statestore/${key}`);

    test("T34: the store's own key has the app's id before it", async () => {
      const value = { kind: "dog", name: "bono" };
      expect((await save({ key: "pet", value })).status).toBe(204);
      expect((await get("pet")).json).toEqual(value);
      const database = new Database(join(folder, "state.db"), { readonly: true });
      const keys = (database.prepare("SELECT key FROM state").all() as { key: string }[]).map(
        ({ key }) => key,
      );
      database.close();
      expect(keys).toContain(`${id}||pet`);
    });

    test("T33: the printed fetch is answered with ok", async () => {
      const response = await fetch(`http://localhost:${app.port}/v1.0/state/statestore`, {
        method: "POST",
        headers: json,
        body: JSON.stringify([{ key: "order", value: { data: 1 } }]),
      });
      expect([response.ok, response.status]).toEqual([true, 204]);
    });

    test("T36: ETags with first-write and last-write", async () => {
      const options = { concurrency: "first-write" };
      await save({ key: "e", value: 1 });
      const etag = (await get("e")).header("etag");
      expect((await save({ key: "e", value: 2, etag, options })).status).toBe(204);
      const again = await save({ key: "e", value: 3, etag, options });
      expect([again.status, again.errorCode]).toEqual([409, "ERR_STATE_SAVE"]);
      expect((await get("e")).text).toBe("2");
      expect((await save({ key: "e", value: 4 })).status).toBe(204);
      expect((await save({ key: "e", value: 5, etag, options: { concurrency: "last-write" } })).status).toBe(
        409,
      );
    });

    test("T38: a transaction with a stale ETag leaves nothing behind", async () => {
      const operations = [
        { operation: "upsert", request: { key: "t2", value: 1 } },
        {
          operation: "upsert",
          request: { key: "key-2", value: 2, etag: "99", options: { concurrency: "first-write" } },
        },
      ];
      const answer = await post(app, "/v1.0/state/statestore/transaction", { operations });
      expect([answer.status, answer.errorCode]).toEqual([500, "ERR_STATE_TRANSACTION"]);
      expect((await get("t2")).status).toBe(204);
    });

    test("T38: killed at random moments, always both or none, and what was answered is there", async () => {
      let started = 0;
      const answered: number[] = [];
      for (let round = 0; round < 5; round++) {
        let going = true;
        const writers = Array.from({ length: 4 }, async () => {
          while (going) {
            const n = started++;
            const operations = ["a", "b"].map((half) => ({
              operation: "upsert",
              request: { key: `${half}-${n}`, value: n },
            }));
            const done = await post(app, "/v1.0/state/statestore/transaction", { operations }).then(
              ({ status }) => status === 204,
              () => false,
            );
            if (done) answered.push(n);
            else return;
          }
        });
        await new Promise((resolve) => setTimeout(resolve, 40 + Math.random() * 160));
        await app.kill();
        going = false;
        await Promise.all(writers);
        await app.again();
      }
      const keys = Array.from({ length: started }, (_, n) => [`a-${n}`, `b-${n}`]).flat();
      const found = (await post(app, "/v1.0/state/statestore/bulk", { keys })).json as {
        key: string;
        data?: number;
      }[];
      const there = new Set(found.flatMap(({ key, data }) => (data === undefined ? [] : [key])));
      expect(answered.length).toBeGreaterThan(0);
      for (const n of answered)
        expect([n, there.has(`a-${n}`), there.has(`b-${n}`)]).toEqual([n, true, true]);
      for (let n = 0; n < started; n++) expect([n, there.has(`a-${n}`)]).toEqual([n, there.has(`b-${n}`)]);
    }, 120_000);
  });
});
