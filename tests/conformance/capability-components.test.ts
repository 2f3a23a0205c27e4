import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
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

const nothing = async () => undefined;
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

const usual = ["ETAG", "TTL", "TRANSACTIONAL"] as const;
const wrapping = [...usual, "DURABILITY", "QUERY_API"] as const;

/** What is wrapped: gone with its sidecar, or kept in a file. */
const memory = { type: "state.in-memory" };
const file = { type: "state.sqlite" };
const shipped = async (name: string) => (await packagesIn([folder(name)])).sources[0] as PackageSource;

/** Stores that packages are, held to what every store is. Each has the sidecar that it may call behind it. */
describe.each([
  ["lru-cache", "state.lru", [...usual, "QUERY_API"], shipped, memory],
  ["compress", "state.compress", wrapping, shipped, memory],
  ["encrypt", "state.encrypt", wrapping, shipped, file],
  ["table", "state.table", [...usual, "OUTCOME", "ACTOR"], table, memory],
] as const)("the store of capability %s", (name, type, features, source, inner) => {
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
  let place: string;

  beforeAll(async () => {
    place = await mkdtemp(join(tmpdir(), "daprlet-packages-"));
    await set.update([await source(name)], new Map([[name, { needs: "all", limits: {} }]]));
    definition = set.components.find((one) => one.type === type) as StoreDefinition;
    expect(new Set(definition.features)).toEqual(new Set(features));
  }, 60_000);
  afterAll(async () => {
    await set.close();
    await Promise.all(behind.map((runtime) => runtime.stop(0)));
    await rm(place, { recursive: true, force: true });
  });

  /** A store on what is in the file of that number, or on nothing. */
  const open = async () => {
    const connectionString = join(place, `${opened}.db`);
    // What wraps a store asks it for all that it has.
    const metadata = { queryScan: "true", ...(inner === file && { connectionString }) };
    const runtime = await createRuntime({ clock, components: [{ name: "statestore", ...inner, metadata }] });
    behind.push(runtime);
    const { sidecar } = runtime;
    set.attach((request) => runtime.handle(request), { sidecar, askApp: nothing, update: nothing });
    // A cache of its own for each configuration.
    return openWith(definition, context, { maxEntries: String(1000 + opened), key, queryIndexes });
  };

  const cases = storeConformance({
    name: type,
    features,
    clock,
    open() {
      opened += 1;
      return open();
    },
    ...(inner === file && { reopen: open }),
  });
  // Each once: across a reopening where there is one.
  const once = cases.filter(({ name }) => inner !== file || name.endsWith("(across a reopening)"));
  for (const { name: what, run } of once) it(what, run);
});
