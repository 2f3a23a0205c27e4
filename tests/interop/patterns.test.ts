/** T43 and T44 with every app and its sidecar in processes of their own, joined by a relay, and killed on their way. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { startRelay } from "../../host/node/relay-server.ts";
import { componentYaml } from "../hosts/components.ts";
import { bundlePrograms } from "../walkthrough/bundle-programs.ts";
import { invoke } from "./fleet.ts";
import { daprletRun, type Launched } from "./launch.ts";

let folder: string;
let relay: Awaited<ReturnType<typeof startRelay>>;
const running: Launched[] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "daprlet-patterns-"));
  writeFileSync(join(folder, "programs.mjs"), await bundlePrograms());
  relay = await startRelay({ port: 0 });
}, 30_000);

afterEach(async () => {
  await Promise.all(running.splice(0).map((one) => one.kill()));
  await relay.close();
  rmSync(folder, { recursive: true, force: true });
}, 30_000);

async function start(appId: string, program: string): Promise<Launched> {
  const own = mkdtempSync(join(folder, "app-"));
  const launched = await daprletRun.launch({
    appId,
    app: "pattern.mjs",
    folder: own,
    env: { PROGRAM: program, PROGRAMS: pathToFileURL(join(folder, "programs.mjs")).href },
    components: [
      componentYaml({
        name: "statestore",
        type: "state.sqlite",
        metadata: { connectionString: join(own, "state.db") },
      }),
      componentYaml({ name: "pubsub", type: "pubsub.relay", metadata: { url: relay.url } }),
    ],
  });
  running.push(launched);
  return launched;
}

const ask = async (of: Launched, path: string) => (await invoke(of, of.appId, path)).json;

describe.skipIf(daprletRun.missing !== undefined)(
  `patterns between processes ${daprletRun.missing ?? ""}`,
  () => {
    test("T43: a coordinator that is killed between its steps leads every trip to its end, once", async () => {
      const [trips, flight, hotel] = (await Promise.all([
        start("trips", "coordinator"),
        start("flight", "bookable"),
        start("hotel", "bookable"),
        start("car", "sold-out"),
      ])) as [Launched, Launched, Launched, Launched];
      const ids = ["a", "b", "c"];
      for (const id of ids) {
        await expect
          .poll(async () => (await invoke(trips, "trips", "trips", { id })).status, { timeout: 20_000 })
          .toBe(202);
        // Once the first service has booked, the coordinator is somewhere between two steps, or over.
        await expect
          .poll(async () => (await flight.fetch(`/v1.0/state/statestore/trip%2F${id}`)).status, {
            timeout: 20_000,
          })
          .toBe(200);
        await trips.kill();
        await trips.again();
      }
      const states = () => Promise.all(ids.map(async (id) => await ask(trips, `trips/${id}`)));
      await expect
        .poll(async () => (await states()).map((saga) => (saga as { state: string } | null)?.state), {
          timeout: 30_000,
        })
        .toEqual(["cancelled", "cancelled", "cancelled"]);
      for (const service of [flight, hotel])
        expect(await ask(service, "books")).toEqual({ stock: 5, income: 0 });
    }, 90_000);

    test("T44: of four competing workers one is killed, and the sum is right", async () => {
      const [splitter, first] = (await Promise.all([
        start("splitter", "splitter"),
        ...Array.from({ length: 4 }, () => start("worker", "worker")),
      ])) as [Launched, Launched];
      const begun = invoke(splitter, "splitter", "jobs", { id: "1", to: 1_000, parts: 10 });
      await first.kill();
      expect((await begun).status).toBe(202);
      await expect
        .poll(() => ask(splitter, "jobs/1"), { timeout: 60_000 })
        .toEqual({ counter: 10, total: 500_500 });
    }, 90_000);
  },
);
