import { describe, expect, it } from "vitest";
import { inMemoryStore } from "../../host/components/state/in-memory.ts";
import { FakeClock } from "../../host/fake-clock.ts";
import { queryIndexes } from "./state/query.ts";
import { list, put, remove, upsert } from "./state/scenario.ts";
import { storeConformance } from "./state.ts";
import { openWith, testContext } from "./test-context.ts";

describe.each([
  ["with indexes", { queryIndexes }],
  ["without", {}],
])("state.in-memory %s", (_, metadata) => {
  const clock = new FakeClock();
  const indexed = "queryIndexes" in metadata;
  const cases = storeConformance({
    name: "state.in-memory",
    features: inMemoryStore.features.filter((feature) => indexed || feature !== "QUERY_API"),
    clock,
    open: () => openWith(inMemoryStore, testContext("statestore", clock), metadata),
  });
  for (const { name, run } of cases) it(name, run);

  it("knows no key as listed any more that was deleted, or written without that", async () => {
    const store = await openWith(inMemoryStore, testContext("statestore", clock), metadata);
    await put(
      store,
      ["a", "b", "c"].map((key) => upsert(key, "1", { listed: true })),
    );
    await put(store, [remove("a"), upsert("a", "2"), upsert("b", "2")]);
    expect(await list(store, "a", "z")).toEqual(["c"]);
    await store.close();
  });
});
