import { describe, expect, it } from "vitest";
import { FakeClock } from "../fake-clock.ts";
import { componentFromObject } from "../resources/component-from-object.ts";
import type { ComponentContext } from "./component.ts";
import { Components } from "./components.ts";
import { inMemoryStore } from "./state/in-memory.ts";
import { defineStore, type Store } from "./state/store.ts";

const clock = new FakeClock();
const silent = { debug() {}, info() {}, warn() {}, error() {} };
const closed: string[] = [];
let slow: ((store: Store) => void) | undefined;

const store = (name: string): Store => ({
  get: () => undefined,
  bulkGet: () => [],
  write: () => [],
  async close() {
    closed.push(name);
  },
});

const slowStore = defineStore({
  type: "state.slow",
  version: "v1",
  summary: "Opens when the test says so.",
  metadata: {},
  features: [],
  open: () =>
    new Promise((resolve) => {
      slow = resolve;
    }),
});
const quickStore = defineStore({
  type: "state.quick",
  version: "v1",
  summary: "Opens at once and tells when it is closed.",
  metadata: {},
  features: [],
  open: async (_, { name }) => store(name),
});
const failingStore = defineStore({
  type: "state.failing",
  version: "v1",
  summary: "Does not open.",
  metadata: {},
  features: [],
  open: () => Promise.reject(new Error("it does not open")),
});

const context = {
  appId: "a",
  namespace: "default",
  platform: { clock, log: silent, random: <T>(bytes: T) => bytes, uuid: () => "id" },
  log: silent,
} as unknown as Omit<ComponentContext, "name">;

function open(given: readonly (readonly [name: string, type: string, more?: object])[], namespace?: string) {
  return Components.open(
    given.map(([name, type, more]) => ({
      ...componentFromObject({ name, type }, "the test"),
      ...more,
    })),
    {
      registry: { state: [inMemoryStore, slowStore, quickStore, failingStore] },
      host: "Node",
      context,
      namespace,
    },
  );
}

describe("components that open", () => {
  it("are refused where two have one name, whatever their types, and none stays open", async () => {
    closed.length = 0;
    const twice = open([
      ["first", "state.quick"],
      ["s", "state.in-memory"],
      ["s", "pubsub.in-memory"],
    ]);
    await expect(twice).rejects.toThrow(
      "duplicate definition of Component name s: pubsub.in-memory (the test) and state.in-memory (the test)",
    );
    expect(closed).toEqual([]);
  });

  it("may share a name with one that is another app's", async () => {
    const { state } = await open([
      ["s", "state.in-memory"],
      ["s", "state.failing", { scopes: ["b"] }],
    ]);
    expect(state.get("s")?.resource.type).toBe("state.in-memory");
  });

  it("are those of the host's namespace and those of none", async () => {
    const all = [
      ["mine", "state.in-memory", { namespace: "prod" }],
      ["anyone's", "state.in-memory"],
      ["theirs", "state.in-memory", { namespace: "test" }],
    ] as const;
    expect([...(await open(all, "prod")).state.keys()]).toEqual(["mine", "anyone's"]);
    expect([...(await open(all)).state.keys()]).toEqual(["mine", "anyone's", "theirs"]);
  });

  it("are closed again when a later one fails", async () => {
    closed.length = 0;
    const failing = open([
      ["one", "state.quick"],
      ["two", "state.quick"],
      ["three", "state.failing"],
    ]);
    await expect(failing).rejects.toThrow("it does not open");
    expect(closed).toEqual(["two", "one"]);
  });

  it("are closed when they open after their time", async () => {
    closed.length = 0;
    const late = open([["late", "state.slow"]]);
    const refused = expect(late).rejects.toThrow("late (state.slow) was not open after 5000 ms");
    await clock.advance(5_000);
    await refused;
    slow?.(store("late"));
    await clock.advance(0);
    expect(closed).toEqual(["late"]);
  });
});
