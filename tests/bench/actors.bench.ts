/** Actors on Node against daprd with its placement service: the same app behind both. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { componentYaml } from "../hosts/components.ts";
import { type Daprd, startDaprd } from "../hosts/daprd.ts";
import { freePorts } from "../hosts/free-ports.ts";
import { httpFetch } from "../hosts/http-fetch.ts";
import { node } from "../hosts/node.ts";
import { type PlacementProcess, startPlacement } from "../hosts/placement.ts";
import { hasWrk, type Side, seconds, sides } from "./load.ts";
import { printRows, type Row } from "./table.ts";

const run = promisify(execFile);
const rounds = 3;
const app = fileURLToPath(new URL("apps/actors.mjs", import.meta.url));

/** `id` is a Lua expression, asked for each request. */
const measured = [
  { what: "call one actor of 1,000", id: "math.random(1000)", method: "hello", aim: 2 },
  { what: "call one actor of 100,000", id: "math.random(100000)", method: "hello", aim: 2 },
  { what: "activate: an actor for each call", id: "next()", method: "hello", aim: 2 },
  {
    what: "call one of 1,000 by another sidecar",
    id: "math.random(1000)",
    method: "hello",
    aim: 1,
    remote: true,
  },
  { what: "a turn that saves its state, of 1,000", id: "math.random(1000)", method: "save", aim: 1 },
] as const;

interface Started {
  readonly sidecar: Daprd;
  /** Hosts nothing: what is called through it lives at the other one. */
  readonly caller: Daprd;
  readonly processes: readonly ChildProcess[];
  readonly placement: PlacementProcess | undefined;
}

async function untilAnswers(port: number, path: string): Promise<void> {
  const { fetch, close } = httpFetch(port);
  for (let status = 0; status !== 200; ) {
    status = await fetch(path).then(
      (answer) => answer.status,
      () => 0,
    );
    if (status !== 200) await new Promise((resolve) => setTimeout(resolve, 50));
  }
  close();
}

async function start({ name, program }: Side, folder: string): Promise<Started> {
  const [appPort] = (await freePorts(1)) as [number];
  const resources = mkdtempSync(join(folder, "resources-"));
  const metadata = { actorStateStore: "true" };
  const yaml = componentYaml({ name: "statestore", type: "state.in-memory", metadata });
  writeFileSync(join(resources, "statestore.yaml"), yaml);
  const processes: ChildProcess[] = [];
  const flags: string[] = [];
  let placement: PlacementProcess | undefined;
  if (name === "daprd") {
    placement = await startPlacement();
    flags.push("--placement-host-address", placement.address);
  }
  const env = { ...process.env, APP_PORT: String(appPort) };
  processes.push(spawn(process.execPath, [app], { env, stdio: "ignore" }));
  await untilAnswers(appPort, "/dapr/config");
  const appId = `bench-${Math.random().toString(36).slice(2, 8)}`;
  const sidecar = await startDaprd({ appId, resources, appPort, program, flags });
  await untilAnswers(appPort, `/sidecar/${sidecar.port}`);
  const caller = await startDaprd({ appId: `${appId}-caller`, resources, program, flags });
  await untilAnswers(sidecar.port, "/v1.0/actors/Bench/first/method/hello");
  await untilAnswers(caller.port, "/v1.0/actors/Bench/first/method/hello");
  return { sidecar, caller, processes, placement };
}

let ids = 0;

/** Calls per second over 16 connections, and the median time of one in milliseconds. */
async function load(port: number, id: string, method: string, folder: string) {
  const script = join(folder, "wrk.lua");
  writeFileSync(
    script,
    [
      `local n = ${++ids * 10_000_000}`,
      "local function next() n = n + 1; return n end",
      'wrk.headers["content-type"] = "application/json"',
      "request = function()",
      `  return wrk.format("POST", "/v1.0/actors/Bench/" .. ${id} .. "/method/${method}", nil, "{}")`,
      "end",
    ].join("\n"),
  );
  const { stdout } = await run("wrk", [
    ...["-t1", "-c16", `-d${seconds}s`, "--latency", "-s", script],
    `http://127.0.0.1:${port}`,
  ]);
  if (stdout.includes("Non-2xx")) throw new Error(`not every call was a success\n${stdout}`);
  const median = /50%\s+([\d.]+)(us|ms)/.exec(stdout);
  return {
    rate: Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1]),
    medianMs: Number(median?.[1]) / (median?.[2] === "us" ? 1_000 : 1),
  };
}

export default async function bench(): Promise<void> {
  if (node.missing !== undefined) return console.log(`actors are left out: ${node.missing}.`);
  if (!(await hasWrk())) return console.log("actors are left out: wrk is not installed.");
  const folder = mkdtempSync(join(tmpdir(), "daprlet-bench-"));
  const rows = measured.map(({ what, aim }) => ({
    what,
    unit: "1/s",
    values: new Map<string, number>(),
    aim,
  }));
  const waits = measured.map(({ what }) => ({
    what: `${what}, median`,
    unit: "ms",
    values: new Map<string, number>(),
    less: true,
  }));
  try {
    for (let round = 0; round < rounds; round++) {
      for (const side of sides) {
        const { sidecar, caller, processes, placement } = await start(side, folder);
        try {
          // Warm: the first seconds of a program are those of its compiler.
          for (const { id, method } of measured) await load(sidecar.port, id, method, folder);
          for (const [i, one] of measured.entries()) {
            const { port } = "remote" in one ? caller : sidecar;
            const { rate, medianMs } = await load(port, one.id, one.method, folder);
            keep(rows[i], side, rate, Math.max);
            keep(waits[i], side, medianMs, Math.min);
          }
        } finally {
          await Promise.all([sidecar.stop(), caller.stop(), placement?.stop()]);
          for (const child of processes) child.kill("SIGKILL");
        }
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  printRows(
    `Actors (wrk, 16 connections, best of ${rounds} runs of ${seconds} s)`,
    sides.map(({ name }) => name),
    [...rows, ...waits],
  );
}

function keep(
  row: (Row & { readonly values: Map<string, number> }) | undefined,
  { name }: Side,
  value: number,
  better: (a: number, b: number) => number,
): void {
  const before = row?.values.get(name);
  row?.values.set(name, before === undefined ? value : better(before, value));
}
