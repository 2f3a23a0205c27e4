import { describe, expect, it } from "vitest";
import type { AppChannel } from "../../host/channel/app-channel.ts";
import { fetchChannel } from "../../host/channel/fetch-channel.ts";
import { createRuntime, type LocalRuntime } from "../../host/node/create-runtime.ts";

interface Seen {
  readonly line: string;
  readonly body: string;
  readonly headers: Headers;
}

const store = {
  name: "statestore",
  type: "state.in-memory",
  metadata: { actorStateStore: "true" },
};

/** An app that hosts `Cat` and `Deep`, remembers what it is sent, and lets a test answer for it. */
function cats(config: Record<string, unknown> = {}) {
  const seen: Seen[] = [];
  const state = {
    answer: async (_request: Request): Promise<Response> => new Response('"purr"'),
  };
  const app = async (request: Request): Promise<Response> => {
    const { pathname, search } = new URL(request.url);
    if (pathname === "/dapr/subscribe") return new Response(null, { status: 404 });
    if (pathname === "/dapr/config") {
      return Response.json({
        entities: ["Cat", "Deep"],
        entitiesConfig: [{ entities: ["Deep"], reentrancy: { enabled: true, maxStackDepth: 2 } }],
        ...config,
      });
    }
    const copy = request.clone();
    seen.push({
      line: `${request.method} ${pathname}${search}`,
      body: await copy.text(),
      headers: request.headers,
    });
    return await state.answer(request);
  };
  return { app, seen, state, lines: () => seen.map(({ line }) => line) };
}

async function start(
  app: (request: Request) => Promise<Response>,
  components: readonly Record<string, unknown>[] = [store],
): Promise<LocalRuntime> {
  const runtime = await createRuntime({ app, components: components as never });
  return runtime;
}

const meow = "/v1.0/actors/Cat/1/method/meow";
const tick = () => new Promise((resolve) => setTimeout(resolve, 0));

/** A promise with its resolver. */
function gate(): { opened: Promise<void>; open: () => void } {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

describe("actors of an app", () => {
  it("are called by PUT, whatever the caller's verb, with its body, query and headers", async () => {
    const { app, seen } = cats();
    const runtime = await start(app);
    for (const method of ["GET", "POST", "PUT", "DELETE"]) {
      const body = method === "GET" ? null : '{"loud":true}';
      const answer = await runtime.fetch(`${meow}?n=1`, { method, body, headers: { "x-own": "kept" } });
      expect([answer.status, await answer.text()]).toEqual([200, '"purr"']);
    }
    expect(seen.map(({ line }) => line)).toEqual(Array(4).fill("PUT /actors/Cat/1/method/meow?n=1"));
    expect(seen[1]?.body).toBe('{"loud":true}');
    expect(seen[1]?.headers.get("x-own")).toBe("kept");
    await runtime.stop();
  });

  it("take one call at a time, in the order of arrival, and other actors do not wait", async () => {
    const { app, state, lines } = cats();
    const runtime = await start(app);
    const gates = [gate(), gate()];
    let at = 0;
    state.answer = async ({ url }) => {
      if (url.includes("/Cat/1/")) await gates[at++]?.opened;
      return new Response("1");
    };
    const first = runtime.fetch(`${meow}?call=1`);
    const second = runtime.fetch(`${meow}?call=2`);
    const other = await runtime.fetch("/v1.0/actors/Cat/2/method/meow");
    expect(other.status).toBe(200);
    expect(lines().filter((line) => line.includes("/Cat/1/"))).toHaveLength(1);
    gates[0]?.open();
    await first;
    await tick();
    expect(lines().at(-1)).toContain("call=2");
    gates[1]?.open();
    expect((await second).status).toBe(200);
    await runtime.stop();
  });

  it("release the place of a caller that goes away while it waits, and of nobody else", async () => {
    const { app, state, lines } = cats();
    const runtime = await start(app);
    const running = gate();
    state.answer = async ({ url }) => {
      if (url.includes("call=1")) await running.opened;
      return new Response("1");
    };
    const leaves = new AbortController();
    const first = runtime.fetch(`${meow}?call=1`);
    const second = runtime.fetch(`${meow}?call=2`, { signal: leaves.signal });
    const third = runtime.fetch(`${meow}?call=3`);
    await tick();
    leaves.abort();
    expect((await second).status).toBe(500);
    await tick();
    expect(lines()).toEqual(["PUT /actors/Cat/1/method/meow?call=1"]);
    running.open();
    expect((await first).status).toBe(200);
    expect((await third).status).toBe(200);
    expect(lines().map((line) => line.slice(-1))).toEqual(["1", "3"]);
    await runtime.stop();
  });

  it("let the app end a turn whose caller went away before the next begins, and cut it off when it does not", async () => {
    const { app, state, lines } = cats();
    const runtime = await start(app);
    const ends = gate();
    // As over HTTP: a request that is aborted is over for the sidecar, whatever the app goes on to do.
    const aborted = (signal: AbortSignal) =>
      new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    state.answer = async ({ url, signal }) => {
      if (url.includes("call=1")) await Promise.race([ends.opened, aborted(signal)]);
      if (url.includes("call=3")) await aborted(signal);
      return new Response("1");
    };
    const leaving = (path: string) => {
      const caller = new AbortController();
      void runtime.fetch(path, { signal: caller.signal });
      return caller;
    };
    const first = leaving(`${meow}?call=1`);
    const second = runtime.fetch(`${meow}?call=2`);
    await tick();
    first.abort();
    await runtime.advance(1_999);
    expect(lines()).toEqual(["PUT /actors/Cat/1/method/meow?call=1"]);
    ends.open();
    expect((await second).status).toBe(200);
    const third = leaving(`${meow}?call=3`);
    const fourth = runtime.fetch(`${meow}?call=4`);
    await tick();
    third.abort();
    await runtime.advance(1_999);
    expect(lines().at(-1)).toContain("call=3");
    await runtime.advance(1);
    expect((await fourth).status).toBe(200);
    await runtime.stop();
  });

  it("let a chain of calls in again, to the depth that their type allows", async () => {
    const { app, state, seen } = cats();
    const runtime = await start(app);
    const held = gate();
    state.answer = async () => {
      await held.opened;
      return new Response("1");
    };
    const deep = "/v1.0/actors/Deep/1/method/dig";
    const first = runtime.fetch(deep);
    await tick();
    const chain = seen[0]?.headers.get("dapr-reentrancy-id") ?? "";
    expect(chain).not.toBe("");
    const headers = { "Dapr-Reentrancy-Id": chain };
    const second = runtime.fetch(deep, { headers });
    await tick();
    expect(seen).toHaveLength(2);
    const third = await runtime.fetch(deep, { headers });
    expect([third.status, await third.json()]).toMatchObject([500, { errorCode: "ERR_ACTOR_STACK_DEPTH" }]);
    const outside = runtime.fetch(deep);
    await tick();
    expect(seen).toHaveLength(2);
    held.open();
    for (const call of [first, second, outside]) expect((await call).status).toBe(200);
    await runtime.stop();
  });

  it("tell what went wrong in the app as Dapr does, and the next turn runs", async () => {
    const { app, state } = cats();
    const runtime = await start(app);
    for (const [status, message] of [
      [500, "error invoke actor method: error from actor service: (500) broken"],
      [404, "error invoke actor method: actor method not found: meow"],
    ] as const) {
      state.answer = async () => new Response("broken", { status });
      const answer = await runtime.fetch(meow);
      expect([answer.status, await answer.json()]).toEqual([
        500,
        { errorCode: "ERR_ACTOR_INVOKE_METHOD", message },
      ]);
    }
    state.answer = async () =>
      new Response('{"reason":"own"}', { status: 409, headers: { "X-DaprErrorResponseHeader": "true" } });
    const own = await runtime.fetch(meow);
    expect([own.status, await own.json()]).toEqual([409, { reason: "own" }]);
    state.answer = async () => new Response("1");
    expect((await runtime.fetch(meow)).status).toBe(200);
    await runtime.stop();
  });

  it("are deactivated once they were idle for their time, and not while a call is under way", async () => {
    const { app, state, lines } = cats({ actorIdleTimeout: "10s" });
    const runtime = await start(app);
    await runtime.fetch(meow);
    await runtime.advance(9_000);
    const held = gate();
    state.answer = async () => {
      await held.opened;
      return new Response("1");
    };
    const long = runtime.fetch(meow);
    await runtime.advance(60_000);
    expect(lines().filter((line) => line.startsWith("DELETE"))).toEqual([]);
    held.open();
    await long;
    state.answer = async () => new Response(null);
    await runtime.advance(9_999);
    expect(lines()).toHaveLength(2);
    await runtime.advance(2);
    expect(lines().at(-1)).toBe("DELETE /actors/Cat/1");
    const metadata = await (await runtime.fetch("/v1.0/metadata")).json();
    expect(metadata.actorRuntime).toMatchObject({
      runtimeStatus: "RUNNING",
      hostReady: true,
      activeActors: [
        { type: "Cat", count: 0 },
        { type: "Deep", count: 0 },
      ],
    });
    await runtime.stop();
  });

  it.each([
    ["what it hosts", ["Cat"], true],
    ["that it hosts none", [], false],
  ])("are being initialised until the app has said %s", async (_, entities, hostReady) => {
    const asked = gate();
    const app = fetchChannel(async ({ url }) => {
      if (!url.endsWith("/dapr/config")) return new Response(null, { status: 404 });
      await asked.opened;
      return Response.json({ entities });
    });
    const runtime = await createRuntime({ app, components: [store] as never });
    const told = async () => (await (await runtime.fetch("/v1.0/metadata")).json()).actorRuntime;
    expect(await told()).toMatchObject({ runtimeStatus: "INITIALIZING", hostReady: false, placement: "" });
    asked.open();
    await runtime.appReady;
    expect(await told()).toMatchObject({ runtimeStatus: "RUNNING", hostReady });
    await runtime.stop();
  });

  it("are all deactivated when the sidecar stops", async () => {
    const { app, lines } = cats();
    const runtime = await start(app);
    for (const id of ["1", "2"]) await runtime.fetch(`/v1.0/actors/Cat/${id}/method/meow`);
    await runtime.stop();
    expect(
      lines()
        .filter((line) => line.startsWith("DELETE"))
        .sort(),
    ).toEqual(["DELETE /actors/Cat/1", "DELETE /actors/Cat/2"]);
  });

  it("are hosted by others while the app's health checks fail, and here again when they pass", async () => {
    const { app, lines } = cats();
    const watchers: ((healthy: boolean) => void)[] = [];
    const channel: AppChannel = { ...fetchChannel(app), watch: (changed) => void watchers.push(changed) };
    const tell = (healthy: boolean) => {
      for (const changed of watchers) changed(healthy);
    };
    const runtime = await createRuntime({ app: channel, components: [store] });
    await runtime.appReady;
    const { actors } = runtime.sidecar;
    await runtime.fetch(meow);
    tell(false);
    await runtime.advance(1_000);
    expect(lines().at(-1)).toBe("DELETE /actors/Cat/1");
    const call = runtime.fetch(meow);
    await runtime.advance(1_000);
    expect(lines().at(-1)).toBe("DELETE /actors/Cat/1");
    tell(true);
    await runtime.advance(1_000);
    expect((await call).status).toBe(200);
    expect(actors?.status.hostReady).toBe(true);
    await runtime.stop();
  });

  it("of no known type are looked for as long as Dapr does, and then named", async () => {
    const { app } = cats();
    const runtime = await start(app);
    const call = runtime.fetch("/v1.0/actors/Dog/1/method/bark");
    await runtime.advance(4_900);
    let answered = false;
    void call.then(() => {
      answered = true;
    });
    await tick();
    expect(answered).toBe(false);
    await runtime.advance(200);
    const answer = await call;
    expect([answer.status, await answer.json()]).toEqual([
      500,
      {
        errorCode: "ERR_ACTOR_INVOKE_METHOD",
        message: "error invoke actor method: did not find address for actor 'Dog||1'",
      },
    ]);
    await runtime.stop();
  });

  it.each(["a%2Fb", "a%5Cb", "a%23b", "a%3Fb", "%00", "a%0Ab"])("have no id %s", async (id) => {
    const { app, seen } = cats();
    const runtime = await start(app);
    const answer = await runtime.fetch(`/v1.0/actors/Cat/${id}/method/meow`);
    expect(answer.status).toBe(400);
    expect((await answer.json()).errorCode).toBe("ERR_BAD_REQUEST");
    expect(seen).toEqual([]);
    await runtime.stop();
  });

  it("have no type that could be taken for another one's id", async () => {
    const { app, seen } = cats({ entities: ["Cat", "Cat|", "A||B", "a/b", ".."] });
    const runtime = await start(app);
    const { actorRuntime } = await (await runtime.fetch("/v1.0/metadata")).json();
    expect(actorRuntime.activeActors).toEqual([{ type: "Cat", count: 0 }]);
    expect(seen).toEqual([]);
    await runtime.stop();
  });

  it("may have ids of bars, other scripts and 60 KB", async () => {
    const { app, lines } = cats();
    const runtime = await start(app);
    const ids = ["a||b", "__proto__", "кіт", "x".repeat(60_000)];
    for (const id of ids) {
      const answer = await runtime.fetch(`/v1.0/actors/Cat/${encodeURIComponent(id)}/method/meow`);
      expect(answer.status).toBe(200);
    }
    const got = lines().map((line) => decodeURIComponent(line.split("/")[3] as string));
    expect(got).toEqual(ids);
    await runtime.stop();
  });
});

describe("actors, to other instances", () => {
  const ask = (method: string, path: string, text?: string) => ({
    ...{ method, path, query: "", headers: ["daprlet-actor", "1"] },
    body: text === undefined ? undefined : new TextEncoder().encode(text),
  });
  const other = { appId: "other", namespace: "default" };

  it("can be called, but their state is neither read nor written", async () => {
    const { app } = cats();
    const runtime = await start(app);
    await runtime.fetch(meow);
    await transact(runtime, [{ operation: "upsert", request: { key: "meal", value: "fish" } }]);
    expect((await runtime.receive(ask("PUT", meow), other)).status).toBe(200);
    expect((await runtime.receive(ask("GET", `${stateUrl}/meal`), other)).status).toBe(501);
    const taken = '[{"operation":"delete","request":{"key":"meal"}}]';
    expect((await runtime.receive(ask("POST", stateUrl, taken), other)).status).toBe(501);
    expect(await (await runtime.fetch(`${stateUrl}/meal`)).text()).toBe('"fish"');
    await runtime.stop();
  });

  it("have not moved because their app says so: it would be called again and again", async () => {
    const { app, state } = cats();
    const runtime = await start(app);
    state.answer = async () => new Response("1", { headers: { "daprlet-actor": "moved" } });
    const { status, headers } = await runtime.receive(ask("PUT", meow), other);
    expect([status, headers]).toEqual([200, expect.not.arrayContaining(["daprlet-actor"])]);
    await runtime.stop();
  });

  it("tell what a caller's policy may try again from what it may not", async () => {
    const { app, state } = cats();
    const runtime = await start(app);
    const told = async (status: number, headers = {}) => {
      state.answer = async () => new Response("1", { status, headers });
      const answer = await runtime.receive(ask("PUT", meow), other);
      return [answer.status, answer.headers.includes("failed")];
    };
    expect(await told(503)).toEqual([500, true]);
    expect(await told(404)).toEqual([500, false]);
    expect(await told(503, { "x-daprerrorresponseheader": "true" })).toEqual([503, false]);
    await runtime.stop();
  });
});

const stateUrl = "/v1.0/actors/Cat/1/state";

function transact(runtime: LocalRuntime, operations: unknown, url = stateUrl): Promise<Response> {
  return runtime.fetch(url, { method: "POST", body: JSON.stringify(operations) });
}

describe("the state of actors", () => {
  const upsert = (key: string, value: unknown, more: object = {}) => ({
    operation: "upsert",
    request: { key, value, ...more },
  });

  it("is written all or nothing under Dapr's keys, by an actor that is active", async () => {
    const { app } = cats();
    const runtime = await start(app);
    const inactive = await transact(runtime, [upsert("meal", "fish")]);
    expect([inactive.status, (await inactive.json()).errorCode]).toEqual([400, "ERR_ACTOR_INSTANCE_MISSING"]);
    await runtime.fetch(meow);
    const saved = await transact(runtime, [
      upsert("meal", "fish"),
      upsert("color", "grey"),
      upsert("lazy", 1),
    ]);
    expect([saved.status, await saved.text()]).toEqual([204, ""]);
    const color = await runtime.fetch(`${stateUrl}/color`);
    expect([color.status, await color.text(), color.headers.get("etag")]).toEqual([200, '"grey"', null]);
    const { component } = runtime.sidecar.components.state.get("statestore") as NonNullable<
      ReturnType<typeof runtime.sidecar.components.state.get>
    >;
    const keys = ["meal", "color", "lazy"].map((key) => `app||Cat||1||${key}`);
    const found = await component.bulkGet(keys);
    expect(found.map((item) => new TextDecoder().decode(item?.value))).toEqual(['"fish"', '"grey"', "1"]);
    const mixed = await transact(runtime, [
      { operation: "delete", request: { key: "meal" } },
      upsert("color", "black", { etag: "wrong" }),
    ]);
    expect((await mixed.json()).errorCode).toBe("ERR_ACTOR_STATE_TRANSACTION_SAVE");
    expect(await (await runtime.fetch(`${stateUrl}/meal`)).text()).toBe('"fish"');
    expect((await runtime.fetch(`${stateUrl}/none`)).status).toBe(204);
    await runtime.stop();
  });

  it("expires by its time to live", async () => {
    const { app } = cats();
    const runtime = await start(app);
    await runtime.fetch(meow);
    await transact(runtime, [upsert("meal", "fish", { metadata: { ttlInSeconds: "10" } })]);
    const before = await runtime.fetch(`${stateUrl}/meal`);
    expect(before.headers.get("metadata.ttlexpiretime")).toBe("2026-01-01T00:00:10Z");
    await runtime.advance(11_000);
    expect((await runtime.fetch(`${stateUrl}/meal`)).status).toBe(204);
    await runtime.stop();
  });

  it.each([
    ["no JSON", "{", 400, "ERR_MALFORMED_REQUEST"],
    ["nothing", "", 400, "ERR_MALFORMED_REQUEST"],
    ["no array", '{"operation":"upsert"}', 400, "ERR_MALFORMED_REQUEST"],
    ["two documents", '[]} , {"operations":[]', 400, "ERR_MALFORMED_REQUEST"],
    [
      "another operation",
      '[{"operation":"read","request":{"key":"a"}}]',
      500,
      "ERR_ACTOR_STATE_TRANSACTION_SAVE",
    ],
    [
      "a key that reaches into another actor",
      '[{"operation":"upsert","request":{"key":"2||a"}}]',
      400,
      "ERR_BAD_REQUEST",
    ],
    ["no key", '[{"operation":"upsert","request":{}}]', 400, "ERR_MALFORMED_REQUEST"],
  ])("is refused where the body has %s", async (_what, body, status, errorCode) => {
    const { app } = cats();
    const runtime = await start(app);
    await runtime.fetch(meow);
    const answer = await runtime.fetch(stateUrl, { method: "POST", body });
    expect([answer.status, (await answer.json()).errorCode]).toEqual([status, errorCode]);
    await runtime.stop();
  });

  it.each([
    [500, "without the feature ActorStateTTL", "HotReload"],
    [204, "with it", "ActorStateTTL"],
  ])("answers %i to a ttl where all is to be exactly Dapr's, %s", async (status, _, name) => {
    const metadata = { name: "statestore" };
    const spec = { type: "state.in-memory", metadata: [{ name: "actorStateStore", value: "true" }] };
    const yaml = [
      { apiVersion: "dapr.io/v1alpha1", kind: "Component", metadata, spec },
      { kind: "Configuration", metadata, spec: { features: [{ name, enabled: true }] } },
    ].map((resource) => JSON.stringify(resource));
    const runtime = await createRuntime({ app: cats().app, components: yaml.join("\n---\n"), strict: true });
    await runtime.fetch(meow);
    const answer = await transact(runtime, [upsert("meal", "fish", { metadata: { ttlInSeconds: "10" } })]);
    expect(answer.status).toBe(status);
    const { enabledFeatures } = await (await runtime.fetch("/v1.0/metadata")).json();
    expect(enabledFeatures.includes("ActorStateTTL")).toBe(status === 204);
    await runtime.stop();
  });

  it("has no place without a store that is marked for actors", async () => {
    const { app } = cats();
    const runtime = await start(app, [{ name: "statestore", type: "state.in-memory", metadata: {} }]);
    const answer = await runtime.fetch(`${stateUrl}/a`);
    expect([answer.status, (await answer.json()).errorCode]).toEqual([500, "ERR_ACTOR_RUNTIME_NOT_FOUND"]);
    const { actorRuntime } = await (await runtime.fetch("/v1.0/metadata")).json();
    expect(actorRuntime).toMatchObject({ runtimeStatus: "DISABLED", hostReady: false });
    await runtime.stop();
  });
});
