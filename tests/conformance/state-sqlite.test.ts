import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, it } from "vitest";
import type { Store } from "../../host/components/state/store.ts";
import { FakeClock } from "../../host/fake-clock.ts";
import { sqliteStore } from "../../host/node/components/state-sqlite.ts";
import { queryIndexes } from "./state/query.ts";
import { storeConformance } from "./state.ts";
import { openWith, testContext } from "./test-context.ts";

const folder = mkdtempSync(join(tmpdir(), "daprlet-sqlite-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.each([
  { what: "with a write-ahead log", disableWAL: "false" },
  { what: "with a rollback journal", disableWAL: "true" },
])("state.sqlite $what", ({ disableWAL }) => {
  const clock = new FakeClock();
  let files = 0;
  const open = (): Promise<Store> => {
    const connectionString = join(folder, `${disableWAL}-${files}.db`);
    const metadata = { connectionString, disableWAL, queryIndexes };
    return openWith(sqliteStore, testContext("statestore", clock), metadata);
  };
  const cases = storeConformance({
    name: "state.sqlite",
    features: sqliteStore.features,
    clock,
    open: () => {
      files++;
      return open();
    },
    reopen: open,
    another: open,
  });
  for (const { name, run } of cases) it(name, run);
});

describe("state.sqlite in memory, without indexes", () => {
  const clock = new FakeClock();
  const cases = storeConformance({
    name: "state.sqlite",
    features: sqliteStore.features.filter((feature) => feature !== "QUERY_API"),
    clock,
    open: () => openWith(sqliteStore, testContext("statestore", clock), { connectionString: ":memory:" }),
  });
  for (const { name, run } of cases) it(name, run);
});
