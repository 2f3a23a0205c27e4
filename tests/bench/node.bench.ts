/** The sidecar on Node against daprd: the same HTTP calls by the same client in one run. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Daprd, daprd, startDaprd } from "../hosts/daprd.ts";
import { ended } from "../hosts/ended.ts";
import { freePorts } from "../hosts/free-ports.ts";
import { httpFetch } from "../hosts/http-fetch.ts";
import { node } from "../hosts/node.ts";
import { hasWrk, type Load, load, seconds, sides } from "./load.ts";
import { loadWithDelivery, startTarget } from "./start-target.ts";
import { printRows, type Row } from "./table.ts";

const apps = fileURLToPath(new URL("apps/", import.meta.url));
const rounds = 2;

/** Milliseconds from the start of a process until `/v1.0/healthz` (or anything) answers 204. */
async function startUp(
  command: readonly string[],
  env: Record<string, string>,
  port: number,
  cwd: string,
): Promise<number> {
  const { fetch, close } = httpFetch(port);
  const begun = performance.now();
  const child = spawn(command[0] as string, command.slice(1), {
    env: { ...process.env, ...env },
    stdio: "ignore",
    cwd,
  });
  for (;;) {
    const status = await fetch("/v1.0/healthz").then(
      (answer) => answer.status,
      () => 0,
    );
    if (status === 204) break;
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  const took = performance.now() - begun;
  child.kill("SIGKILL");
  await ended(child);
  close();
  return took;
}

function writeResources(folder: string, file: string): string {
  const resources = join(folder, "resources");
  mkdirSync(resources, { recursive: true });
  const component = (name: string, type: string, metadata = "[]") =>
    `apiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata:\n  name: ${name}\nspec:\n  type: ${type}\n  version: v1\n  metadata: ${metadata}\n`;
  writeFileSync(join(resources, "memory.yaml"), component("memory", "state.in-memory"));
  writeFileSync(join(resources, "pubsub.yaml"), component("pubsub", "pubsub.in-memory"));
  writeFileSync(
    join(resources, "sqlite.yaml"),
    component("sqlite", "state.sqlite", JSON.stringify([{ name: "connectionString", value: file }])),
  );
  return resources;
}

const starting = 12;
/** daprlet has SQLite and a pub/sub then, daprd nothing. */
const bareStart = "without component files";
const filesStart = "with three YAML files";
const whySlow =
  "beside Node's own start, its built-in modules, the compilation of the bundle and of core.wasm, SQLite's native module and, with files, the YAML library take their time on the main thread";

const item = JSON.stringify([{ key: "bench", value: { name: "a name", count: 12, list: [1, 2, 3] } }]);

const entries = JSON.stringify(
  Array.from({ length: 100 }, (_, n) => ({
    entryId: String(n),
    event: { name: "a name", count: n },
    contentType: "application/json",
  })),
);

export default async function bench(): Promise<void> {
  if (node.missing !== undefined) return console.log(`Node is left out: ${node.missing}.`);
  if (!(await hasWrk()))
    return console.log("Node is left out: wrk is not installed (`apt-get install wrk`).");
  if (daprd.missing !== undefined)
    console.log("daprd is not on the PATH: only daprlet's own figures follow.");

  const folder = mkdtempSync(join(tmpdir(), "daprlet-bench-"));
  const measured = new Map<string, Map<string, number>>();
  const keep = (what: string, side: string, value: number, less = false) => {
    const row = measured.get(what) ?? new Map<string, number>();
    measured.set(what, row);
    const before = row.get(side);
    const better = before === undefined || (less ? value < before : value > before);
    if (better) row.set(side, value);
  };
  const children: ChildProcess[] = [];
  const sidecars: Daprd[] = [];
  try {
    for (const { name, program } of sides) {
      const own = join(folder, name);
      const resources = writeResources(own, join(own, "state.db"));
      const targets = [await startTarget(), await startTarget()];
      children.push(...targets.map(({ child }) => child));
      const ids = ["a", "b"].map((letter) => `bench-${letter}-${Math.random().toString(36).slice(2, 8)}`);
      const pair: Daprd[] = [];
      for (const [index, appId] of ids.entries()) {
        pair.push(await startDaprd({ appId, resources, appPort: targets[index]?.port ?? 0, program }));
      }
      sidecars.push(...pair);
    }
    for (let round = 0; round < rounds; round++) {
      for (const [index, { name }] of sides.entries()) {
        const [a, b] = sidecars.slice(index * 2, index * 2 + 2) as [Daprd, Daprd];
        const post: Load = { method: "POST", body: item };
        const rate = async (what: string, path: string, how: Load = {}) => {
          keep(what, name, await load(a.port, path, folder, how));
        };
        await rate("state set, in memory", "/v1.0/state/memory", post);
        await rate("state get, in memory", "/v1.0/state/memory/bench");
        await rate("state set, SQLite", "/v1.0/state/sqlite", post);
        await rate("state get, SQLite", "/v1.0/state/sqlite/bench");
        await rate("invoke the own app", `/v1.0/invoke/${a.appId}/method/hello`);
        await rate("invoke another app", `/v1.0/invoke/${b.appId}/method/hello`);
        const { accepted, delivered } = await loadWithDelivery(a, "bench", folder);
        keep("publish, accepted", name, accepted);
        keep("publish, delivered", name, delivered);
        await rate("bulk publish of 100 events", "/v1.0/publish/bulk/pubsub/nobody", {
          method: "POST",
          body: entries,
        });
      }
    }
    await Promise.all(sidecars.splice(0).map((sidecar) => sidecar.stop()));

    const resources = join(folder, "daprlet", "resources");
    for (let round = 0; round < starting; round++) {
      for (const { name, program } of sides) {
        const [port, grpc, internal, metrics] = (await freePorts(4)) as [number, number, number, number];
        const flags = [
          ...[
            "--app-id",
            `start-${name}`,
            "--dapr-http-port",
            String(port),
            "--dapr-grpc-port",
            String(grpc),
          ],
          ...["--dapr-internal-grpc-port", String(internal), "--metrics-port", String(metrics)],
        ];
        const start = (what: string, more: readonly string[]) =>
          startUp([...program, ...flags, ...more], {}, port, folder).then((ms) => keep(what, name, ms, true));
        await start(bareStart, []);
        await start(filesStart, ["--resources-path", resources]);
      }
      const [port] = (await freePorts(1)) as [number];
      const bare = [process.execPath, join(apps, "bare.mjs")];
      const empty = await startUp(bare, { PORT: String(port) }, port, folder);
      for (const what of [bareStart, filesStart]) keep(what, "empty Node server", empty, true);
    }
  } finally {
    await Promise.all(sidecars.map((sidecar) => sidecar.stop()));
    for (const child of children) child.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  }

  const starts = [bareStart, filesStart].map((what): Row => {
    const values = measured.get(what) ?? new Map();
    measured.delete(what);
    return { what, unit: "ms", values, less: true, aim: 1.5, why: whySlow };
  });
  const rows: Row[] = [...measured].map(([what, values]) => ({ what, unit: "1/s", values, aim: 1 }));
  const names = sides.map(({ name }) => name);
  printRows(`Node against daprd (wrk, 16 connections, best of ${rounds} runs of ${seconds} s)`, names, rows);
  const others = ["daprlet", "empty Node server", ...names.slice(1)];
  printRows(`Start, process to healthy (best of ${starting})`, others, starts);
}
