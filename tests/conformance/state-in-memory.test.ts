import { describe, it } from "vitest";
import { inMemoryStore } from "../../host/components/state/in-memory.ts";
import { FakeClock } from "../../host/fake-clock.ts";
import { queryIndexes } from "./state/query.ts";
import { storeConformance } from "./state.ts";
import { openWith, testContext } from "./test-context.ts";

describe("state.in-memory", () => {
  const clock = new FakeClock();
  const cases = storeConformance({
    name: "state.in-memory",
    features: inMemoryStore.features,
    clock,
    open: () => openWith(inMemoryStore, testContext("statestore", clock), { queryIndexes }),
  });
  for (const { name, run } of cases) it(name, run);
});
