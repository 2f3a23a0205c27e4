import { afterEach, expect, it } from "vitest";
import { createRuntime, type LocalRuntime } from "../../host/node/index.ts";
import { type ComponentObject, componentFromObject } from "../../host/resources/component-from-object.ts";

/** Puts something in front of the component that is replaced. */
const resiliency = {
  apiVersion: "dapr.io/v1alpha1",
  kind: "Resiliency",
  metadata: { name: "r" },
  spec: {
    policies: { timeouts: { t: "5s" } },
    targets: { components: { memory: { outbound: { timeout: "t" } } } },
  },
};

let runtime: LocalRuntime;
afterEach(() => runtime.stop());

const send = (method: string, path: string, body?: unknown) =>
  runtime.fetch(`/v1.0${path}`, { method, ...(body !== undefined && { body: JSON.stringify(body) }) });
const edit = (component: Omit<ComponentObject, "name">) =>
  runtime.update({
    ...runtime.sidecar.resources,
    components: [componentFromObject({ name: "memory", ...component }, "the test")],
  });
const start = async (
  component: Omit<ComponentObject, "name">,
  app?: (request: Request) => Response | Promise<Response>,
) => {
  const { type, metadata = {} } = component;
  const fields = Object.entries(metadata).map(([name, value]) => ({ name, value }));
  const spec = { type, version: "v1", metadata: fields };
  const resource = { apiVersion: "dapr.io/v1alpha1", kind: "Component", metadata: { name: "memory" }, spec };
  runtime = await createRuntime({
    components: [resource, resiliency].map((one) => JSON.stringify(one)).join("\n---\n"),
    ...(app !== undefined && { app }),
  });
  await runtime.appReady;
};

it("a store in memory keeps its items, ETags and times to live when its resource is edited", async () => {
  const type = "state.in-memory";
  await start({ type });
  const items = [
    { key: "a", value: { n: 1 } },
    { key: "b", value: { n: 2 } },
    { key: "short", value: 3, metadata: { ttlInSeconds: "10" } },
  ];
  await send("POST", "/state/memory", items);
  const etag = (await send("GET", "/state/memory/a")).headers.get("etag");
  const queryIndexes = JSON.stringify([{ name: "n", indexes: [{ key: "n", type: "NUMERIC" }] }]);
  await edit({ type, metadata: { queryIndexes } });
  expect((await send("GET", "/state/memory/a")).headers.get("etag")).toBe(etag);
  const query = { filter: { EQ: { n: 2 } } };
  const found = await runtime.fetch("/v1.0-alpha1/state/memory/query", {
    method: "POST",
    body: JSON.stringify(query),
  });
  expect(((await found.json()) as { results: { key: string }[] }).results.map(({ key }) => key)).toEqual([
    "b",
  ]);
  await edit({ type, metadata: { another: "edit" } });
  expect(await (await send("GET", "/state/memory/short")).json()).toBe(3);
  await runtime.advance(11_000);
  expect((await send("GET", "/state/memory/short")).status).toBe(204);
});

it("a lock in memory is held on by its owner when its resource is edited", async () => {
  const type = "lock.in-memory";
  await start({ type });
  const lock = async (lockOwner: string) => {
    const answer = await runtime.fetch("/v1.0-alpha1/lock/memory", {
      method: "POST",
      body: JSON.stringify({ resourceId: "r", lockOwner, expiryInSeconds: 60 }),
    });
    return ((await answer.json()) as { success?: boolean }).success === true;
  };
  expect(await lock("one")).toBe(true);
  await edit({ type, metadata: { another: "edit" } });
  expect(await lock("two")).toBe(false);
  await runtime.advance(60_000);
  expect(await lock("two")).toBe(true);
});

it("a queue in memory hands over after an edit what it took before, each event once", async () => {
  const type = "bindings.in-memory";
  const got: string[] = [];
  let up = false;
  await start({ type }, async (request) => {
    if (request.method === "OPTIONS") return new Response();
    if (!up) return new Response("", { status: 503 });
    got.push(await request.text());
    return new Response();
  });
  for (const data of ["1", "2"]) await send("POST", "/bindings/memory", { operation: "create", data });
  await edit({ type, metadata: { another: "edit" } });
  up = true;
  await send("POST", "/bindings/memory", { operation: "create", data: "3" });
  await runtime.advance(60_000);
  expect(got).toEqual(['"1"', '"2"', '"3"']);
});

it("settings that were set stay when the resource is edited, but for those that the edit is about", async () => {
  const type = "configuration.in-memory";
  await start({ type, metadata: { kept: "1", edited: "1", gone: "1" } });
  await send("POST", "/configuration/memory", [
    { key: "kept", value: "set" },
    { key: "own", value: "set" },
  ]);
  await edit({ type, metadata: { kept: "1", edited: "2" } });
  const items = (await (await send("GET", "/configuration/memory")).json()) as Record<
    string,
    { value: string }
  >;
  expect(Object.fromEntries(Object.entries(items).map(([key, { value }]) => [key, value]))).toEqual({
    kept: "set",
    own: "set",
    edited: "2",
  });
});
