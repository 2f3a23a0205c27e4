import { afterEach } from "vitest";
import { inMemoryStore } from "../../host/components/state/in-memory.ts";
import { FakeClock } from "../../host/fake-clock.ts";
import { nodeCore } from "../../host/node/core-module.ts";
import { givenResources } from "../../host/node/given-components.ts";
import { webPlatform } from "../../host/web-platform.ts";
import { OriginActors } from "../../worker/actors/origin-actors.ts";
import { PageHost } from "../../worker/actors/page-host.ts";
import { AppHost } from "../../worker/client/app-host.ts";
import { metrics } from "../../worker/metrics.ts";
import type { PageConnection } from "../../worker/page-connection.ts";
import { Sidecars } from "../../worker/sidecars.ts";
import { silent } from "../mesh/memory-sockets.ts";
import { samplesOf } from "../telemetry/scrape.ts";

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const clock = new FakeClock();
const platform = { ...webPlatform(silent), clock };

/** Ports hand over a message a turn of the event loop, and what is said and answered takes a few. */
async function handedOver(): Promise<void> {
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
}

/** Lets time pass, and the ports of page and worker, which no fake clock drives, hand over what waits. */
export async function pass(ms: number): Promise<void> {
  for (let at = 0; at < ms; at += 250) {
    await handedOver();
    await clock.advance(250);
  }
}

/** A worker, and a page that hosts cats whose methods do what their names say. */
export async function town(given: string) {
  const origin = new OriginActors(clock.now(), async () => true);
  const measured = metrics("https://site.test/", platform);
  const sidecars = new Sidecars({
    platform,
    core: nodeCore,
    registry: { state: [inMemoryStore] },
    rules: undefined,
    relays: { open: () => Promise.reject(new Error("no relay here")) },
    actors: origin.of,
    meters: measured.of,
    defaults: () => {
      throw new Error("all name their components");
    },
  });
  closing.push(() => sidecars.close());
  const resources = await givenResources(given, "the test");
  const registration = { appId: "town", namespace: "default", resources, ports: [], strict: false };
  const app = await sidecars.register({ ...registration, relay: undefined }, true);
  const calls: string[] = [];
  const hanging: (() => void)[] = [];
  let failing = 0;
  const handler = async (request: Request) => {
    const { pathname } = new URL(request.url);
    if (pathname === "/dapr/config") return Response.json({ entities: ["Cat"] });
    const method = pathname.split("/").at(-1) ?? "";
    if (request.method !== "PUT") return new Response(null, { status: 200 });
    calls.push(method);
    if (method === "hang") await new Promise<void>((resolve) => hanging.push(resolve));
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
    for (const end of hanging) end();
    const stopped = host.stop();
    await pass(1000);
    await stopped;
  });
  const ask = async (of: string, text = "") => {
    const body = text === "" ? undefined : new TextEncoder().encode(text);
    const request = { method: "POST", path: `/v1.0/actors/Cat/${of}`, query: "", headers: [], body };
    const { status, headers, body: answer } = await sidecars.handle(app, request);
    return { status, headers, text: new TextDecoder().decode(answer as Uint8Array) };
  };
  return {
    calls,
    fail(times: number) {
      failing = times;
    },
    samples: async () => {
      const url = "https://site.test/__daprlet/metrics";
      return samplesOf((await (await measured.scrape({ url, method: "GET" }))?.text()) ?? "");
    },
    update: async (next: string) => app.update(await givenResources(next, "the test")),
    call: (method: string, id = "1") => ask(`${id}/method/${method}`),
    set: (what: string, to: object) => ask(`1/${what}`, JSON.stringify(to)),
  };
}

/** The answer once so much time has passed, or that there is none. */
export async function after<T>(ms: number, answer: Promise<T>): Promise<T | "none yet"> {
  await pass(ms);
  return await Promise.race([answer, handedOver().then(() => "none yet" as const)]);
}
