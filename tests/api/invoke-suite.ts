import { describe, expect, test } from "vitest";
import type { Answer } from "../hosts/host.ts";
import type { Subject } from "../hosts/subject.ts";
import type { Recorded } from "./app.ts";

/** Contract of service invocation: dapr-http-api §1.1 and §2.0, for the app's own sidecar and for another's. */
export function invokeSuite(on: Subject): void {
  const fails = (answer: Answer, status: number, message: unknown) => {
    expect([answer.status, answer.errorCode]).toEqual([status, "ERR_DIRECT_INVOKE"]);
    expect(answer.header("content-type")).toMatch(/^application\/json/);
    expect(answer.message).toEqual(message);
  };
  const unaddressed = "failed getting app id either from the URL path or the header dapr-app-id";
  const seen = (answer: Answer) => {
    expect(answer.status).toBe(200);
    return answer.json as Recorded;
  };
  const basic = (credentials: string) => ({ authorization: `Basic ${btoa(credentials)}` });

  describe.each(["own", "other"] as const)("the %s app", (which) => {
    const id = () => (which === "own" ? on.host.appId : on.host.peer.appId);
    const app = () => (which === "own" ? on.app : on.peerApp);
    const invoke = (method: string, path: string, options: Parameters<Subject["fetch"]>[1] = {}) =>
      on.fetch(`/v1.0/invoke/${id()}/method/${path}`, { method, ...options });

    test("answers a GET with the body of the app", async () => {
      const answer = await invoke("GET", "greeting");
      expect([answer.status, answer.text]).toEqual([200, "Hello, World!"]);
      expect(answer.header("content-type")).toMatch(/^text\/plain; ?charset=UTF-8$/);
    });

    test.each(["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD"])(
      "%s reaches it with path, query, headers and body",
      async (method) => {
        const path = `echo/${on.key()}`;
        const withBody = method !== "GET" && method !== "HEAD";
        const answer = await invoke(method, `${path}?param=123&param=a%20b&empty=`, {
          headers: { "x-test": "one", "content-type": "application/json" },
          ...(withBody ? { body: '{"data":"x"}' } : {}),
        });
        expect(answer.status).toBe(200);
        const [request, ...more] = await app().until(`/${path}`, 1);
        expect(more).toEqual([]);
        expect(request?.method).toBe(method);
        expect(request?.uri).toBe(`/${path}?param=123&param=a%20b&empty=`);
        expect(request?.headers["x-test"]).toBe("one");
        expect(request?.text).toBe(withBody ? '{"data":"x"}' : "");
        if (withBody) expect(request?.headers["content-type"]).toBe("application/json");
      },
    );

    test("tells the app who calls and for whom", async () => {
      const { headers } = seen(await invoke("GET", "who"));
      // As in daprd, a call that never left the sidecar has no caller but the app itself.
      if (which === "own") {
        expect(headers["dapr-caller-app-id"]).toBeUndefined();
        return;
      }
      expect(headers["dapr-caller-app-id"]).toBe(on.host.appId);
      expect(headers["dapr-callee-app-id"]).toBe(id());
      expect(headers["dapr-caller-namespace"]).toEqual(expect.any(String));
      expect(headers["x-forwarded-for"]).toEqual(expect.any(String));
      expect(headers["x-forwarded-host"]).toEqual(expect.any(String));
      expect(headers.forwarded).toMatch(/^for=.+;by=.+;host=/);
    });

    test("a caller cannot say who it is", async () => {
      const spoofed = {
        "dapr-caller-app-id": "admin",
        "dapr-callee-app-id": "x",
        "dapr-caller-namespace": "prod",
      };
      const { headers } = seen(await invoke("GET", "who", { headers: spoofed }));
      if (on.expected("invoke.spoofed-caller") !== "dropped; only the true one arrives") {
        expect(headers["dapr-caller-app-id"]).toContain("admin");
        return;
      }
      const own = which === "own";
      expect(headers["dapr-caller-app-id"]).toBe(own ? undefined : on.host.appId);
      expect(headers["dapr-callee-app-id"]).toBe(own ? undefined : id());
      expect(headers["dapr-caller-namespace"]).not.toBe("prod");
    });

    test("passes custom headers on, and a correlation id", async () => {
      const headers = {
        "x-correlation-id": "abc-1",
        "x-empty": "",
        authorization: "Bearer t",
        accept: "a/b",
      };
      const request = seen(await invoke("GET", "headers", { headers }));
      expect(request.headers["x-correlation-id"]).toBe("abc-1");
      expect(request.headers.authorization).toBe("Bearer t");
      expect(request.headers.accept).toBe("a/b");
    });

    test.runIf(on.has("headers"))("keeps what belongs to one hop or to gRPC to itself", async () => {
      const request = seen(
        await invoke("GET", "hops", {
          headers: {
            connection: "x-named, keep-alive",
            "x-named": "1",
            "proxy-authorization": "Basic eA==",
            te: "trailers",
            "trace-bin": "AAAA",
            "x-kept": "1",
          },
        }),
      );
      expect(request.headers["x-kept"]).toBe("1");
      // wasmtime keeps the field Connection to itself.
      const named = on.has("sidecar") ? ["x-named"] : [];
      for (const name of [...named, "proxy-authorization", "te", "trace-bin"]) {
        expect([name, request.headers[name]]).toEqual([name, undefined]);
      }
    });

    const redirects = on.has("redirects") ? [301, 302, 307] : [];
    test.each([200, 201, 202, 204, ...redirects, 304, 400, 401, 403, 404, 409, 418, 429, 500, 502, 503, 599])(
      "passes status %i through as it is",
      async (status) => {
        const answer = await invoke("GET", `status/${status}`);
        expect(answer.status).toBe(status);
        expect(answer.header("x-app")).toBe("yes");
        const bodiless = status === 204 || status === 304;
        expect(answer.text).toBe(bodiless ? "" : `status ${status}`);
        if (redirects.includes(status)) expect(answer.header("location")).toBe("/elsewhere");
      },
    );

    test("calls the root for an empty method", async () => {
      expect(seen(await invoke("GET", "")).uri).toBe("/");
    });

    test("carries binary both ways", async () => {
      const body = Uint8Array.from({ length: 70_000 }, (_, i) => (i * 7) % 256);
      const headers = { "content-type": "application/octet-stream" };
      const request = seen(await invoke("POST", "binary", { headers, body }));
      expect(request.body).toBe(Buffer.from(body).toString("base64"));
      const answer = await invoke("GET", "bytes/300000");
      expect(answer.bytes.length).toBe(300_000);
      expect(answer.bytes.every((byte, i) => byte === i % 251)).toBe(true);
    });

    test.runIf(on.has("unsized"))("an empty POST has an empty body", async () => {
      expect(seen(await invoke("POST", "empty")).body).toBe("");
    });

    test("server-sent events arrive", async () => {
      const answer = await invoke("GET", "sse", { headers: { accept: "text/event-stream" } });
      expect(answer.status).toBe(200);
      expect(answer.header("content-type")).toBe("text/event-stream");
      const own = which === "own" ? on.expected("invoke.own.sse") : "no-cache";
      expect(answer.header("cache-control") ?? "absent").toBe(own);
      expect(answer.text).toBe("data: 0\n\ndata: 1\n\ndata: 2\n\n");
      // 150 ms lie between two of them: they came as they were made.
      if (which === "own" || on.has("chunks")) expect(answer.spread).toBeGreaterThan(120);
    });

    test.runIf(on.has("unsized"))("a body of unknown length arrives", async () => {
      const body = "0123456789".repeat(2000);
      const request = seen(await invoke("POST", "streamed", { body, streamed: true }));
      expect(atob(request.body)).toBe(body);
    });

    test("by the header dapr-app-id, on any path that is no endpoint", async () => {
      const headers = { "dapr-app-id": id() };
      const request = seen(await on.fetch("/any/path/at/all?x=1", { method: "PUT", headers, body: "body" }));
      expect([request.method, request.uri]).toEqual(["PUT", "/any/path/at/all?x=1"]);
      expect(request.headers["dapr-app-id"]).toBeUndefined();
      expect(seen(await on.fetch("/v1.0/nothing/here", { headers })).uri).toBe("/v1.0/nothing/here");
    });

    test("by Basic credentials", async () => {
      const request = seen(await on.fetch("/by/basic", { headers: basic(`dapr-app-id:${id()}`) }));
      expect(request.uri).toBe("/by/basic");
      expect(seen(await on.fetch("/by/basic", { headers: basic(`DAPR-APP-ID:${id()}`) })).uri).toBe(
        "/by/basic",
      );
    });

    test.each(["/v1.0/invoke/a%0Ab/method/x", "/v1.0/invoke/a%3Fb/method/x", "/x%00"])(
      "the whole path counts as the method: %s is refused",
      async (path) => {
        const answer = await on.fetch(path, { headers: { "dapr-app-id": id() } });
        fails(answer, 500, expect.stringContaining(`failed to invoke, id: ${id()}, err: `));
      },
    );

    test("the header does not hide an endpoint", async () => {
      const answer = await on.fetch("/v1.0/healthz", { headers: { "dapr-app-id": id() } });
      expect(answer.status).toBe(204);
    });

    describe("path", () => {
      test("loses a trailing slash", async () => {
        expect(seen(await invoke("GET", "trailing/")).uri).toBe("/trailing");
      });

      const cleaned = async (path: string, uri: string) => {
        expect(seen(await invoke("GET", path)).uri).toBe(uri);
      };
      test.each([
        ["a//b", "/a/b"],
        ["a%2Fb", "/a/b"],
        ["a%2F..%2Fb", "/b"],
        ["a%2f%2e%2e%2fb", "/b"],
        ["a%2F%2Fb", "/a/b"],
      ])("%s is %s", cleaned);
      test.runIf(on.has("verbatim")).each([
        ["a/./b", "/a/b"],
        ["a/../b", "/b"],
        ["../../../etc", "/etc"],
      ])("%s is %s", cleaned);

      test.each([
        ["a%20b", "/a%20b"],
        ["a+b", "/a+b"],
        ["%C3%A9", "/%C3%A9"],
        ["a:b@c,d;e=f", "/a:b@c,d;e=f"],
        ["method/method/x", "/method/method/x"],
      ])("%s arrives as %s", async (path, uri) => {
        expect(seen(await invoke("GET", path)).uri).toBe(uri);
      });

      test.each(["a%00b", "a%0Ab", "a%0D%0AX-Evil:%201", "a%3Fb", "a%23b", "a%7Fb", "a%09b"])(
        "%s is refused and the app is not called",
        async (path) => {
          fails(await invoke("GET", path), 500, expect.stringContaining("err: "));
        },
      );
    });
  });

  describe("targets", () => {
    test.each([
      "/v1.0/invoke",
      "/v1.0/invoke/",
      "/v1.0/invoke/x",
      "/v1.0/invoke/x/method",
      "/v1.0/invoke/x/y",
    ])("%s names no method: 404", async (path) =>
      fails(await on.fetch(path, { method: "POST", body: "" }), 404, unaddressed),
    );

    test("an app that is not there", async () => {
      const id = `nobody-${on.run}`;
      const message = expect.stringMatching(`^failed to invoke, id: ${id}, err: .+`);
      fails(await on.fetch(`/v1.0/invoke/${id}/method/x`), 500, message);
      fails(await on.fetch("/x", { headers: { "dapr-app-id": id } }), 500, message);
    });

    test.each(["__proto__", "constructor"])("an app called %s", async (id) => {
      fails(await on.fetch(`/v1.0/invoke/${id}/method/x`), 500, expect.stringContaining(`id: ${id},`));
    });

    test("three parts are no app id", async () => {
      fails(
        await on.fetch("/v1.0/invoke/a.b.c/method/x"),
        500,
        "failed to invoke, id: a.b.c, err: invalid app id a.b.c",
      );
    });

    test("id.namespace of the same namespace is the app", async () => {
      const answer = await on.fetch(`/v1.0/invoke/${on.host.peer.appId}/method/who`);
      const namespace = seen(answer).headers["dapr-caller-namespace"];
      const named = await on.fetch(`/v1.0/invoke/${on.host.appId}.${namespace}/method/greeting`);
      expect([named.status, named.text]).toEqual([200, "Hello, World!"]);
    });

    test("an app calls back into its caller's app", async () => {
      const path = `echo/${on.key()}`;
      const answer = await on.host.peer.fetch(`/v1.0/invoke/${on.host.appId}/method/${path}`, {
        method: "POST",
        body: "called",
      });
      expect(seen(answer).headers["dapr-caller-app-id"]).toBe(on.host.peer.appId);
      expect(await on.app.recorded(`/${path}`)).toHaveLength(1);
    });

    test("50 calls at once each get their own answer", async () => {
      const answers = await Promise.all(
        Array.from({ length: 50 }, (_, n) =>
          on.fetch(`/v1.0/invoke/${on.host.peer.appId}/method/many?n=${n}`, { method: "POST", body: `${n}` }),
        ),
      );
      answers.forEach((answer, n) => {
        expect(seen(answer).uri).toBe(`/many?n=${n}`);
        expect(atob(seen(answer).body)).toBe(`${n}`);
      });
    });
  });
}
