import { describe, expect, test } from "vitest";
import type { Answer } from "../hosts/host.ts";
import type { Subject } from "../hosts/subject.ts";
import { actorCalls } from "./actor-calls.ts";
import { isError } from "./answers.ts";

/** Calls of actors: dapr-http-api §1.6 and §2.3. Turns are in `actor-turns-suite.ts`. */
export function actorsSuite(on: Subject): void {
  const { call, seen, program, recorded } = actorCalls(on);
  const failed = (answer: Answer, message: unknown) => {
    isError(answer, 500, "ERR_ACTOR_INVOKE_METHOD");
    expect(answer.message).toEqual(message);
  };

  describe.runIf(on.has("actors"))("a call", () => {
    test.each(["GET", "POST", "PUT", "DELETE"])("%s arrives as PUT", async (method) => {
      const id = on.key("cat");
      const more = method === "GET" ? {} : { body: '{"loud":true}' };
      const answer = await on.fetch(`/v1.0/actors/Plain/${id}/method/meow?n=1&m=%2F`, { method, ...more });
      expect(answer.status).toBe(200);
      expect(seen(answer)).toMatchObject({ method: "PUT", uri: `/actors/Plain/${id}/method/meow?n=1&m=%2F` });
      expect(atob(seen(answer).body)).toBe(more.body ?? "");
    });

    test.each(["PATCH", "OPTIONS"])("%s is none", async (method) => {
      const answer = await on.fetch("/v1.0/actors/Plain/1/method/meow", { method });
      isError(answer, 404, "ERR_DIRECT_INVOKE");
    });

    test.each([
      ["text/plain", new TextEncoder().encode("text é")],
      ["application/octet-stream", Uint8Array.from({ length: 256 }, (_, n) => n)],
      ["application/x-www-form-urlencoded", new TextEncoder().encode("a=1&b=%20")],
      ["application/json", new Uint8Array(100_000).fill(32)],
    ])("its body arrives as it is: %s", async (type, body) => {
      const headers = { "content-type": type };
      for (const streamed of on.has("unsized") ? [false, true] : [false]) {
        const answer = await call("Plain", on.key(), "meow", { headers, body, streamed });
        expect(seen(answer).headers["content-type"]).toBe(type);
        expect(seen(answer).body).toBe(Buffer.from(body).toString("base64"));
      }
    });

    test.runIf(on.has("headers"))("its headers arrive, but for those of the hop", async () => {
      const headers = [
        ["x-own", "a"],
        ["x-own", "b"],
        ["cookie", "c=1"],
        ["authorization", "Bearer x"],
        ["dapr-reentrancy-id", "chain"],
        ["keep-alive", "timeout=5"],
        ["x-bytes-bin", "AAAA"],
        ["accept", "a/b"],
      ] as const;
      const found = seen(await call("Plain", on.key(), "meow", { headers })).headers;
      expect(found).toMatchObject({
        "x-own": "a, b",
        cookie: "c=1",
        authorization: "Bearer x",
        "dapr-reentrancy-id": "chain",
        accept: "a/b",
        "dapr-caller-app-id": on.host.appId,
      });
      expect(found["dapr-caller-namespace"]).toEqual(expect.any(String));
      expect([found["keep-alive"], found["x-bytes-bin"]]).toEqual([undefined, undefined]);
    });

    test.runIf(on.has("headers"))("who calls is not what a caller says", async () => {
      const headers = { "dapr-caller-app-id": "king" };
      const found = seen(await call("Plain", on.key(), "meow", { headers })).headers["dapr-caller-app-id"];
      const dropped = found === on.host.appId;
      expect(dropped ? "dropped; only the true one arrives" : "passed on").toBe(
        on.definition.dialect === "daprd" ? "passed on" : on.expected("invoke.spoofed-caller"),
      );
    });

    test.runIf(on.has("placement"))("comes through another app's sidecar as well", async () => {
      const id = on.key("cat");
      const path = `/v1.0/actors/Plain/${id}/method/meow?n=1`;
      const answer = await on.host.peer.fetch(path, { method: "POST", body: "hi" });
      expect(answer.status).toBe(200);
      expect(seen(answer)).toMatchObject({ method: "PUT", uri: `/actors/Plain/${id}/method/meow?n=1` });
      const state = await on.host.peer.fetch(`/v1.0/actors/Plain/${id}/state`, {
        method: "POST",
        body: "[]",
      });
      isError(state, 400, "ERR_ACTOR_INSTANCE_MISSING");
    });
  });

  describe.runIf(on.has("actors"))("what comes back", () => {
    test("body, type and headers of the app's answer", async () => {
      const id = on.key();
      const headers = { "content-type": "text/css", etag: '"1"', "x-app": "yes", "dapr-own": "kept" };
      await program("Plain", id, "meow", { status: 200, headers, body: "purr" });
      const answer = await call("Plain", id, "meow");
      expect([answer.status, answer.text]).toEqual([200, "purr"]);
      expect(Object.fromEntries(answer.fields)).toMatchObject(headers);
    });

    test("nothing at all is JSON by its type", async () => {
      const id = on.key();
      await program("Plain", id, "meow", { status: 200 });
      const answer = await call("Plain", id, "meow");
      expect([answer.status, answer.text, answer.header("content-type")]).toEqual([
        200,
        "",
        "application/json",
      ]);
    });

    test.each([201, 202, 301, 400, 403, 409, 500, 503])(
      "%d is an error with the app's words",
      async (status) => {
        const id = on.key();
        await program("Plain", id, "meow", { status, headers: { "x-app": "yes" }, body: "hiss" });
        const answer = await call("Plain", id, "meow");
        failed(answer, `error invoke actor method: error from actor service: (${status}) hiss`);
        expect(answer.header("x-app")).toBeUndefined();
        expect((await call("Plain", id, "meow")).status).toBe(200);
      },
    );

    test("204 and 404 as well", async () => {
      const id = on.key();
      await program("Plain", id, "meow", { status: 204 }, { status: 404, body: "no such thing" });
      failed(await call("Plain", id, "meow"), "error invoke actor method: error from actor service: (204) ");
      failed(await call("Plain", id, "meow"), expect.stringMatching(/: actor method not found: .*meow$/));
      expect(await recorded("Plain", id, "meow")).toHaveLength(2);
    });

    test("an actor's own error", async () => {
      const id = on.key();
      const headers = { "x-daprerrorresponseheader": "true", "x-app": "yes" };
      const answers = [200, 409].map((status) => ({ status, headers, body: '{"own":1}' }));
      await program("Plain", id, "meow", ...answers);
      const ok = await call("Plain", id, "meow");
      expect([ok.status, ok.text, ok.header("x-app")]).toEqual([200, '{"own":1}', "yes"]);
      expect(ok.header("x-daprerrorresponseheader")).toBe("true");
      expect((await call("Plain", id, "meow")).status).toBe(on.expected("actors.own-error"));
    });
  });

  describe.runIf(on.has("actors"))("names", () => {
    const decoded = (uri: string, part: number) => decodeURIComponent(uri.split("/")[part] as string);

    test.each([
      ["a||b", "a||b"],
      ["||", "||"],
      ["a%20b", "a b"],
      ["a+b", "a b"],
      ["%C3%A9", "é"],
      ["%C2%80", "\u0080"],
      ["%E2%80%A8", "\u2028"],
      ["a:b@c,d;e=f&g$h", "a:b@c,d;e=f&g$h"],
      ["~!*()'", "~!*()'"],
      ["__proto__", "__proto__"],
      ["...", "..."],
      ["x".repeat(1500), "x".repeat(1500)],
    ])("the id and the method %s", async (given, name) => {
      const own = seen(await call("Plain", given, "meow"));
      expect(decoded(own.uri, 3)).toBe(name);
      expect(decoded(seen(await call("Plain", "1", given)).uri, 5)).toBe(name);
    });

    const noNames = ["a%2Fb", "a%5Cb", "a%23b", "a%3Fb", "%00", "a%0Ab", "a%09", "a%7Fb"];
    // A browser resolves them before anybody is asked.
    const dots = on.has("verbatim") ? ["%2E", "%2E%2E"] : [];
    test.each([...noNames, ...dots])("an actor is not called %s", async (name) => {
      const before = (await on.app.recorded("/actors/Plain/b/method/meow")).length;
      isError(await call("Plain", name, "meow"), 400, "ERR_BAD_REQUEST");
      isError(await call(name, "1", "meow"), 400, "ERR_BAD_REQUEST");
      expect(await on.app.recorded("/actors/Plain/b/method/meow")).toHaveLength(before);
    });

    test.each(["a%23b", "a%3Fb", "%00", "a%0Ab", "a%7Fb"])("nor a method %s", async (name) => {
      isError(await call("Plain", "1", name), 400, "ERR_BAD_REQUEST");
    });

    test.each([
      ["a%2Fb", "/a/b"],
      ["a%2F%2E%2E%2Fb", "/b"],
      ["%2E%2E%2F%2E%2E%2Fb", "/b"],
      ["timer%2Ft", "/timer/t"],
      ["remind%2Ft", "/remind/t"],
      ["a%5Cb", "/a%5Cb"],
    ])("a method of several segments: %s", async (name, path) => {
      const id = on.key();
      const { status, text } = await call("Plain", id, name);
      const called = text.includes(`/actors/Plain/${id}/method${path}"`);
      expect(status === 400 ? status : called && "cleaned, and called").toBe(
        on.expected("actors.method-path"),
      );
    });

    test("a percent sign of its own", async () => {
      expect((await call("Plain", "100%25", "meow")).status).toBe(on.expected("actors.percent"));
    });

    test.runIf(on.has("verbatim")).each([
      ["/v1.0/actors/Plain/1/method/a/../meow", 200],
      ["/v1.0//actors/Plain/1//method/meow", 200],
      ["/v1.0/actors/x/../Plain/1/method/meow/", 200],
      ["/v1.0/actors/Plain/./method/meow", 404],
      ["/v1.0/actors/Plain/../method/meow", 404],
      ["/v1.0/actors//1/method/meow", 404],
      ["/v1.0/actors/Plain//method/meow", 404],
      ["/v1.0/actors/Plain/1/method/", 404],
    ])("%s: %d", async (path, status) => {
      const answer = await on.fetch(path, { method: "POST", body: "" });
      expect([answer.status, answer.errorCode]).toEqual([
        status,
        status === 404 ? "ERR_DIRECT_INVOKE" : undefined,
      ]);
    });

    test.each([
      "",
      "/Plain",
      "/Plain/1",
      "/Plain/1/method",
      "/Plain/1/method/a/b",
      "/Plain/1/METHOD/a",
      "/Plain/1/other",
    ])("/v1.0/actors%s is no endpoint", async (path) => {
      for (const method of ["GET", "POST", "DELETE"]) {
        isError(await on.fetch(`/v1.0/actors${path}`, { method }), 404, "ERR_DIRECT_INVOKE");
      }
    });
  });

  test.runIf(on.has("actors"))("more than 4 MB are refused", async () => {
    const body = new Uint8Array(5 << 20).fill(120);
    isError(await call("Plain", on.key(), "meow", { body }), 400, "ERR_BAD_REQUEST");
  });

  test.runIf(on.has("actors") && on.has("sidecar"))("metadata tell of the actors", async () => {
    await call("Plain", on.key(), "meow");
    const { actorRuntime } = (await on.fetch("/v1.0/metadata")).json as {
      actorRuntime: { activeActors: { type: string; count?: number }[]; placement: string };
    };
    expect(actorRuntime).toMatchObject({ runtimeStatus: "RUNNING", hostReady: true });
    expect(actorRuntime.placement).not.toBe("");
    const { activeActors } = actorRuntime;
    expect(activeActors.map(({ type }) => type).sort()).toEqual(["Brief", "Deep", "Plain"]);
    expect(activeActors.find(({ type }) => type === "Plain")?.count).toBeGreaterThan(0);
  });
}
