import { afterEach, describe, expect, it } from "vitest";
import { givenResources } from "../../host/node/given-components.ts";
import type { LocalRuntime } from "../../host/node/index.ts";
import { Pipelines } from "../../host/pipelines.ts";
import { type Given, startWith, Told, yaml } from "./sidecar.ts";

let runtime: LocalRuntime | undefined;
afterEach(() => runtime?.stop());

let told: Told;
async function start(
  components: readonly Given[],
  http: readonly string[] = [],
  app: readonly string[] = [],
  handler?: (request: Request) => Response | Promise<Response>,
): Promise<LocalRuntime> {
  told = new Told();
  runtime = await startWith(told, yaml(components, http, app), handler);
  return runtime;
}

const resources = (...given: Parameters<typeof yaml>) => givenResources(yaml(...given), "update()");
const a = { name: "a" };
const b = { name: "b" };
const invoke = "/v1.0/invoke/shop/method/x";
const echo = (request: Request) => new Response(request.headers.get("x-passed"));

describe("a pipeline", () => {
  it("is passed in its order on the way in, and in reverse on the way out", async () => {
    const sidecar = await start([a, b], ["b", "a"]);
    const answer = await sidecar.fetch("/v1.0/metadata");
    expect(answer.status).toBe(200);
    expect(told.take()).toEqual([">b", ">a", "<a", "<b"]);
    expect(answer.headers.get("x-passed")).toBe("a, b");
  });

  it("in front of the app is passed by invocations, events and the questions for subscriptions, not by the API", async () => {
    const paths: string[] = [];
    const sidecar = await start([a, b], ["a"], ["b"], (request) => {
      const { pathname } = new URL(request.url);
      paths.push(pathname);
      if (pathname === "/dapr/subscribe") {
        return Response.json([{ pubsubname: "pubsub", topic: "t", route: "/on" }]);
      }
      return echo(request);
    });
    expect(new Set(told.take())).toEqual(new Set([">b", "<b"]));
    expect(await (await sidecar.fetch(invoke)).text()).toBe("a, b");
    expect(told.take()).toEqual([">a", ">b", "<b", "<a"]);
    await sidecar.fetch("/v1.0/publish/pubsub/t", { method: "POST", body: "1" });
    await expect.poll(() => told.events.filter((event) => event === "<b").length).toBe(1);
    expect(told.take().sort()).toEqual(["<a", "<b", ">a", ">b"]);
    expect(paths.slice(0, 2).sort()).toEqual(["/dapr/config", "/dapr/subscribe"]);
    expect(paths.slice(2)).toEqual(["/x", "/on"]);
  });

  it("of the callee is passed by another instance's call, its httpPipeline is not", async () => {
    const sidecar = await start([a, b], ["a"], ["b"], echo);
    told.take();
    const call = { method: "GET", path: "/x", query: "", headers: [], body: undefined };
    await sidecar.receive(call, { appId: "other", namespace: "default" });
    expect(told.take()).toEqual([">b", "<b"]);
  });

  it("comes after the token, and cannot lead past it", async () => {
    told = new Told();
    const { createRuntime } = await import("../../host/node/index.ts");
    const routes = JSON.stringify({ "/v1.0/healthz": "/v1.0/metadata", "/free": "/v1.0/metadata" });
    runtime = await createRuntime({
      apiToken: "secret",
      components: yaml([{ name: "alias", type: "routeralias", metadata: { routes } }], ["alias"]),
    });
    const status = async (path: string, headers = {}) => (await runtime?.fetch(path, { headers }))?.status;
    expect(await status("/free")).toBe(401);
    expect(await status("/v1.0/healthz")).toBe(401);
    expect(await status("/free", { "dapr-api-token": "secret" })).toBe(200);
  });

  it.each([
    [
      "a component that is not there",
      [a],
      ["a", "gone"],
      /httpPipeline names middleware gone \(middleware\.http\.mark\/v1; createRuntime\(\), document 4, line \d+\)/,
    ],
    ["one of another type", [a], ["a/uppercase"], /the component of that name is middleware\.http\.mark\/v1/],
    ["one of another app", [{ ...a, scopes: ["other"] }], ["a"], /no component of this app/],
  ] as const)("that names %s ends the start", async (_, components, http, message) => {
    told = new Told();
    await expect(startWith(told, yaml(components, http))).rejects.toThrow(message);
    expect(told.take()).toEqual([]);
  });

  it("is not slipped by while components open", async () => {
    const { sidecar } = await start([]);
    const pipelines = new Pipelines(sidecar, await resources([a], ["a"], ["a"]));
    const request = { method: "GET", path: "/x", query: "", headers: [], body: undefined };
    const next = () => expect.fail("let through");
    expect((await pipelines.http?.(request, next))?.status).toBe(503);
    expect((await pipelines.app?.(request, next))?.status).toBe(503);
  });

  it("with a step that was not opened, and may be left out, refuses instead of letting through", async () => {
    const broken = { name: "check", metadata: { label: "broken" }, ignoreErrors: true };
    const sidecar = await start([a, broken], ["a", "check"]);
    const answer = await sidecar.fetch("/v1.0/metadata");
    expect(answer.status).toBe(503);
    expect(await answer.json()).toMatchObject({
      errorCode: "ERR_MIDDLEWARE_UNAVAILABLE",
      message: expect.stringContaining("middleware check of the httpPipeline"),
    });
    expect(told.take()).toEqual([">a", "<a"]);
    expect(told.errors.at(-1)).toMatch(/what comes to it is answered 503/);
  });
});

describe("an update", () => {
  it("takes a component's new form, and another order, and closes what is out", async () => {
    const sidecar = await start([a, b], ["a"]);
    await sidecar.update(await resources([{ ...a, metadata: { label: "2" } }, b], ["b", "a"]));
    expect(told.take()).toEqual(["closed a"]);
    await sidecar.fetch("/v1.0/healthz");
    expect(told.take()).toEqual([">b", ">a2", "<a2", "<b"]);
    await sidecar.update(await resources([b], ["b"]));
    expect(told.take()).toEqual(["closed a2"]);
    await sidecar.update(await resources([b]));
    await sidecar.fetch("/v1.0/healthz");
    expect(told.take()).toEqual([]);
  });

  it("waits for a request under way before the old one closes, and fails none", async () => {
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const sidecar = await start([a], ["a"], [], async (request) => {
      if (request.url.endsWith("/x")) await held;
      return new Response("ok");
    });
    const slow = sidecar.fetch(invoke);
    await expect.poll(() => told.events).toContain(">a");
    const updating = sidecar.update(await resources([{ ...a, metadata: { label: "2" } }], ["a"]));
    for (let i = 0; i < 50; i++) expect((await sidecar.fetch("/v1.0/healthz")).status).toBe(204);
    expect(told.events).not.toContain("closed a");
    release();
    expect((await slow).status).toBe(200);
    await updating;
    expect(told.events.at(-1)).toBe("closed a");
    expect(told.events).toContain(">a2");
  });

  it("that names what is not there changes nothing", async () => {
    const sidecar = await start([a], ["a"]);
    const wrong = await resources([], ["gone"]);
    await expect(sidecar.update(wrong)).rejects.toThrow(/httpPipeline names middleware gone/);
    await sidecar.fetch("/v1.0/healthz");
    expect(told.take()).toEqual([">a", "<a"]);
  });

  const broken = { name: "new", metadata: { label: "broken" } };
  it("whose new middleware does not open leaves the pipeline as it was", async () => {
    const sidecar = await start([a], ["a"]);
    await sidecar.update(await resources([a, broken], ["a", "new"]));
    expect(told.errors.at(-1)).toMatch(
      /httpPipeline has a step that is not open, middleware new .*: it stays as it was/,
    );
    await sidecar.fetch("/v1.0/healthz");
    expect(told.take()).toEqual([">a", "<a"]);
  });

  it("takes the new form of what the old pipeline has, though another does not open, and complains once", async () => {
    const sidecar = await start([a], ["a"]);
    const renewed = { ...a, metadata: { label: "2" } };
    for (let i = 0; i < 2; i++) await sidecar.update(await resources([renewed, broken], ["a", "new"]));
    expect(told.take()).toEqual(["closed a"]);
    await sidecar.fetch("/v1.0/healthz");
    expect(told.take()).toEqual([">a2", "<a2"]);
    expect(told.errors.filter((error) => error.startsWith("httpPipeline"))).toHaveLength(1);
  });

  it("that also takes away what the old pipeline needs refuses instead of letting through", async () => {
    const sidecar = await start([a], ["a"]);
    await sidecar.update(await resources([broken], ["new"]));
    expect((await sidecar.fetch("/v1.0/healthz")).status).toBe(503);
    await sidecar.update(await resources([{ name: "new" }], ["new"]));
    expect((await sidecar.fetch("/v1.0/healthz")).status).toBe(204);
  });
});

describe("routes of any middleware", () => {
  const only = (onlyFor: string, exceptFor?: string) => [
    { ...a, metadata: { onlyFor, ...(exceptFor !== undefined && { exceptFor }) } },
  ];

  it.each([
    ["/v1.0/state/statestore/k", true],
    ["/v1.0//state/./x/../statestore/k", true],
    ["/v1.0/%73tate/statestore/k", true],
    ["/v1.0/state/statestore", false],
    ["/v1.0/state/other/k", false],
    ["/v1.0/invoke/shop/method/x", true],
    ["/v1.0/invoke/shop.default/method/x/y", true],
    ["/v1.0/invoke/other/method/x", false],
    ["/v1.0/invoke/other.shop/method/x", false],
    ["/v1.0/healthz", false],
  ] as const)("%s: %s", async (path, passes) => {
    const sidecar = await start(
      only("/v1.0/state/statestore/*, /v1.0/invoke/shop/method/**"),
      ["a"],
      [],
      echo,
    );
    await sidecar.fetch(path);
    expect(told.take().length > 0).toBe(passes);
  });

  it("know an invocation by a header, too", async () => {
    const sidecar = await start(
      only("/v1.0/invoke/shop/**", "/v1.0/invoke/shop/method/open"),
      ["a"],
      [],
      echo,
    );
    for (const headers of [
      { "dapr-app-id": "shop" },
      { authorization: `Basic ${btoa("dapr-app-id:shop")}` },
    ]) {
      await sidecar.fetch("/any", { headers });
      expect(told.take()).toEqual([">a", "<a"]);
      await sidecar.fetch("/open", { headers });
      expect(told.take()).toEqual([]);
    }
  });

  it.each([
    ["POST", "/v1.0/publish/orders", "a path of the book's form that names no pub/sub"],
    ["GET", "/v1.0/state/statestore/k", "a part of the API that is forbidden"],
    ["GET", "/v1.0/invoke/outside.elsewhere/method/x", "an HTTPEndpoint of any namespace"],
    ["GET", "/v1.0/invoke/HTTP:%2F%2FServer.invalid:80%2F/method/x", "a server in another spelling"],
  ])("%s %s is what it leads to: %s", async (method, path) => {
    told = new Told();
    const known = [
      yaml(only("/v1.0/invoke/shop/**, /v1.0/invoke/outside/**, /v1.0/invoke/http:/**"), ["a"]),
      "kind: Configuration\nmetadata: {name: c}\nspec: {api: {denied: [{name: state, version: v1.0, protocol: http}]}}",
      "kind: HTTPEndpoint\nmetadata: {name: outside}\nspec: {baseUrl: 'http://server.invalid'}",
    ].join("\n---\n");
    runtime = await startWith(told, known, echo);
    await runtime.fetch(path, { method, headers: path.includes("invoke") ? {} : { "dapr-app-id": "shop" } });
    expect(told.take()).toEqual([">a", "<a"]);
  });

  it("are the app's own paths in front of it", async () => {
    const sidecar = await start(only("/x/*"), [], ["a"], echo);
    await sidecar.fetch(`${invoke}/1`);
    expect(told.take()).toEqual([">a", "<a"]);
    await sidecar.fetch(invoke);
    expect(told.take()).toEqual([]);
  });

  it.each(["v1.0", "/a/b*", "/a/**/b", "", "/a,,/b"])("%j is refused", async (onlyFor) => {
    told = new Told();
    const given = yaml([{ ...a, metadata: { onlyFor } }], ["a"]);
    await expect(startWith(told, given)).rejects.toThrow(
      /component a: metadata field onlyFor: expected paths/,
    );
  });
});

it("errors in the section of a Configuration name line and field", async () => {
  const text = (handlers: string) =>
    `apiVersion: dapr.io/v1alpha1\nkind: Configuration\nmetadata:\n  name: c\nspec:\n  httpPipeline:\n    handlers: ${handlers}\n`;
  const refused = (handlers: string) => expect(givenResources(text(handlers), "c.yaml")).rejects.toThrow;
  await refused("x")(/c\.yaml, document 1, line 7: spec\.httpPipeline\.handlers must be a list/);
  await refused("[1]")(/line 7: spec\.httpPipeline\.handlers\.0 must be an entry with name and type/);
  await refused("[{name: a}]")(/handlers\.0\.type is required/);
});
