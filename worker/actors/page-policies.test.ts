import { afterEach, expect, it } from "vitest";
import { inMemoryStore } from "../../host/components/state/in-memory.ts";
import { FakeClock } from "../../host/fake-clock.ts";
import { nodeCore } from "../../host/node/core-module.ts";
import { givenResources } from "../../host/node/given-components.ts";
import { webPlatform } from "../../host/web-platform.ts";
import { silent } from "../../tests/mesh/memory-sockets.ts";
import { AppHost } from "../client/app-host.ts";
import type { PageConnection } from "../page-connection.ts";
import { Sidecars } from "../sidecars.ts";
import { OriginActors } from "./origin-actors.ts";
import { PageHost } from "./page-host.ts";

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const clock = new FakeClock();
const platform = { ...webPlatform(silent), clock };

const components = (policies: string, cat: string) => `apiVersion: dapr.io/v1alpha1
kind: Component
metadata: { name: statestore }
spec: { type: state.in-memory, version: v1, metadata: [{ name: actorStateStore, value: "true" }] }
---
apiVersion: dapr.io/v1alpha1
kind: Resiliency
metadata: { name: policies }
spec: { policies: ${policies}, targets: { actors: { Cat: ${cat} } } }
`;

/** Lets the ports of page and worker, which no fake clock drives, hand over what waits; a quarter of a second at a time. */
async function pass(ms: number): Promise<void> {
  for (let at = 0; at < ms; at += 250) {
    await new Promise((resolve) => setTimeout(resolve, 2));
    await clock.advance(250);
  }
}

/** A worker, and a page that hosts cats whose methods do what their names say. */
async function town(given: string) {
  const origin = new OriginActors(clock.now(), async () => true);
  const sidecars = new Sidecars({
    platform,
    core: nodeCore,
    registry: { state: [inMemoryStore] },
    rules: undefined,
    relays: { open: () => Promise.reject(new Error("no relay here")) },
    actors: origin.of,
    defaults: () => {
      throw new Error("all name their components");
    },
  });
  closing.push(() => sidecars.close());
  const resources = await givenResources(given, "the test");
  const registration = { appId: "town", namespace: "default", resources, ports: [], strict: false };
  const app = await sidecars.register({ ...registration, relay: undefined }, true);
  const calls: string[] = [];
  let failing = 0;
  const handler = async (request: Request) => {
    const { pathname } = new URL(request.url);
    if (pathname === "/dapr/config") return Response.json({ entities: ["Cat"] });
    const method = pathname.split("/").at(-1) ?? "";
    if (request.method !== "PUT") return new Response(null, { status: 200 });
    calls.push(method);
    if (method === "hang") await new Promise(() => undefined);
    if (method === "fail" && failing-- > 0) return new Response("not now", { status: 500 });
    if (method === "ask") {
      const [path, headers] = ["/v1.0/actors/Cat/1/method/fail", ["dapr-reentrancy-id", "none"]];
      const own = await host.own({ method: "POST", path, query: "", headers, body: undefined });
      return new Response(own === undefined ? "by the worker" : "in the page");
    }
    return new Response('"purr"');
  };
  const page = new AppHost({ handler }, clock, "http://localhost");
  const host = new PageHost({ platform, core: await nodeCore(), app: () => page, nudge: () => undefined });
  const connection = {
    open: true,
    clientId: "tab",
    invoke: (request: Parameters<PageHost["receive"]>[0] & { signal?: AbortSignal }) =>
      host.receive(request, request.signal),
  } as unknown as PageConnection;
  await origin.admit(app, connection, host.connect());
  const started = host.start();
  await pass(3000);
  await started;
  closing.push(async () => {
    const stopped = host.stop();
    await pass(1000);
    await stopped;
  });
  return {
    calls,
    fail(times: number) {
      failing = times;
    },
    update: async (next: string) => app.update(await givenResources(next, "the test")),
    call: async (method: string, id = "1") => {
      const path = `/v1.0/actors/Cat/${id}/method/${method}`;
      const request = { method: "POST", path, query: "", headers: [], body: undefined };
      const { status, headers, body } = await sidecars.handle(app, request);
      return { status, headers, text: new TextDecoder().decode(body as Uint8Array) };
    },
  };
}

/** The answer once so much time has passed, or that there is none. */
async function after<T>(ms: number, answer: Promise<T>): Promise<T | "none yet"> {
  await pass(ms);
  return await Promise.race([
    answer,
    new Promise<"none yet">((resolve) => setTimeout(resolve, 5, "none yet")),
  ]);
}

it("ends a turn in a page in the time that policies give it, also once they have changed", async () => {
  const cats = await town(components("{ timeouts: { short: 2s } }", "{ timeout: short }"));
  const hung = cats.call("hang");
  expect(await after(1000, hung)).toBe("none yet");
  expect(await after(1500, hung)).toMatchObject({
    status: 500,
    text: expect.stringContaining("actor type Cat did not answer within 2000 ms"),
  });
  const next = cats.call("meow");
  expect(await after(500, next)).toMatchObject({ status: 200, text: '"purr"' });

  await cats.update(components("{ timeouts: { long: 20s } }", "{ timeout: long }"));
  await pass(250);
  const longer = cats.call("hang");
  expect(await after(10_000, longer)).toBe("none yet");
  expect(await after(11_000, longer)).toMatchObject({ status: 500 });
});

it("tries an actor's call again that failed in its page, and says nothing of that to the caller", async () => {
  const often = "{ retries: { often: { duration: 1s, maxRetries: 2 } } }";
  const cats = await town(components(often, "{ retry: often }"));
  cats.fail(2);
  expect(await after(4000, cats.call("fail"))).toMatchObject({ status: 200, text: '"purr"' });
  cats.fail(3);
  const failed = await after(4000, cats.call("fail"));
  expect(failed).toMatchObject({ status: 500, text: expect.stringContaining("not now") });
  expect(failed === "none yet" || failed.headers).not.toContain("daprlet-actor");
  expect(cats.calls).toEqual(Array(6).fill("fail"));
});

it("breaks the circuit of a type whose calls fail in a page, and lets its own calls not slip by", async () => {
  const breaker = (trip: string) => `{ circuitBreakers: { b: { timeout: 5s, trip: "${trip}" } } }`;
  const target = "{ circuitBreaker: b, circuitBreakerScope: type }";
  const cats = await town(components(breaker("consecutiveFailures > 1"), target));
  cats.fail(2);
  for (let i = 0; i < 2; i++) expect(await after(500, cats.call("fail"))).toMatchObject({ status: 500 });
  const refused = expect.stringContaining("circuit breaker is open");
  expect(await after(500, cats.call("fail", "2"))).toMatchObject({ status: 500, text: refused });
  expect(cats.calls).toHaveLength(2);
  await pass(5000);
  expect(await after(500, cats.call("ask", "3"))).toMatchObject({ text: "by the worker" });
  await cats.update(components("{ timeouts: { t: 5s } }", "{ timeout: t }"));
  await pass(250);
  expect(await after(500, cats.call("ask", "3"))).toMatchObject({ text: "in the page" });
});
