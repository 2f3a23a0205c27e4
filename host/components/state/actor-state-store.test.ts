import { describe, expect, it } from "vitest";
import { put, upsert } from "../../../tests/conformance/state/scenario.ts";
import { testContext } from "../../../tests/conformance/test-context.ts";
import { FakeClock } from "../../fake-clock.ts";
import type { Policy } from "../../resiliency/policy.ts";
import { componentFromObject } from "../../resources/component-from-object.ts";
import { Components } from "../components.ts";
import type { OpenOptions } from "../open-component.ts";
import { inMemoryStore } from "./in-memory.ts";
import { defineStore } from "./store.ts";

const plainStore = defineStore({
  type: "state.plain",
  version: "v1",
  summary: "Keeps no actors.",
  metadata: {},
  features: [],
  open: async () => ({
    get: () => undefined,
    bulkGet: () => [],
    write: () => [],
    close: async () => undefined,
  }),
});

type Given = readonly [name: string, metadata?: Readonly<Record<string, string>>, type?: string];
const resources = (...given: readonly Given[]) =>
  given.map(([name, metadata = {}, type = "state.in-memory"]) =>
    componentFromObject({ name, type, metadata }, "the test"),
  );
const log = { debug() {}, info() {}, warn() {}, error() {} };
const open = (given: ReturnType<typeof resources>, more: Partial<OpenOptions> = {}) => {
  const { platform, ...context } = testContext("", new FakeClock());
  return Components.open(given, {
    registry: { state: [inMemoryStore, plainStore] },
    host: "Node",
    context: { ...context, platform: { ...platform, log }, log },
    namespace: undefined,
    ...more,
  });
};
const marked = { actorStateStore: "true" };

describe("the store of actors", () => {
  it("is the one that its metadata mark, in any of Dapr's spellings", async () => {
    const components = await open(resources(["a"], ["b", { ACTORSTATESTORE: "Yes" }], ["c"]));
    expect(components.actorStateStore?.name).toBe("b");
    const none = await open(resources(["a", { actorStateStore: "false" }], ["b"]));
    expect(none.actorStateStore).toBeUndefined();
    await expect(open(resources(["a", { actorStateStore: "maybe" }]))).rejects.toThrow(
      "component a: metadata field actorStateStore: expected true or false",
    );
  });

  it("lists keys, encrypted and under a policy too", async () => {
    let calls = 0;
    const run: Policy["run"] = ({ attempt }) => {
      calls++;
      return Promise.resolve(attempt(undefined, 1));
    };
    const policy = { repeats: true, run } as Policy;
    for (const metadata of [marked, { ...marked, primaryEncryptionKey: "0f".repeat(32) }]) {
      const components = await open(resources(["a", metadata]), { outbound: () => policy });
      const store = components.actorStateStore?.component;
      if (store === undefined) throw new Error("none");
      await put(store, [upsert("b", "1", { listed: true }), upsert("a", "2", { listed: true })]);
      expect(await store.list("a", "z", 10)).toEqual(["a", "b"]);
    }
    expect(calls).toBe(4);
  });

  it("is one: a second ends the start, or is left out where its errors are ignored", async () => {
    const two = resources(["a", marked], ["b", marked]);
    await expect(open(two)).rejects.toThrow(
      "component b: detected duplicate actor state store: a and b; take actorStateStore from one of them",
    );
    const components = await open(two.map((one) => ({ ...one, ignoreErrors: true })));
    expect([components.actorStateStore?.name, [...components.state.keys()]]).toEqual(["a", ["a"]]);
  });

  it("can keep them, or the start ends", async () => {
    await expect(open(resources(["a", marked, "state.plain"]))).rejects.toThrow(
      "component a (the test): actorStateStore: state.plain cannot keep actors; mark a store whose capabilities have ACTOR",
    );
  });

  it("may become another one, wherever that stands, and never two", async () => {
    const components = await open(resources(["a", marked]));
    const update = async (...given: readonly Given[]) => {
      const changes = await components.update(resources(...given), async () => undefined);
      return [components.actorStateStore?.name, changes.map(({ name, action }) => `${action} ${name}`)];
    };
    expect(await update(["b", marked], ["a", marked])).toEqual(["a", ["kept b"]]);
    expect(await update(["b", marked], ["a"])).toEqual(["b", ["opened b", "replaced a"]]);
    expect(await update(["c", marked])).toEqual(["c", ["opened c", "closed b", "closed a"]]);
    expect(await update(["c"])).toEqual([undefined, ["replaced c"]]);
  });
});
