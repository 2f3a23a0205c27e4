/** State on Redis against daprd: both on one server, the same HTTP calls by the same client in one run. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeAcrossAKill } from "../conformance/redis-kill.ts";
import { componentYaml } from "../hosts/components.ts";
import { type Daprd, startDaprd } from "../hosts/daprd.ts";
import { node } from "../hosts/node.ts";
import { missingRedis, type RedisServer, startRedis } from "../redis-server.ts";
import { hasWrk, type Load, load, seconds, sides } from "./load.ts";
import { printRows, type Row } from "./table.ts";

const rounds = 3;
const value = { name: "a name", count: 12, list: [1, 2, 3] };
const post = (body: unknown): Load => ({ method: "POST", body: JSON.stringify(body) });
const keys = Array.from({ length: 20 }, (_, i) => `bench-${i}`);
const items = keys.map((key) => ({ key, value }));

const loads: readonly (readonly [what: string, path: string, how: Load])[] = [
  ["state set", "", post([{ key: "bench", value }])],
  ["state get", "/bench", {}],
  ["state set, 20 items", "", post(items)],
  ["state get in bulk, 20 items", "/bulk", post({ keys })],
  [
    "transaction of 4",
    "/transaction",
    post({ operations: items.slice(0, 4).map((request) => ({ operation: "upsert", request })) }),
  ],
];

const writes = 1_000;

/** What becomes of transactions under way when Redis is killed, and started again on the same data. */
async function kill(folder: string): Promise<void> {
  console.log(`\n${writes} transactions of 2, redis-server (appendfsync always) killed in the midst of them`);
  for (const { name, program } of sides) {
    const server = await startRedis({ appendfsync: "always" });
    const sidecar = await startDaprd({ appId: "killed", resources: redisComponent(folder, server), program });
    const state = "/v1.0/state/redis";
    const { acknowledged, refused, unanswered, lost, halves } = await writeAcrossAKill(
      server,
      {
        prefix: "killed||",
        async write(n) {
          const operations = ["a", "b"].map((half) => ({
            operation: "upsert",
            request: { key: `${half}-${n}`, value: n },
          }));
          const { method, body } = post({ operations });
          const answer = await sidecar.fetch(`${state}/transaction`, {
            method: method ?? "",
            body: body ?? "",
          });
          return answer.status === 204;
        },
        reaches: async () => (await sidecar.fetch(`${state}/nothing`)).status === 204,
      },
      writes,
    );
    console.log(
      `${name}: ${acknowledged} acknowledged, ${lost.length} of them lost; ${refused} told of a failure, ` +
        `${unanswered} of them done all the same; ${halves.length} by halves`,
    );
    await sidecar.stop();
    await server.stop();
  }
}

/** A folder of resources with the store `redis`. */
function redisComponent(folder: string, server: RedisServer): string {
  const resources = join(folder, `resources-${server.port}`);
  mkdirSync(resources);
  const component = { name: "redis", type: "state.redis", metadata: { redisHost: server.address } };
  writeFileSync(join(resources, "redis.yaml"), componentYaml(component));
  return resources;
}

export default async function bench(): Promise<void> {
  const why = node.missing ?? missingRedis ?? ((await hasWrk()) ? undefined : "wrk is not installed");
  if (why !== undefined) return console.log(`Redis is left out: ${why}.`);
  const folder = mkdtempSync(join(tmpdir(), "daprlet-bench-"));
  const measured = new Map(loads.map(([what]) => [what, new Map<string, number>()]));
  const server = await startRedis();
  const sidecars: Daprd[] = [];
  try {
    const resources = redisComponent(folder, server);
    for (const { name, program } of sides) {
      sidecars.push(await startDaprd({ appId: `bench-${name}`, resources, program }));
    }
    for (let round = 0; round < rounds; round++) {
      for (const [what, path, how] of loads) {
        for (const [i, { name }] of sides.entries()) {
          const rate = await load(sidecars[i]?.port ?? 0, `/v1.0/state/redis${path}`, folder, how);
          const rates = measured.get(what);
          rates?.set(name, Math.max(rate, rates.get(name) ?? 0));
        }
      }
    }
  } finally {
    await Promise.all(sidecars.map((sidecar) => sidecar.stop()));
    await server.stop();
  }
  const rows = [...measured].map(([what, values]): Row => ({ what, unit: "1/s", values, aim: 1 }));
  printRows(
    `Redis against daprd (one server, wrk, 16 connections, best of ${rounds} runs of ${seconds} s)`,
    sides.map(({ name }) => name),
    rows,
  );
  await kill(folder);
  rmSync(folder, { recursive: true, force: true });
}
