import { describe, it } from "vitest";
import { inMemoryStore } from "../../host/components/state/in-memory.ts";
import { FakeClock } from "../../host/fake-clock.ts";
import { queryIndexes } from "./state/query.ts";
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
});
