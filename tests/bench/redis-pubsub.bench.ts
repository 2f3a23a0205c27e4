/** Topics on Redis against daprd: both on one server, the same HTTP calls by the same client in one run. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deliverAcrossAKill } from "../conformance/deliver-across-a-kill.ts";
import { componentYaml } from "../hosts/components.ts";
import { type Daprd, startDaprd } from "../hosts/daprd.ts";
import { node } from "../hosts/node.ts";
import { listen, recorder } from "../interop/recorder.ts";
import { missingRedis, type RedisServer, startRedis } from "../redis-server.ts";
import { hasWrk, load, seconds, sides } from "./load.ts";
import { loadWithDelivery, startTarget } from "./start-target.ts";
import { printRows, type Row } from "./table.ts";

const rounds = 4;
const events = 1_000;

const accepted = "publish to nobody, accepted";
const acceptedWith = "publish with delivery, accepted";
const delivered = "publish with delivery, delivered";

/** A folder of resources with the pub/sub `pubsub`. */
function resourcesOn(server: RedisServer, folder: string): string {
  const resources = join(folder, `resources-${server.port}`);
  mkdirSync(resources, { recursive: true });
  const component = { name: "pubsub", type: "pubsub.redis", metadata: { redisHost: server.address } };
  writeFileSync(join(resources, "pubsub.yaml"), componentYaml(component));
  return resources;
}

/** What becomes of events under way when Redis is killed, and started again on the same data. */
async function kill(folder: string): Promise<void> {
  console.log(`\n${events} events, redis-server (appendfsync always) killed in the midst of them`);
  for (const { name, program } of sides) {
    const server = await startRedis({ appendfsync: "always" });
    const app = recorder([{ pubsubname: "pubsub", topic: "killed", route: "/killed" }]);
    const { port: appPort, close } = await listen(app);
    const resources = resourcesOn(server, folder);
    const sidecar = await startDaprd({ appId: "killed", resources, appPort, program });
    const arrived = await deliverAcrossAKill(
      server,
      {
        async publish(n) {
          const headers = { "content-type": "application/json" };
          const call = { method: "POST", headers, body: String(n) };
          return (await sidecar.fetch("/v1.0/publish/pubsub/killed", call)).status === 204;
        },
        got: () => app.data("/killed") as number[],
      },
      events,
    );
    console.log(
      `${name}: ${arrived.acknowledged} acknowledged, ${arrived.lost.length} of them never delivered; ${arrived.refused} told of a failure, ` +
        `${arrived.unanswered} of them delivered all the same; ${arrived.repeated} delivered more than once`,
    );
    await sidecar.stop();
    close();
    await server.stop();
  }
}

export default async function bench(): Promise<void> {
  const why = node.missing ?? missingRedis ?? ((await hasWrk()) ? undefined : "wrk is not installed");
  if (why !== undefined) return console.log(`Topics on Redis are left out: ${why}.`);
  const folder = mkdtempSync(join(tmpdir(), "daprlet-bench-"));
  const measured = new Map(
    [accepted, acceptedWith, delivered].map((what) => [what, new Map<string, number>()]),
  );
  const keep = (what: string, side: string, rate: number) => {
    const rates = measured.get(what);
    rates?.set(side, Math.max(rate, rates.get(side) ?? 0));
  };
  const ends: (() => Promise<void> | void)[] = [];
  try {
    const sidecars: Daprd[] = [];
    for (const { program } of sides) {
      // A server each: no side is measured on the other's backlog.
      const server = await startRedis();
      ends.push(() => server.stop());
      const { port: appPort, child } = await startTarget();
      ends.push(() => void child.kill("SIGKILL"));
      const resources = resourcesOn(server, folder);
      const sidecar = await startDaprd({ appId: "bench", resources, appPort, program });
      ends.push(() => sidecar.stop());
      sidecars.push(sidecar);
    }
    for (let round = 0; round < rounds; round++) {
      for (const [i, { name }] of sides.entries()) {
        const sidecar = sidecars[i] as Daprd;
        const post = { method: "POST", body: '{"n":1}' };
        keep(accepted, name, await load(sidecar.port, "/v1.0/publish/pubsub/nobody", folder, post));
        const rates = await loadWithDelivery(sidecar, "bench", folder);
        keep(acceptedWith, name, rates.accepted);
        keep(delivered, name, rates.delivered);
      }
    }
  } finally {
    for (const end of ends.reverse()) await end();
  }
  printRows(
    `Topics on Redis against daprd (wrk, 16 connections, best of ${rounds} runs of ${seconds} s)`,
    sides.map(({ name }) => name),
    [...measured].map(([what, values]): Row => ({ what, unit: "1/s", values, aim: 1 })),
  );
  await kill(folder);
  rmSync(folder, { recursive: true, force: true });
}
