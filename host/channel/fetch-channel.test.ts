import { Hono } from "hono";
import { describe, expect, it } from "vitest";
import { type RuntimeRequest, readBody } from "../http.ts";
import { fetchChannel, fromResponse, toRequest } from "./fetch-channel.ts";

const request = (path: string, rest: Partial<RuntimeRequest> = {}): RuntimeRequest => ({
  method: "GET",
  path,
  query: "",
  headers: [],
  body: undefined,
  ...rest,
});
const text = async (body: Parameters<typeof readBody>[0]) => new TextDecoder().decode(await readBody(body));

describe("fetchChannel", () => {
  it("serves a Hono app as it is", async () => {
    const app = new Hono();
    app.post("/orders/:id", async (c) =>
      c.json(
        {
          id: c.req.param("id"),
          q: c.req.query("q"),
          type: c.req.header("content-type"),
          body: await c.req.text(),
        },
        201,
      ),
    );
    const channel = fetchChannel(app.fetch);
    const response = await channel.invoke(
      request("/orders/a%20b", {
        method: "POST",
        query: "q=%31",
        headers: ["content-type", "text/weird"],
        body: new TextEncoder().encode("body"),
      }),
    );
    expect(response.status).toBe(201);
    expect(JSON.parse(await text(response.body))).toEqual({
      id: "a b",
      q: "1",
      type: "text/weird",
      body: "body",
    });
    expect((await channel.invoke(request("/none"))).status).toBe(404);
  });

  it("keeps repeats of headers, set-cookie apart", async () => {
    const seen: string[] = [];
    const channel = fetchChannel((given) => {
      seen.push(given.headers.get("x-m") ?? "");
      const headers = new Headers([
        ["set-cookie", "a=1"],
        ["set-cookie", "b=2"],
      ]);
      return new Response("x", { headers });
    });
    const { headers } = await channel.invoke(request("/", { headers: ["x-m", "1", "x-m", "2"] }));
    expect(seen).toEqual(["1, 2"]);
    expect(headers.join("|")).toContain("set-cookie|a=1|set-cookie|b=2");
  });

  it("streams both ways", async () => {
    const channel = fetchChannel((given) => new Response(given.body));
    let n = 0;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        if (n++ < 3) controller.enqueue(new Uint8Array([n]));
        else controller.close();
      },
    });
    const response = await channel.invoke(request("/", { method: "POST", body }));
    expect(response.body).toBeInstanceOf(ReadableStream);
    expect([...(await readBody(response.body))]).toEqual([1, 2, 3]);
  });

  it("follows no redirect and reads no body where there is none", async () => {
    const channel = fetchChannel(() => new Response(null, { status: 302, headers: { location: "/x" } }));
    const response = await channel.invoke(request("/"));
    expect([response.status, response.body]).toEqual([302, undefined]);
    expect(fromResponse(new Response(null, { status: 204 })).body).toBeUndefined();
  });

  it("answers for a handler that throws, without what it threw", async () => {
    const channel = fetchChannel(() => {
      throw new TypeError("with a secret in it");
    });
    const response = await channel.invoke(request("/"));
    expect(response.status).toBe(500);
    expect(await text(response.body)).toBe("the app's handler threw TypeError");
  });

  it("refuses methods that a Request cannot have", async () => {
    const channel = fetchChannel(() => expect.fail("called"));
    expect((await channel.invoke(request("/", { method: "TRACE" }))).status).toBe(405);
  });

  it("throws the caller's reason when it has gone", async () => {
    const caller = new AbortController();
    const channel = fetchChannel(async (given) => {
      caller.abort(new Error("left"));
      given.signal.throwIfAborted();
      return new Response();
    });
    await expect(channel.invoke(request("/", { signal: caller.signal }))).rejects.toThrow("left");
  });

  it("drops a body that GET cannot carry", () => {
    expect(toRequest(request("/", { body: new Uint8Array(3) })).body).toBeNull();
  });
});
