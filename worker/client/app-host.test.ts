import { describe, expect, it, vi } from "vitest";
import { systemClock } from "../../host/web-platform.ts";
import type { WireRequest } from "../messages.ts";
import { AppHost, type FetchHandler } from "./app-host.ts";

const host = (handler: FetchHandler, subscriptions?: { pubsubname: string; topic: string }[]) =>
  new AppHost({ handler, subscriptions }, systemClock, "https://page.test");

const post = (body: string, headers: readonly string[] = []): WireRequest => ({
  method: "POST",
  path: "/orders/a%2Fb",
  query: "x=1",
  headers,
  body: new TextEncoder().encode(body),
});

const textOf = (body: unknown) => new TextDecoder().decode(body as Uint8Array);

describe("a page as an app", () => {
  it("hands the handler the request as an HTTP server would", async () => {
    const answer = await host(async (request) => {
      const { pathname, search } = new URL(request.url);
      return new Response(
        `${request.method} ${pathname}${search} ${request.headers.get("x")} ${await request.text()}`,
        {
          status: 418,
          headers: { "x-own": "yes" },
        },
      );
    }).answer(post("body", ["x", "y"]), undefined);
    expect(answer.status).toBe(418);
    expect(textOf(answer.body)).toBe("POST /orders/a%2Fb?x=1 y body");
    expect(answer.headers).toContain("x-own");
  });

  it("answers its subscriptions from data, or asks the handler", async () => {
    const ask: WireRequest = {
      method: "GET",
      path: "/dapr/subscribe",
      query: "",
      headers: [],
      body: undefined,
    };
    const handler = vi.fn(() => Response.json([{ pubsubname: "p", topic: "from the handler" }]));
    expect(textOf((await host(handler, [{ pubsubname: "p", topic: "t" }]).answer(ask, undefined)).body)).toBe(
      '[{"pubsubname":"p","topic":"t"}]',
    );
    expect(handler).not.toHaveBeenCalled();
    expect(textOf((await host(handler).answer(ask, undefined)).body)).toContain("from the handler");
  });

  it("makes a handler that throws a 500 without its message", async () => {
    const log = vi.spyOn(console, "error").mockImplementation(() => undefined);
    const answer = await host(() => Promise.reject(new Error("secret"))).answer(post("x"), undefined);
    expect(answer.status).toBe(500);
    expect(textOf(answer.body)).not.toContain("secret");
    log.mockRestore();
  });

  it("knows a request's id also behind a value that reads like its name", async () => {
    let runs = 0;
    const app = host(() => new Response(String(++runs)));
    const twice = post("x", ["x-names", "daprlet-request-id", "daprlet-request-id", "one"]);
    await app.answer(twice, undefined);
    expect(textOf((await app.answer(twice, undefined)).body)).toBe("1");
  });

  it("repeats its answer when the same request comes again, also while the first is under way", async () => {
    let calls = 0;
    const app = host(async () => {
      await new Promise((later) => setTimeout(later, 10));
      return new Response(`call ${++calls}`);
    });
    const request = post("x", ["daprlet-request-id", "one"]);
    const [first, second] = await Promise.all([
      app.answer(request, undefined),
      app.answer(request, undefined),
    ]);
    const third = await app.answer(request, undefined);
    expect([first, second, third].map(({ body }) => textOf(body))).toEqual(["call 1", "call 1", "call 1"]);
    expect(app.answered).toEqual(["one"]);
    await app.answer(post("x", ["daprlet-request-id", "two"]), undefined);
    expect(calls).toBe(2);
  });

  it("remembers so many answers and no more, and none that its caller gave up", async () => {
    const app = host(() => new Response("x"));
    for (let i = 0; i < 300; i++) await app.answer(post("x", ["daprlet-request-id", `id ${i}`]), undefined);
    expect(app.answered.length).toBeLessThanOrEqual(256);
    expect(app.answered).toContain("id 299");
    const abort = new AbortController();
    await app.answer(post("x", ["daprlet-request-id", "given up"]), abort.signal);
    abort.abort();
    expect(app.answered).not.toContain("given up");
  });

  it("does not mistake a header's value for the id", async () => {
    const app = host(() => new Response("x"));
    await app.answer(post("x", ["x", "daprlet-request-id"]), undefined);
    expect(app.answered).toEqual([]);
  });
});

describe("an app that takes so many calls at a time", () => {
  it("lets the others wait, until what was answered has been read, and across a renewal", async () => {
    const begun: string[] = [];
    const finish: (() => void)[] = [];
    const handler: FetchHandler = async (request) => {
      begun.push(await request.text());
      await new Promise<void>((resolve) => finish.push(resolve));
      const type = begun.length === 1 ? "text/event-stream" : "text/plain";
      return new Response("answer", { headers: { "content-type": type } });
    };
    const app = new AppHost(
      { handler, subscriptions: [], maxConcurrency: 1 },
      systemClock,
      "https://page.test",
    );
    const first = app.answer(post("1"), undefined);
    const second = (app.renewed() as AppHost).answer(post("2"), undefined);
    const third = app.answer(post("3"), AbortSignal.abort());
    await vi.waitFor(() => expect(finish.length).toBe(1));
    finish[0]?.();
    const { body } = await first;
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(begun).toEqual(["1"]);
    expect(await new Response(body as ReadableStream).text()).toBe("answer");
    await vi.waitFor(() => expect(begun).toEqual(["1", "2"]));
    finish[1]?.();
    expect(textOf((await second).body)).toBe("answer");
    expect((await third).status).toBe(500);
    expect(begun).toEqual(["1", "2"]);
  });
});
