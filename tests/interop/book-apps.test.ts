/** Walkthroughs of the book: apps that greet and apps that find each other. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type Echo, invoke, post, random, withEachKind } from "./fleet.ts";
import type { Launched } from "./launch.ts";

withEachKind("the book's apps", (kind, fleet) => {
  describe("an app that greets", () => {
    const id = `hello-dapr-${random()}`;
    let hello: Launched;
    beforeAll(async () => {
      hello = await fleet.launch(kind, { appId: id, app: "hello.mjs" });
    }, 60_000);
    afterAll(() => fleet.end());

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
    afterEach(() => fleet.end());

    test("T6: a receiver that starts late is found; before, the sender is told and lives on", async () => {
      const receiver = `nodereceiver-${random()}`;
      const sender = await fleet.launch(kind, { appId: `nodesender-${random()}` });
      const send = (n: number) => invoke(sender, receiver, "silent", { msg: `Hello, World! ${n}` });
      const early = await send(1);
      expect([early.status, early.errorCode]).toEqual([500, "ERR_DIRECT_INVOKE"]);
      expect(early.message).toMatch(new RegExp(`^failed to invoke, id: ${receiver}, err: `));
      const late = await fleet.launch(kind, { appId: receiver, app: "echo.mjs" });
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
      const from = await fleet.launch(kind, { appId: a });
      const to = await fleet.launch(kind, { appId: b, app: "echo.mjs" });
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
      const a = await fleet.launch(kind, { appId: ids[0], app: "echo.mjs" });
      const d = await fleet.launch(kind, { appId: ids[1], app: "echo.mjs" });
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
      const front = await fleet.launch(kind, { appId: `calculator-${suffix}` });
      const backs = await Promise.all(
        operations.map((operation) =>
          fleet.launch(kind, {
            appId: `${operation}-${suffix}`,
            app: "operation.mjs",
            env: { OPERATION: operation },
          }),
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
});
