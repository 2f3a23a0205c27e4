import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, it } from "vitest";
import { daprStore } from "../../host/components/state/dapr.ts";
import type { Core } from "../../host/core/core.ts";
import { FakeClock } from "../../host/fake-clock.ts";
import { nodeCore } from "../../host/node/core-module.ts";
import { type NodeSidecar, startSidecar } from "../../host/node/start-sidecar.ts";
import { componentYaml } from "../hosts/components.ts";
import { type Daprd, daprd, startDaprd } from "../hosts/daprd.ts";
import { openRemote, unsaid } from "./remote-store.ts";
import { queryIndexes } from "./state/query.ts";
import { storeConformance } from "./state.ts";

let core: Core;
beforeAll(async () => {
  core = await nodeCore();
});

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
  const again = () => openRemote({ url: sidecar.url }, { clock, core, name: `app-${apps}` });
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
    const again = () =>
      openRemote({ url: `http://127.0.0.1:${remote.port}` }, { clock, core, name: `app-${apps}` });
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
