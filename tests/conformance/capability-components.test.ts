import { resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PackageSet } from "../../host/capability/package-set.ts";
import type { StoreDefinition } from "../../host/components/state/store.ts";
import { FakeClock } from "../../host/fake-clock.ts";
import { packagesIn } from "../../host/node/capability/package-folders.ts";
import { createRuntime, type LocalRuntime } from "../../host/node/create-runtime.ts";
import { inProcess } from "../capability/in-process.ts";
import { storeConformance } from "./state.ts";
import { openWith, testContext } from "./test-context.ts";

/** Of the one that encrypts. */
const key = Buffer.alloc(32, 7).toString("base64");

const folder = (name: string) => resolve(import.meta.dirname, "../../dist/capabilities", name);

/** Stores that packages are, held to what every store is. Each has the sidecar that it may call behind it. */
describe.each([
  ["lru-cache", "state.lru"],
  ["compress", "state.compress"],
  ["encrypt", "state.encrypt"],
])("the store of capability %s", (name, type) => {
  const clock = new FakeClock();
  const behind: LocalRuntime[] = [];
  const context = testContext("statestore", clock);
  const set = new PackageSet({
    confinement: inProcess(clock),
    platform: context.platform,
    maxBodySize: 4 << 20,
  });
  let definition: StoreDefinition;
  let opened = 0;

  beforeAll(async () => {
    const { sources } = await packagesIn([folder(name)]);
    await set.update(sources, new Map([[name, { needs: "all", limits: {} }]]));
    definition = set.components.find((one) => one.type === type) as StoreDefinition;
    expect(definition.features).toEqual(["ETAG", "TTL"]);
  });
  afterAll(async () => {
    await set.close();
    await Promise.all(behind.map((runtime) => runtime.stop(0)));
  });

  const cases = storeConformance({
    name: type,
    features: ["ETAG", "TTL"],
    clock,
    async open() {
      const runtime = await createRuntime({ clock });
      behind.push(runtime);
      set.attach((request) => runtime.handle(request));
      // A cache of its own for each configuration.
      opened += 1;
      return openWith(definition, context, { maxEntries: String(1000 + opened), key });
    },
  });
  for (const { name: what, run } of cases) it(what, run);
});
