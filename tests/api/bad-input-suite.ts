import { describe, expect, test } from "vitest";
import type { Answer } from "../hosts/host.ts";
import type { Subject } from "../hosts/subject.ts";

/** What nobody should send, each a test: the answer is Dapr's error, nothing is stored, and the sidecar lives on. */
export function badInputSuite(on: Subject): void {
  const fails = (answer: Answer, status: number, errorCode: string) => {
    expect([answer.status, answer.errorCode]).toEqual([status, errorCode]);
    expect(answer.message).toEqual(expect.any(String));
  };
  const save = (body: string | Uint8Array) => on.post("/v1.0/state/statestore", body);
  const get = (key: string) => on.fetch(`/v1.0/state/statestore/${encodeURIComponent(key)}`);
  const ten = 10 << 20;

  describe("JSON cut short", () => {
    test("a save at every byte", async () => {
      const key = on.key();
      const whole = `[{"key":"${key}","value":{"a":[1,2.5e3,true,null,"\\u00e9\\n"]},"etag":"1","metadata":{"ttlInSeconds":"5"},"options":{"concurrency":"first-write","consistency":"strong"}}]`;
      for (let length = 0; length < whole.length; length++) {
        const answer = await save(whole.slice(0, length));
        expect([length, answer.status, answer.errorCode]).toEqual([length, 400, "ERR_MALFORMED_REQUEST"]);
      }
      expect((await get(key)).status).toBe(204);
    }, 60_000);

    test("a transaction at every byte", async () => {
      const key = on.key();
      const whole = `{"operations":[{"operation":"upsert","request":{"key":"${key}","value":{"x":1}}},{"operation":"delete","request":{"key":"b"}}],"metadata":{"a":"b"}}`;
      for (let length = 0; length < whole.length; length++) {
        const answer = await on.post("/v1.0/state/statestore/transaction", whole.slice(0, length));
        expect([length, answer.status, answer.errorCode]).toEqual([length, 400, "ERR_MALFORMED_REQUEST"]);
      }
      expect((await get(key)).status).toBe(204);
    }, 60_000);

    test("a bulk get at every byte", async () => {
      const whole = '{"keys":["a","b"],"parallelism":10,"metadata":{"a":"b"}}';
      for (let length = 0; length < whole.length; length++) {
        const answer = await on.post("/v1.0/state/statestore/bulk", whole.slice(0, length));
        expect([length, answer.status, answer.errorCode]).toEqual([length, 400, "ERR_MALFORMED_REQUEST"]);
      }
    });
  });

  describe("a save that is no list of items", () => {
    test.each([
      ["object", '{"key":"k","value":1}'],
      ["number", "1"],
      ["string", '"k"'],
      ["list of numbers", "[1]"],
      ["list of lists", "[[]]"],
      ["no key", '[{"value":1}]'],
      ["empty key", '[{"key":"","value":1}]'],
      ["key null", '[{"key":null,"value":1}]'],
      ["key number", '[{"key":1,"value":1}]'],
      ["key object", '[{"key":{},"value":1}]'],
      ["etag number", '[{"key":"k","value":1,"etag":1}]'],
      ["metadata list", '[{"key":"k","value":1,"metadata":[]}]'],
      ["metadata of numbers", '[{"key":"k","value":1,"metadata":{"ttlInSeconds":5}}]'],
      ["options string", '[{"key":"k","value":1,"options":"first-write"}]'],
      ["concurrency number", '[{"key":"k","value":1,"options":{"concurrency":1}}]'],
      ["trailing comma", '[{"key":"k","value":1},]'],
      ["single quotes", "[{'key':'k'}]"],
      ["comment", '[{"key":"k"/**/,"value":1}]'],
      ["NaN", '[{"key":"k","value":NaN}]'],
      ["leading zero", '[{"key":"k","value":01}]'],
      ["raw newline in a string", '[{"key":"k","value":"a\nb"}]'],
      ["bad escape", '[{"key":"k","value":"\\x"}]'],
      ["byte order mark", '\uFEFF[{"key":"k","value":1}]'],
      ["form", "key=k&value=1"],
      ["XML", "<key>k</key>"],
    ])("%s", async (_, body) => {
      fails(await save(body), 400, "ERR_MALFORMED_REQUEST");
    });

    test("null is no list", async () => {
      expect((await save("null")).status).toBe(on.expected("state.null"));
    });

    test("a second value after the list", async () => {
      const key = on.key();
      const answer = await save(`[{"key":"${key}","value":1}] []`);
      expect(answer.status).toBe(on.expected("state.trailing-data"));
      expect((await get(key)).status).toBe(answer.status === 204 ? 200 : 204);
    });

    test("one bad item and nothing of the list is stored", async () => {
      const key = on.key();
      fails(await save(`[{"key":"${key}","value":1},{"value":2}]`), 400, "ERR_MALFORMED_REQUEST");
      expect((await get(key)).status).toBe(204);
    });

    test("2000 levels deep are taken or refused, not a crash", async () => {
      const key = on.key();
      const answer = await save(`[{"key":"${key}","value":${"[".repeat(2000)}${"]".repeat(2000)}}]`);
      expect([204, 400]).toContain(answer.status);
      expect((await on.fetch("/v1.0/healthz")).status).toBe(204);
    });

    test("100,000 levels deep are refused or taken, not a crash", async () => {
      const key = on.key();
      const answer = await save(`[{"key":"${key}","value":${"[".repeat(100_000)}${"]".repeat(100_000)}}]`);
      expect([204, 400]).toContain(answer.status);
      expect((await on.fetch("/v1.0/healthz")).status).toBe(204);
    });

    test("members that JSON objects have by nature", async () => {
      const key = on.key();
      const body = `[{"key":"${key}","value":{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}},"metadata":{"__proto__":"x","constructor":"y"}}]`;
      expect((await save(body)).status).toBe(204);
      expect(JSON.parse((await get(key)).text)).toEqual(
        JSON.parse('{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}'),
      );
      expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    });
  });

  describe("10 MB where 4 are allowed", () => {
    test("saved", async () => {
      const key = on.key();
      const answer = await save(`[{"key":"${key}","value":"${"x".repeat(ten)}"}]`);
      fails(answer, 400, "ERR_MALFORMED_REQUEST");
      expect((await get(key)).status).toBe(204);
    });

    test("published", async () => {
      const answer = await on.post("/v1.0/publish/messagebus/plain", new Uint8Array(ten).fill(120));
      fails(answer, 500, "ERR_PUBSUB_PUBLISH_MESSAGE");
    });

    // A gateway's folder takes values of 1 MiB.
    test.skipIf(on.has("folder"))("4 MB less a little are taken", async () => {
      const key = on.key();
      const value = "x".repeat((4 << 20) - 200);
      expect((await save(`[{"key":"${key}","value":"${value}"}]`)).status).toBe(204);
      expect((await get(key)).bytes.length).toBe(value.length + 2);
      await on.fetch(`/v1.0/state/statestore/${key}`, { method: "DELETE" });
    });

    test("invoked", async () => {
      const path = `/v1.0/invoke/${on.host.peer.appId}/method/status/200`;
      // The body may be on its way to the app already; then it breaks off there, and the app's answer comes back.
      const answer = await on.post(path, new Uint8Array(ten).fill(120));
      expect(answer.status).toBeGreaterThanOrEqual(400);
    });
  });

  describe("headers", () => {
    test("3 KB of them arrive", async () => {
      const value = "v".repeat(2900);
      const answer = await on.fetch(`/v1.0/invoke/${on.host.appId}/method/headers`, {
        headers: { "x-long": value },
      });
      expect(answer.status).toBe(200);
      expect((answer.json as { headers: Record<string, string> }).headers["x-long"]).toBe(value);
    });

    test.runIf(on.has("processes"))("a flood is refused and the sidecar lives on", async () => {
      const flood = Array.from({ length: 400 }, (_, n) => [`x-${n}`, "v".repeat(500)] as const);
      const status = await on.fetch("/v1.0/metadata", { headers: flood }).then(
        (answer) => answer.status,
        () => "connection closed",
      );
      expect([431, 400, "connection closed"]).toContain(status);
      expect((await on.fetch("/v1.0/healthz")).status).toBe(204);
    });
  });

  describe("keys", () => {
    test("as long as a path can be", async () => {
      const key = on.key() + "k".repeat(1000);
      expect((await save(JSON.stringify([{ key, value: 1 }]))).status).toBe(204);
      expect((await get(key)).text).toBe("1");
    });

    test("the same key twice in one list: the last one stays", async () => {
      const key = on.key();
      expect(
        (
          await save(
            JSON.stringify([
              { key, value: 1 },
              { key, value: 2 },
            ]),
          )
        ).status,
      ).toBe(204);
      const last = on.expected("state.same-key-twice") === "the last one stays";
      expect((await get(key)).text).toMatch(last ? /^2$/ : /^[12]$/);
    });
  });
}
