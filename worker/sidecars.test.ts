import { afterEach, expect, it } from "vitest";
import { defineStore } from "../host/components/state/store.ts";
import { ComponentError } from "../host/errors/component-error.ts";
import { FakeClock } from "../host/fake-clock.ts";
import { nodeCore } from "../host/node/core-module.ts";
import { givenResources } from "../host/node/given-components.ts";
import type { LogFields } from "../host/platform.ts";
import { webPlatform } from "../host/web-platform.ts";
import type { Registration } from "./messages.ts";
import { Sidecars } from "./sidecars.ts";

const calls: LogFields[] = [];
const silent = {
  debug() {},
  info(message: string, fields: LogFields = {}) {
    if (message === "HTTP API Called") calls.push(fields);
  },
  warn() {},
  error() {},
};
const failing = { up: false };
const store = (type: `state.${string}`) =>
  defineStore({
    type,
    version: "v1",
    summary: "Opens when it can.",
    metadata: {},
    features: [],
    async open() {
      if (type === "state.failing" && !failing.up) throw new ComponentError("UNAVAILABLE", "it is down");
      return { get: () => undefined, bulkGet: () => [], write: () => [], close: async () => undefined };
    },
  });
const clock = new FakeClock();
const started: Sidecars[] = [];
afterEach(async () => {
  await Promise.all(started.splice(0).map((sidecars) => sidecars.close()));
});

/** As a worker has them that was started anew, with what it keeps. */
async function worker(registration: Registration) {
  const kept: Registration[] = [];
  const sidecars = new Sidecars({
    platform: { ...webPlatform(silent), clock },
    core: nodeCore,
    registry: { state: [store("state.sound"), store("state.failing")] },
    rules: undefined,
    relays: { open: () => Promise.reject(new Error("no relay here")) },
    defaults: () => {
      throw new Error("all of them name their components");
    },
    keep: (changed) => void kept.push(changed),
  });
  started.push(sidecars);
  const app = await sidecars.register(registration, true);
  const runtime = await app.runtime();
  const type = () => runtime.sidecar.components.state.get("s")?.resource.type;
  return { sidecars, app, type, kept };
}
const resources = (type: string) => givenResources([{ name: "s", type }], "the test");
const registered = async (): Promise<Registration> => ({
  appId: "shop",
  namespace: "default",
  resources: await resources("state.sound"),
  ports: [],
  strict: false,
  relay: undefined,
});

it("a component that an update of a page could not open is tried again, also by the next worker", async () => {
  failing.up = false;
  const first = await worker(await registered());
  await expect(first.app.update(await resources("state.failing"))).rejects.toThrow("it is down");
  expect(first.type()).toBe("state.sound");
  await first.app.close();

  const second = await worker(first.app.registration);
  await clock.advance(10_000);
  expect([second.type(), second.kept]).toEqual(["state.sound", []]);
  failing.up = true;
  await clock.advance(60_000);
  expect(second.type()).toBe("state.failing");
  expect(second.kept).toEqual([second.app.registration]);
  expect(second.app.registration.wanted).toBeUndefined();

  const third = await worker(second.app.registration);
  expect(third.type()).toBe("state.failing");
});

it("what an update could not open is forgotten where another one comes", async () => {
  failing.up = false;
  const first = await worker(await registered());
  await expect(first.app.update(await resources("state.failing"))).rejects.toThrow("it is down");
  await first.app.update(await resources("state.sound"));
  expect(first.app.registration.wanted).toBeUndefined();
  failing.up = true;
  await clock.advance(600_000);
  expect(first.type()).toBe("state.sound");
});

it("calls of the API are logged in a page, too, where a Configuration says so", async () => {
  const given = await registered();
  const call = { method: "GET", path: "/v1.0/state/s/k", query: "secret=1", headers: [], body: undefined };
  const quiet = await worker(given);
  await quiet.sidecars.handle(quiet.app, call);
  expect(calls).toEqual([]);
  const configuration = { apiLogging: { enabled: true } };
  const loud = await worker({ ...given, resources: { ...(await resources("state.sound")), configuration } });
  await loud.sidecars.handle(loud.app, call);
  expect(calls).toEqual([expect.objectContaining({ code: 204, method: "GET /v1.0/state/s/k", size: 0 })]);
});

it("access control holds between the apps of one origin", async () => {
  const policies = [
    {
      appId: "friend",
      namespace: "default",
      trustDomain: "public",
      operations: [],
      defaultAction: "allow" as const,
    },
  ];
  const configuration = { accessControl: { defaultAction: "deny" as const, policies } };
  const given = await registered();
  const { sidecars, app } = await worker({
    ...given,
    resources: { ...(await resources("state.sound")), configuration },
  });
  const reached: string[] = [];
  app.channel.add(
    {
      open: true,
      awake: true,
      invoke: async ({ path }) => {
        reached.push(path);
        return { status: 200, headers: [], body: undefined };
      },
    },
    [],
  );
  const asked = async (appId: string) => {
    const other = await sidecars.register({ ...given, appId }, true);
    const path = "/v1.0/invoke/shop/method/x";
    const request = { method: "GET", path, query: "", headers: [], body: undefined };
    return (await sidecars.handle(other, request)).status;
  };
  reached.length = 0;
  expect(await asked("friend")).toBe(200);
  expect(await asked("stranger")).toBe(403);
  expect(reached.filter((path) => path === "/x")).toEqual(["/x"]);
});

it("a relay beyond the machine in clear text is refused, unless the page allows it", async () => {
  const relay = { url: "ws://relay.example", room: "default", token: undefined };
  const given = { ...(await registered()), relay };
  await expect(worker(given)).rejects.toThrow(/the relay at relay\.example .* in clear text/);
  await expect(worker({ ...given, allowCleartext: true })).resolves.toBeDefined();
});
