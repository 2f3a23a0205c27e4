import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, it } from "vitest";
import { decodeMetadata } from "../../host/components/metadata-schema.ts";
import { daprStore } from "../../host/components/state/dapr.ts";
import type { QueryableStore, Store } from "../../host/components/state/store.ts";
import type { Core } from "../../host/core/core.ts";
import { FakeClock } from "../../host/fake-clock.ts";
import { nodeCore } from "../../host/node/core-module.ts";
import { type NodeSidecar, startSidecar } from "../../host/node/start-sidecar.ts";
import { componentYaml } from "../hosts/components.ts";
import { type Daprd, daprd, startDaprd } from "../hosts/daprd.ts";
import { jsonValues } from "./json-values.ts";
import { queryIndexes } from "./state/query.ts";
import { storeConformance } from "./state.ts";
import { testContext } from "./test-context.ts";

let core: Core;
beforeAll(async () => {
  core = await nodeCore();
});

async function open(url: string, clock: FakeClock, appId: string): Promise<Store> {
  const metadata = new Map(Object.entries({ url, component: "statestore" }));
  const store = (await daprStore().open(
    decodeMetadata("remote", daprStore().metadata, metadata, () => undefined),
    { ...testContext("remote", clock), core },
  )) as QueryableStore;
  // The API's own prefix: a name of its own makes each store an empty one.
  const prefixed = (key: string) => `${appId}||${key}`;
  return jsonValues(
    {
      get: (key, consistency) => store.get(prefixed(key), consistency),
      bulkGet: (keys) => store.bulkGet(keys.map(prefixed)),
      write: (batch) =>
        store.write({
          ...batch,
          operations: batch.operations.map((operation) => ({ ...operation, key: prefixed(operation.key) })),
        }),
      async query(query) {
        const { items, token } = await store.query({ ...query, keyPrefix: prefixed(query.keyPrefix) });
        return { items: items.map((item) => ({ ...item, key: item.key.slice(prefixed("").length) })), token };
      },
      close: () => store.close(),
    },
    core,
  );
}

/** Cases of queries that say what the HTTP API of another sidecar does not carry, and what that is. */
const unsaid = new Map<string, string>([
  [
    "queries: combines filters, sorts by several members and pages through the results",
    "a full page is followed by an empty one where the store there has items of other apps",
  ],
  ["queries: follows writes, deletes and transactions that fail", "it writes what is no JSON"],
  ["queries: never shows what is no JSON, nor what has expired", "results have no time of expiry"],
  [
    "queries: finds under its prefix only, and of actors their own items",
    "actors are queried at their own sidecar",
  ],
  [
    "queries: takes a filter of a thousand comparisons",
    "a list of a thousand values counts as one more than the API takes",
  ],
  ["queries: a token is for its own query", "the cause is a sentence, and no code"],
  ["queries: is refused where no one index covers its members", "the cause is a sentence, and no code"],
]);

describe.each([
  {
    what: "daprlet's state.in-memory",
    component: { name: "statestore", type: "state.in-memory", metadata: { queryIndexes } },
  },
  {
    what: "daprlet's state.sqlite",
    component: {
      name: "statestore",
      type: "state.sqlite",
      metadata: { connectionString: ":memory:", queryIndexes },
    },
  },
])("state.dapr on $what", ({ component }) => {
  const clock = new FakeClock();
  let sidecar: NodeSidecar;
  let apps = 0;
  beforeAll(async () => {
    sidecar = await startSidecar({ appId: "remote", components: [component], clock, logLevel: "error" });
  });
  afterAll(() => sidecar.stop());
  const again = () => open(sidecar.url, clock, `app-${apps}`);
  const cases = storeConformance({
    name: "state.dapr",
    features: daprStore().features,
    clock,
    open: () => {
      apps++;
      return again();
    },
    reopen: again,
    another: again,
  });
  for (const { name, run } of cases) {
    const reason = unsaid.get(name.replace(" (across a reopening)", ""));
    if (reason === undefined) it(name, run);
    else it.skip(`${name}: ${reason}`);
  }
});

/** Cases that do not hold on daprd, and why. */
const differences = new Map<string, string>([
  ["basics: keeps JSON with its blanks and escapes byte for byte", "daprd parses and writes values anew"],
]);

describe.skipIf(daprd.missing !== undefined)(
  `state.dapr on daprd's state.sqlite ${daprd.missing ?? ""}`,
  () => {
    const folder = mkdtempSync(join(tmpdir(), "daprlet-remote-"));
    const clock = new FakeClock();
    let remote: Daprd;
    let apps = 0;
    beforeAll(async () => {
      const resources = join(folder, "resources");
      mkdirSync(resources);
      const metadata = { connectionString: join(folder, "state.db") };
      const yaml = componentYaml({ name: "statestore", type: "state.sqlite", metadata });
      writeFileSync(join(resources, "statestore.yaml"), yaml);
      remote = await startDaprd({ appId: "remote", resources });
    }, 60_000);
    afterAll(async () => {
      await remote.stop();
      rmSync(folder, { recursive: true, force: true });
    });
    const again = () => open(`http://127.0.0.1:${remote.port}`, clock, `app-${apps}`);
    const cases = storeConformance({
      name: "state.dapr",
      // Its clock is the machine's, which no test moves.
      features: daprStore().features.filter((feature) => feature !== "TTL" && feature !== "QUERY_API"),
      clock,
      open: () => {
        apps++;
        return again();
      },
      another: again,
    });
    for (const { name, run } of cases) {
      const difference = differences.get(name);
      if (difference === undefined) it(name, run);
      else it.skip(`${name}: ${difference}`);
    }
  },
);
