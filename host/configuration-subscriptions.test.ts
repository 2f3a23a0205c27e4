import { describe, expect, it } from "vitest";
import {
  ConfigurationSubscriptions,
  type KeptSubscription,
  type SubscriptionRecords,
} from "./configuration-subscriptions.ts";
import { createRuntime, type LocalRuntime } from "./node/index.ts";
import { componentFromObject } from "./resources/component-from-object.ts";

interface Told {
  readonly path: string;
  readonly body: {
    readonly id: string;
    readonly items: Readonly<Record<string, { readonly value?: string }>>;
  };
}

const settings = { name: "settings", type: "configuration.in-memory", metadata: { a: "1", b: "1" } };

async function start(strict = false): Promise<{ runtime: LocalRuntime; told: Told[] }> {
  const told: Told[] = [];
  const runtime = await createRuntime({
    components: [settings],
    strict,
    app: async (request) => {
      const { pathname } = new URL(request.url);
      if (!pathname.startsWith("/configuration/")) return new Response(null, { status: 404 });
      told.push({ path: pathname, body: (await request.json()) as Told["body"] });
      return new Response();
    },
  });
  return { runtime, told };
}

const set = (runtime: LocalRuntime, ...items: object[]) =>
  runtime.fetch("/v1.0/configuration/settings", { method: "POST", body: JSON.stringify(items) });

async function subscribe(runtime: LocalRuntime, query = ""): Promise<string> {
  const answer = await runtime.fetch(`/v1.0/configuration/settings/subscribe${query}`);
  return ((await answer.json()) as { id: string }).id;
}

const component = (metadata: Record<string, string>) =>
  componentFromObject({ ...settings, metadata }, "the test");

describe("subscriptions to configuration", () => {
  it("tell one change in one call for each key, with all of it in every body", async () => {
    const { runtime, told } = await start();
    const id = await subscribe(runtime, "?key=a&key=b");
    const items = [
      { key: "a", value: "2", version: "v2", metadata: { why: "test" } },
      { key: "b", value: null },
      { key: "c", value: "not subscribed" },
    ];
    expect((await set(runtime, ...items)).status).toBe(204);
    await expect.poll(() => told.length).toBe(2);
    expect(told.map(({ path }) => path)).toEqual(["/configuration/settings/a", "/configuration/settings/b"]);
    const body = { id, items: { a: { value: "2", version: "v2", metadata: { why: "test" } } } };
    for (const one of told) expect(one.body).toMatchObject(body);
    expect(told[0]?.body.items.b).not.toHaveProperty("value");
    await runtime.stop();
  });

  it("go on with the store that replaces theirs, and wait for one that is gone", async () => {
    const { runtime, told } = await start();
    const { resources } = runtime.sidecar;
    await subscribe(runtime, "?key=a");
    await runtime.update({ ...resources, components: [component({ a: "new" })] });
    await set(runtime, { key: "a", value: "2" });
    await expect.poll(() => told.length).toBe(2);
    await runtime.update({ ...resources, components: [] });
    await runtime.update({ ...resources, components: [component({ a: "back" })] });
    await set(runtime, { key: "a", value: "3" });
    await expect.poll(() => told.map(({ body }) => body.items.a?.value)).toEqual(["new", "2", "3"]);
    await runtime.stop();
  });

  it("are a thousand at most: further ones are refused until the app has fewer", async () => {
    const { runtime } = await start();
    const ids = await Promise.all(Array.from({ length: 1_000 }, () => subscribe(runtime, "?key=a")));
    const path = "/v1.0/configuration/settings";
    const refused = await runtime.fetch(`${path}/subscribe?key=a`);
    expect([refused.status, await refused.json()]).toEqual([
      500,
      {
        errorCode: "ERR_CONFIGURATION_SUBSCRIBE",
        message: expect.stringMatching(/ 1000 subscriptions already, .*; unsubscribe from those/),
      },
    ]);
    await runtime.fetch(`${path}/${ids[0]}/unsubscribe`);
    expect(await subscribe(runtime)).toBeDefined();
    await runtime.stop();
  });

  it("end with the runtime", async () => {
    const { runtime, told } = await start();
    await subscribe(runtime);
    const store = runtime.sidecar.components.configuration.get("settings")?.component;
    await runtime.stop();
    await expect(store?.set?.([])).rejects.toThrow(/closed/);
    expect(told).toEqual([]);
  });

  it.each([
    "{}",
    "[1]",
    '[{"key":""}]',
    '[{"key":"a"}]',
    '[{"key":"a","value":1}]',
    '[{"key":"a","value":"x","version":1}]',
    '[{"key":"a","value":"x","metadata":{"n":1}}]',
    '[{"key":"a","value":"x"},{}]',
    "x",
  ])("no setting is changed by %s", async (body) => {
    const { runtime } = await start();
    const answer = await runtime.fetch("/v1.0/configuration/settings", { method: "POST", body });
    expect([answer.status, ((await answer.json()) as { errorCode: string }).errorCode]).toEqual([
      400,
      "ERR_MALFORMED_REQUEST",
    ]);
    expect(await (await runtime.fetch("/v1.0/configuration/settings?key=a")).json()).toMatchObject({
      a: { value: "1" },
    });
    await runtime.stop();
  });

  it("are all there is to a strict sidecar: changing settings is not Dapr's", async () => {
    const { runtime } = await start(true);
    const answer = await set(runtime, { key: "a", value: "2" });
    expect([answer.status, ((await answer.json()) as { errorCode: string }).errorCode]).toEqual([
      404,
      "ERR_DIRECT_INVOKE",
    ]);
    expect(await (await runtime.fetch("/v1.0/configuration/settings?key=a")).json()).toMatchObject({
      a: { value: "1" },
    });
    await runtime.stop();
  });

  it("outlive the runtime under their ids where the host keeps them", async () => {
    const kept = new Map<string, KeptSubscription>();
    const records: SubscriptionRecords = {
      load: async () => [...kept.values()],
      keep: async (subscription) => void kept.set(subscription.id, subscription),
      forget: async (id) => void kept.delete(id),
    };
    const { runtime, told } = await start();
    const request = { store: "settings", keys: ["a"], metadata: new Map() };
    const first = new ConfigurationSubscriptions(() => runtime.sidecar, records);
    const [stays, ends] = [await first.subscribe(request), await first.subscribe({ ...request, keys: [] })];
    // A page subscribes anew whenever it is loaded.
    expect([await first.subscribe(request), kept.size]).toEqual([stays, 2]);
    expect(await first.unsubscribe("settings", ends)).toBe(true);
    expect(await first.unsubscribe("another", stays)).toBe(false);
    await first.close(5_000);

    const second = new ConfigurationSubscriptions(() => runtime.sidecar, records);
    await second.load();
    second.start();
    await set(runtime, { key: "a", value: "2" });
    await expect.poll(() => told.map(({ body }) => body.id)).toEqual([stays]);
    expect(await second.unsubscribe("settings", stays)).toBe(true);
    expect(kept.size).toBe(0);
    await second.close(5_000);
    await runtime.stop();
  });
});
