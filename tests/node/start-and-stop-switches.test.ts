import { describe, expect, it } from "vitest";
import type { AppChannel } from "../../host/channel/app-channel.ts";
import { fetchChannel } from "../../host/channel/fetch-channel.ts";
import { FakeClock } from "../../host/fake-clock.ts";
import { wantsEvents } from "../../host/input-bindings/probe.ts";
import { blockStop } from "../../host/node/block-stop.ts";
import { parseArguments } from "../../host/node/cli/arguments.ts";
import { startSidecar } from "../../host/node/start-sidecar.ts";
import { watchResources } from "../../host/node/watch-resources.ts";
import { noResources } from "../../host/resources/resources.ts";
import type { Sidecar } from "../../host/sidecar.ts";

const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

describe("switches for the start and the stop", () => {
  it.each([
    [undefined, ["/dapr/subscribe"]],
    [{ subscriptions: false }, []],
  ])("asks the app for its subscriptions unless told otherwise: %j", async (asking, expected) => {
    const asked: string[] = [];
    const app = ({ url }: Request) => {
      asked.push(new URL(url).pathname);
      return new Response(null, { status: 404 });
    };
    const sidecar = await startSidecar({ appId: "shop", log, app, ...(asking && { asking }) });
    await sidecar.runtime.appReady;
    expect(asked.filter((path) => path !== "/dapr/config")).toEqual(expected);
    await sidecar.stop();
  });

  it("leaves everything as it is for as long as the stop is blocked", async () => {
    const clock = new FakeClock();
    const sidecar = await startSidecar({ appId: "shop", log, clock, blockShutdownMs: 5_000 });
    const stopped = sidecar.stop();
    await clock.advance(4_999);
    expect((await fetch(`${sidecar.url}/v1.0/healthz`)).status).toBe(204);
    await clock.advance(1);
    await stopped;
    await expect(fetch(`${sidecar.url}/v1.0/healthz`)).rejects.toThrow();
  });

  it("tells the caller it still answers to ask no more on its connection", async () => {
    let answer = () => {};
    const gate = new Promise<void>((resolve) => {
      answer = resolve;
    });
    let called = false;
    const app = async ({ url }: Request) => {
      if (!url.endsWith("/slow")) return new Response(null, { status: 404 });
      called = true;
      await gate;
      return new Response("done");
    };
    const sidecar = await startSidecar({ appId: "shop", log, app });
    const answered = fetch(`${sidecar.url}/v1.0/invoke/shop/method/slow`);
    await expect.poll(() => called).toBe(true);
    const stopped = sidecar.stop();
    await expect.poll(() => fetch(`${sidecar.url}/v1.0/healthz`).catch(() => "closed")).toBe("closed");
    answer();
    const { status, headers } = await answered;
    expect([status, headers.get("connection")]).toEqual([200, "close"]);
    await stopped;
  });

  it.each([
    ["a call that hangs", "/v1.0/invoke/shop/method/hang", false],
    ["an event that hangs", "/v1.0/publish/pubsub/hang", false],
    ["nothing under way", "/v1.0/metadata", true],
  ])("says whether its time was enough: %s", async (_, path, enough) => {
    let hangs = false;
    const app = async ({ url }: Request) => {
      const { pathname } = new URL(url);
      if (pathname === "/dapr/subscribe")
        return Response.json([{ pubsubname: "pubsub", topic: "hang", route: "/hang" }]);
      if (pathname !== "/hang") return new Response(null, { status: 404 });
      hangs = true;
      return new Promise<Response>(() => {});
    };
    const sidecar = await startSidecar({ appId: "shop", log, app, gracefulShutdownMs: 100 });
    await sidecar.runtime.appReady;
    const method = path.includes("publish") ? "POST" : "GET";
    fetch(`${sidecar.url}${path}`, { method }).catch(() => undefined);
    if (!enough) await expect.poll(() => hangs).toBe(true);
    expect(await sidecar.stop()).toBe(enough);
  });

  it("begins the stop when the app's health checks fail", async () => {
    const watchers: ((healthy: boolean) => void)[] = [];
    const app: AppChannel = {
      ...fetchChannel(() => new Response()),
      watch: (changed) => watchers.push(changed),
    };
    let ended = false;
    const blocked = blockStop(60_000, app, new FakeClock(), log).then(() => {
      ended = true;
    });
    watchers[0]?.(true);
    await Promise.resolve();
    expect(ended).toBe(false);
    watchers[0]?.(false);
    await blocked;
  });

  it("gives the app as long as it is told to say whether it wants a binding's events", async () => {
    const clock = new FakeClock();
    const app = fetchChannel(() => new Promise<Response>(() => {}));
    const sidecar = { platform: { clock }, asking: { bindingProbeMs: 100 } } as unknown as Sidecar;
    const asked = wantsEvents(app, { path: "/tick", query: "" }, sidecar, new AbortController().signal);
    const failed = expect(asked).rejects.toThrow("OPTIONS /tick was not answered within 100 ms");
    await clock.advance(100);
    await failed;
  });

  it("reads resources again at the interval it is told, though nobody saw them change", async () => {
    const clock = new FakeClock();
    let read = 0;
    const found = {
      resources: noResources,
      reload: async () => {
        read++;
        return noResources;
      },
    };
    const update = async () => {};
    const watching = watchResources({
      ...{ paths: [], watched: true, found, clock, log, update, reconcileMs: 60_000 },
    });
    await clock.advance(59_000);
    const before = read;
    await clock.advance(121_000);
    expect(read - before).toBe(3);
    await watching.close();
    await clock.advance(600_000);
    expect(read - before).toBe(3);
  });

  it.each([
    ["90s", 90_000],
    ["1m30s", 90_000],
    ["0s", undefined],
    ["-1s", undefined],
  ])("reads the duration %s", (text, ms) => {
    const { given } = parseArguments(["--dapr-block-shutdown-duration", text]);
    expect(given.duration("dapr-block-shutdown-duration")).toBe(ms);
  });

  it("refuses what is no duration by the switch's name", () => {
    const { given } = parseArguments(["--dapr-block-shutdown-duration", "90"]);
    expect(() => given.duration("dapr-block-shutdown-duration")).toThrow(
      "--dapr-block-shutdown-duration takes a duration such as 30s, not 90",
    );
  });
});
