/** The gateway under wasmtime against daprd and nginx: the same calls to the same Node app, in one run. */
import { readFileSync, statSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { appRow } from "../gateway/gateway-table.ts";
import { plainUpstream } from "../gateway/gateways.ts";
import { type Daprd, daprd, startDaprd } from "../hosts/daprd.ts";
import { freePorts } from "../hosts/free-ports.ts";
import { type Gateway, missingWasmtime, startGateway } from "../hosts/wasmtime-host.ts";
import { missingNginx, type Nginx, startNginx } from "../nginx.ts";
import { hasWrk, type Load, load, seconds } from "./load.ts";
import { startTarget } from "./start-target.ts";
import { printRows, type Row } from "./table.ts";

const rounds = 3;
const variant = "http+sockets";
const file = new URL(`../../dist/gateway/${variant}.wasm`, import.meta.url);

/** As `daprlet gateway` runs it. */
const flags = ["-O", "pooling-allocator=y"];

const post: Load = { method: "POST", body: JSON.stringify({ text: "x".repeat(1_000) }) };

interface Call {
  readonly what: string;
  readonly path: string;
  readonly how?: Load;
  /** What is aimed at, against whom. */
  readonly aims: { readonly daprd: number; readonly nginx?: number };
}

/** What is measured, and what is aimed at. */
const calls: readonly Call[] = [
  { what: "healthz", path: "/v1.0/healthz", aims: { daprd: 1 } },
  { what: "invoke a Node app", path: "/v1.0/invoke/target/method/hello", aims: { daprd: 3, nginx: 0.75 } },
  {
    what: "invoke, POST of 1 KB",
    path: "/v1.0/invoke/target/method/hello",
    how: post,
    aims: { daprd: 3, nginx: 0.75 },
  },
];

const memory = (pid: number) =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1024;

/** Milliseconds of processor time that a process has used. */
function used(pid: number): number {
  const [user, system] = readFileSync(`/proc/${pid}/stat`, "utf8")
    .replace(/^.*\) /, "")
    .split(" ")
    .slice(11, 13);
  return (Number(user) + Number(system)) * 10;
}

const reverseProxy = (port: number, target: number) => `
  keepalive_requests 100000000;
  upstream target { server 127.0.0.1:${target}; keepalive 64; keepalive_requests 100000000; }
  server {
    listen 127.0.0.1:${port};
    location = /v1.0/healthz { return 204; }
    location / { proxy_pass http://target; proxy_http_version 1.1; proxy_set_header Connection ""; }
  }`;

export default async function bench(): Promise<void> {
  if (missingWasmtime !== undefined) return console.log(`The gateway is left out: ${missingWasmtime}.`);
  if (!(await hasWrk()))
    return console.log("The gateway is left out: wrk is not installed (`apt-get install wrk`).");
  if (daprd.missing !== undefined) console.log("daprd is not on the PATH: it is left out.");
  if (missingNginx !== undefined) console.log(`nginx is left out: ${missingNginx}.`);

  const folder = await mkdtemp(join(tmpdir(), "daprlet-bench-"));
  const target = await startTarget();
  const gateways: Gateway[] = [];
  let sidecar: Daprd | undefined;
  let nginx: Nginx | undefined;
  const rates = new Map<string, Map<string, number>>();
  const costs = new Map<string, Map<string, number>>();
  const keep = (kept: typeof rates, what: string, side: string, value: number, better: typeof Math.max) => {
    const row = kept.get(what) ?? new Map<string, number>();
    kept.set(what, row);
    row.set(side, better(value, row.get(side) ?? value));
  };
  try {
    const table = { apps: [appRow("target", [plainUpstream(target.port, { transport: 0 })])] };
    for (const reused of [true, false]) gateways.push(await startGateway(table, { variant, reused, flags }));
    const sides = new Map<string, { readonly port: number; readonly pid: number }>();
    for (const [i, gateway] of gateways.entries())
      sides.set(i === 0 ? "gateway" : "fresh instances", gateway);
    if (daprd.missing === undefined) {
      sidecar = await startDaprd({ appId: "target", resources: folder, appPort: target.port });
      sides.set("daprd", sidecar);
    }
    if (missingNginx === undefined) {
      const [port] = (await freePorts(1)) as [number];
      nginx = await startNginx(port, reverseProxy(port, target.port));
      sides.set("nginx", { port, pid: nginx.pid });
    }
    for (let round = 0; round < rounds; round++) {
      for (const { what, path, how } of calls) {
        // Side after side, so that whatever else the machine does hits all alike.
        for (const [side, { port, pid }] of sides) {
          const before = used(pid);
          const rate = await load(port, path, folder, how);
          keep(rates, what, side, rate, Math.max);
          keep(costs, what, side, ((used(pid) - before) * 1000) / (rate * seconds), Math.min);
        }
      }
    }
    const rateRows = (against: "daprd" | "nginx"): Row[] =>
      calls.map(({ what, aims: { [against]: aim } }) => ({
        what,
        unit: "1/s",
        values: rates.get(what) ?? new Map(),
        ...(aim !== undefined && { aim }),
      }));
    const costRows = calls.map(
      ({ what }): Row => ({ what, unit: "µs", values: costs.get(what) ?? new Map(), less: true }),
    );
    const all = [...sides.keys()];
    const title = `wrk, 16 connections, best of ${rounds} runs of ${seconds} s`;
    if (sidecar !== undefined) {
      const names = ["gateway", "daprd", "fresh instances"];
      printRows(`The gateway against daprd (${title})`, names, rateRows("daprd"));
    }
    if (nginx !== undefined) {
      const names = ["gateway", "nginx"];
      printRows(`The gateway against nginx (${title})`, names, rateRows("nginx"));
    }
    printRows("Processor time of each for one request, which a busy machine changes least", all, costRows);
    const kibibytes = new Map([["gateway", statSync(file).size / 1024]]);
    printRows("Memory after that, and the file", all, [
      {
        what: "memory",
        unit: "MiB",
        values: new Map([...sides].map(([side, { pid }]) => [side, memory(pid)])),
      },
      { what: "file", unit: "KiB", values: kibibytes },
    ]);
  } finally {
    await Promise.all([...gateways.map((gateway) => gateway.stop()), sidecar?.stop(), nginx?.stop()]);
    target.child.kill("SIGKILL");
    await rm(folder, { recursive: true, force: true });
  }
}
