import { resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PackageSet } from "../../host/capability/package-set.ts";
import type { PackageSource } from "../../host/capability/package-source.ts";
import type { StoreDefinition } from "../../host/components/state/store.ts";
import { FakeClock } from "../../host/fake-clock.ts";
import { packagesIn } from "../../host/node/capability/package-folders.ts";
import { compileAssemblyScript } from "../../host/node/cli/capability/compile-assemblyscript.ts";
import { createRuntime, type LocalRuntime } from "../../host/node/create-runtime.ts";
import { inProcess } from "../capability/in-process.ts";
import { packageOf } from "../capability/wat-package.ts";
import { queryIndexes } from "./state/query.ts";
import { storeConformance } from "./state.ts";
import { openWith, testContext } from "./test-context.ts";

/** Of the one that encrypts. */
const key = Buffer.alloc(32, 7).toString("base64");

const folder = (name: string) => resolve(import.meta.dirname, "../../dist/capabilities", name);

/** A store that promises all that a package's store may; the others promise what they can. */
async function table(): Promise<PackageSource> {
  const file = resolve(import.meta.dirname, "../capability/table/index.ts");
  const bytes = new Uint8Array(await compileAssemblyScript(file, 1024));
  const features = ["ETAG", "TTL", "TRANSACTIONAL", "BULK", "OUTCOME", "ACTOR"];
  return packageOf("table", bytes, {
    offers: [{ kind: "component", type: "state.table", features }],
    needs: { clock: true },
    limits: { memory: "64Mi", concurrency: 1, timeMs: 60_000 },
  });
}

/** What wraps a store asks it for all that it has. */
const components = [{ name: "statestore", type: "state.in-memory", metadata: { queryScan: "true" } }];

const usual = ["ETAG", "TTL", "TRANSACTIONAL"] as const;
const shipped = async (name: string) => (await packagesIn([folder(name)])).sources[0] as PackageSource;

/** Stores that packages are, held to what every store is. Each has the sidecar that it may call behind it. */
describe.each([
  ["lru-cache", "state.lru", [...usual, "QUERY_API"], shipped],
  ["compress", "state.compress", [...usual, "QUERY_API"], shipped],
  ["encrypt", "state.encrypt", [...usual, "QUERY_API"], shipped],
  ["table", "state.table", [...usual, "OUTCOME", "ACTOR"], table],
] as const)("the store of capability %s", (name, type, features, source) => {
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
    await set.update([await source(name)], new Map([[name, { needs: "all", limits: {} }]]));
    definition = set.components.find((one) => one.type === type) as StoreDefinition;
    expect(definition.features).toEqual(features);
  }, 60_000);
  afterAll(async () => {
    await set.close();
    await Promise.all(behind.map((runtime) => runtime.stop(0)));
  });

  const cases = storeConformance({
    name: type,
    features,
    clock,
    async open() {
      const runtime = await createRuntime({ clock, components });
      behind.push(runtime);
      set.attach((request) => runtime.handle(request));
      // A cache of its own for each configuration.
      opened += 1;
      return openWith(definition, context, {
        maxEntries: String(1000 + opened),
        key,
        queryIndexes,
      });
    },
  });
  for (const { name: what, run } of cases) it(what, run);
});
