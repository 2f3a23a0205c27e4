import { beforeEach, describe, expect, it } from "vitest";
import { FakeClock } from "../fake-clock.ts";
import { componentFromObject } from "../resources/component-from-object.ts";
import type { ComponentContext } from "./component.ts";
import { Components } from "./components.ts";
import { text } from "./metadata-schema.ts";
import { defineSecretStore } from "./secretstores/secret-store.ts";
import { defineStore, type Store } from "./state/store.ts";

/** In order: what opened, with its secret or label, and what closed. */
const happened: string[] = [];
beforeEach(() => {
  happened.length = 0;
  warnings.length = 0;
});

const store = defineStore({
  type: "state.told",
  version: "v1",
  summary: "Tells when it opens and closes.",
  metadata: { label: text("Whatever.", "") },
  features: [],
  open: async ({ label }, { name }) => {
    if (label === "broken") throw new Error(`${name} does not open`);
    happened.push(`open ${name} ${label}`.trim());
    const opened: Store = {
      get: () => undefined,
      bulkGet: () => [],
      write: () => [],
      async close() {
        happened.push(`close ${name} ${label}`.trim());
        if (label === "hangs") await new Promise(() => undefined);
      },
    };
    return opened;
  },
});

const secrets = defineSecretStore({
  type: "secretstores.told",
  version: "v1",
  summary: "Has one secret.",
  metadata: { value: text("Of the secret.", "") },
  features: [],
  open: async ({ value }, { name }) => ({
    get: async () => new Map([["secret", value]]),
    bulkGet: async () => new Map(),
    async close() {
      happened.push(`close ${name}`);
    },
  }),
});

type Given = readonly [name: string, type: string, metadata?: Record<string, string>, more?: object];
const resources = (given: readonly Given[]) =>
  given.map(([name, type, metadata = {}, more]) => ({
    ...componentFromObject({ name, type, metadata }, "the test"),
    ...more,
  }));
const warnings: string[] = [];
const warn = (message: string) => void warnings.push(message);
const silent = { debug() {}, info() {}, warn, error() {} };
const clock = new FakeClock();
const context = {
  appId: "a",
  namespace: "default",
  platform: { clock, log: silent, random: <T>(bytes: T) => bytes, uuid: () => "id" },
  log: silent,
} as unknown as Omit<ComponentContext, "name">;

const open = (...given: readonly Given[]) =>
  Components.open(resources(given), {
    registry: { state: [store], secretstores: [secrets] },
    host: "Node",
    context,
    namespace: undefined,
  });
const nobody = async () => undefined;
const update = (components: Components, given: readonly Given[], moved: () => Promise<void> = nobody) =>
  components.update(resources(given), moved);
const secret = { secretKeyRefs: [{ field: "label", name: "secret", key: "secret" }] };

describe("components that are updated", () => {
  it("open nothing any more once they were closed", async () => {
    const components = await open(["a", "state.told"]);
    await components.close();
    await expect(update(components, [["b", "state.told"]])).rejects.toThrow("the sidecar is stopping");
    expect(happened).toEqual(["open a", "close a"]);
  });

  it("open, are replaced and close one by one; what did not change is left alone", async () => {
    const components = await open(["kept", "state.told"], ["other", "state.told"], ["gone", "state.told"]);
    const { component: kept } = components.state.get("kept") ?? {};
    happened.length = 0;
    const changes = await update(components, [
      ["new", "state.told"],
      ["kept", "state.told"],
      ["other", "state.told", { label: "2" }],
    ]);
    expect(changes).toEqual([
      { name: "new", family: "state", action: "opened" },
      { name: "other", family: "state", action: "replaced" },
      { name: "gone", family: "state", action: "closed" },
    ]);
    expect([...components.state.keys()].sort()).toEqual(["kept", "new", "other"]);
    expect(components.state.get("kept")?.component).toBe(kept);
    expect(happened.slice(0, 2)).toEqual(["open new", "open other 2"]);
    expect(happened.slice(2).sort()).toEqual(["close gone", "close other"]);
    expect(await update(components, [["kept", "state.told"]])).toHaveLength(2);
  });

  it("stay as they were where the new one does not open, beside others that do", async () => {
    const components = await open(["a", "state.told"], ["b", "state.told"]);
    const before = components.state.get("a");
    const changes = await update(components, [
      ["a", "state.told", { label: "broken" }],
      ["b", "state.told", { label: "2" }],
      ["c", "state.unknown"],
    ]);
    expect(changes.map(({ name, action }) => [name, action])).toEqual([
      ["a", "kept"],
      ["b", "replaced"],
      ["c", "kept"],
    ]);
    expect(changes[0]?.cause).toBe("a does not open");
    expect(changes[2]?.cause).toContain("state.unknown is not supported");
    expect(components.state.get("a")).toBe(before);
    expect(happened).not.toContain("close a");
    // What it is compared with is what is open, so that the next update tries again.
    const [again] = await update(components, [["a", "state.told", { label: "3" }]]);
    expect(again).toEqual({ name: "a", family: "state", action: "replaced" });
  });

  it("close only after who holds them has let go", async () => {
    const components = await open(["a", "state.told"]);
    happened.length = 0;
    let letGo = () => {};
    const updating = update(components, [["a", "state.told", { label: "2" }]], () => {
      happened.push(`moved, ${components.state.get("a")?.resource.metadata.get("label")} in place`);
      return new Promise((resolve) => {
        letGo = resolve;
      });
    });
    await expect.poll(() => happened).toEqual(["open a 2", "moved, 2 in place"]);
    letGo();
    await updating;
    expect(happened.at(-1)).toBe("close a");
  });

  it("open anew when the secret store that they name changed, and not when another did", async () => {
    const given = (value: string, other: string): Given[] => [
      ["vault", "secretstores.told", { value }],
      ["other", "secretstores.told", { value: other }],
      ["a", "state.told", {}, { ...secret, secretStore: "vault" }],
      ["plain", "state.told"],
    ];
    const components = await open(...given("one", "x"));
    expect(happened).toEqual(["open a one", "open plain"]);
    happened.length = 0;
    await update(components, given("one", "y"));
    expect(happened).toEqual(["close other"]);
    happened.length = 0;
    await update(components, given("two", "y"));
    expect(happened[0]).toBe("open a two");
    expect(happened.slice(1).sort()).toEqual(["close a one", "close vault"]);
  });

  it("change nothing where the resources contradict each other", async () => {
    const components = await open(["a", "state.told"]);
    const twice = update(components, [
      ["a", "state.told", { label: "2" }],
      ["a", "state.told", { label: "3" }],
    ]);
    await expect(twice).rejects.toThrow("duplicate definition of Component name a");
    expect(happened).toEqual(["open a"]);
  });

  it("may move to another family under their name", async () => {
    const components = await open(["a", "state.told"]);
    const [change] = await update(components, [["a", "secretstores.told"]]);
    expect(change).toEqual({ name: "a", family: "secretstores", formerly: "state", action: "replaced" });
    expect([components.state.size, [...components.secretstores.keys()]]).toEqual([0, ["a"]]);
    expect(happened).toEqual(["open a", "close a"]);
  });

  it("are updated one after the other, and close after the last", async () => {
    const components = await open(["a", "state.told", { label: "1" }]);
    const labels = ["2", "3", "4"].map((label) => update(components, [["a", "state.told", { label }]]));
    const closing = components.close();
    await Promise.all([...labels, closing]);
    expect(happened).toEqual([
      "open a 1",
      ...["2", "3", "4"].flatMap((label) => [`open a ${label}`, `close a ${Number(label) - 1}`]),
      "close a 4",
    ]);
    expect(components.state.size).toBe(0);
  });

  it("are not held up by one that does not close, and are told of it", async () => {
    const components = await open(["a", "state.told", { label: "hangs" }]);
    const updates = ["hangs", "2"].map((label) =>
      update(components, [["a", "state.told", { label }, { initTimeoutMs: 9 }]]),
    );
    await expect.poll(() => happened.at(-1)).toBe("close a hangs");
    await clock.advance(10_000);
    await expect.poll(() => happened.filter((what) => what === "close a hangs")).toHaveLength(2);
    await clock.advance(10_000);
    await Promise.all(updates);
    expect(components.state.get("a")?.resource.metadata.get("label")).toBe("2");
    expect(warnings).toHaveLength(2);
    expect(warnings[0]).toBe("component a (state.told) did not close: it took longer than 10 s");
  });

  it("close although what holds them could not be moved", async () => {
    const components = await open(["a", "state.told"]);
    const moved = () => Promise.reject(new Error("the app is gone"));
    await expect(update(components, [["a", "state.told", { label: "2" }]], moved)).rejects.toThrow("gone");
    expect(happened.at(-1)).toBe("close a");
  });
});
