/** The gateway under wasmtime against daprd and nginx, in one run: the same calls to the same Node app, events, and state on one disk. */
import { readFileSync, statSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { appRow, pubsubRow, storeRow } from "../gateway/gateway-table.ts";
import { plainUpstream, sidecarUpstream } from "../gateway/gateways.ts";
import { type Daprd, daprd, startDaprd } from "../hosts/daprd.ts";
import { freePorts } from "../hosts/free-ports.ts";
import { daprletProgram } from "../hosts/node.ts";
import { type Gateway, missingWasmtime, startGateway } from "../hosts/wasmtime-host.ts";
import { missingNginx, type Nginx, startNginx } from "../nginx.ts";
import { hasWrk, type Load, load, seconds } from "./load.ts";
import { loadWithDelivery, startTarget } from "./start-target.ts";
import { printRows, type Row } from "./table.ts";

const rounds = 3;
const file = (variant: string) => new URL(`../../dist/gateway/${variant}.wasm`, import.meta.url);

/** As `daprlet gateway` runs it. */
const flags = ["-O", "pooling-allocator=y"];

const post = (body: unknown): Load => ({ method: "POST", body: JSON.stringify(body) });
const text = { text: "x".repeat(1_000) };

/** Gateways of three files: each as small as what it does lets it be. */
const variants = { calls: "http+sockets", state: "http+folder", events: "http+sockets+folder" } as const;
type Kind = keyof typeof variants;

const resources = (file: string) => `
apiVersion: dapr.io/v1alpha1
kind: Component
metadata: { name: statestore }
spec: { type: state.sqlite, version: v1, metadata: [{ name: connectionString, value: "${file}" }] }
---
apiVersion: dapr.io/v1alpha1
kind: Component
metadata: { name: pubsub }
spec: { type: pubsub.in-memory, version: v1, metadata: [] }
`;

/** Events for the app, which daprd has itself and the gateway hands to a sidecar of daprlet: rows as of calls. */
const events = { accepted: "publish: accepted", delivered: "publish: delivered" } as const;

interface Call {
  readonly what: string;
  readonly path: string;
  readonly how?: Load;
  /** The gateways that have it. */
  readonly by: Kind;
  /** What is aimed at, against whom; 0: it is shown beside it. */
  readonly aims: { readonly daprd: number; readonly nginx?: number };
}

const store = "/v1.0/state/statestore";
const hello = "/v1.0/invoke/target/method/hello";

/** What is measured, and what is aimed at. */
const calls: readonly Call[] = [
  { what: "healthz", path: "/v1.0/healthz", by: "calls", aims: { daprd: 1, nginx: 0 } },
  { what: "invoke a Node app", path: hello, by: "calls", aims: { daprd: 3, nginx: 0.75 } },
  {
    what: "invoke, POST of 1 KB",
    path: hello,
    how: post(text),
    by: "calls",
    aims: { daprd: 3, nginx: 0.75 },
  },
  {
    what: "state set (flushed; SQLite is not)",
    path: store,
    how: post([{ key: "k", value: { text: "some words" } }]),
    by: "state",
    aims: { daprd: 1 },
  },
  { what: "state get", path: `${store}/k`, by: "state", aims: { daprd: 1 } },
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
  const sidecars: Daprd[] = [];
  let nginx: Nginx | undefined;
  const rates = new Map<string, Map<string, number>>();
  const costs = new Map<string, Map<string, number>>();
  const waits = new Map<string, number>();
  const keep = (kept: typeof rates, what: string, side: string, value: number, better: typeof Math.max) => {
    const row = kept.get(what) ?? new Map<string, number>();
    kept.set(what, row);
    row.set(side, better(value, row.get(side) ?? value));
  };
  try {
    for (const side of ["daprd", "daprlet"]) {
      await mkdir(join(folder, side));
      await writeFile(join(folder, side, "resources.yaml"), resources(join(folder, side, "state.sqlite")));
    }
    const taking = await startDaprd({
      appId: "taking",
      resources: join(folder, "daprlet"),
      program: [process.execPath, daprletProgram, "daprd"],
      appPort: target.port,
    });
    sidecars.push(taking);
    const tables = {
      calls: {
        apps: [appRow("target", [plainUpstream(target.port, { transport: 0 })])],
      },
      events: {
        remotes: [appRow("taking", [sidecarUpstream(taking.port, { transport: 0 })])],
        pubsubs: [pubsubRow("pubsub", 0)],
      },
      state: { stores: [storeRow("statestore")] },
    };
    type Side = { readonly port: number; readonly pid: number };
    const sides = new Map<string, Readonly<Record<Kind, Side | undefined>>>();
    for (const [reused, name] of [
      [true, "gateway"],
      [false, "fresh instances"],
    ] as const) {
      const own = join(folder, name.replace(" ", "-"));
      await mkdir(own);
      const open = async (kind: Kind) => {
        const variant = variants[kind];
        const gateway = await startGateway(tables[kind], {
          ...{ variant, reused, flags },
          ...(kind === "state" && { folder: own }),
        });
        gateways.push(gateway);
        return gateway;
      };
      sides.set(name, {
        calls: await open("calls"),
        state: await open("state"),
        events: await open("events"),
      });
    }
    if (daprd.missing === undefined) {
      const sidecar = await startDaprd({
        ...{ appId: "target", resources: join(folder, "daprd"), appPort: target.port },
      });
      sidecars.push(sidecar);
      sides.set("daprd", { calls: sidecar, state: sidecar, events: sidecar });
    }
    if (missingNginx === undefined) {
      const [port] = (await freePorts(1)) as [number];
      nginx = await startNginx(port, reverseProxy(port, target.port));
      sides.set("nginx", { calls: { port, pid: nginx.pid }, state: undefined, events: undefined });
    }
    for (let round = 0; round < rounds; round++) {
      for (const { what, path, how, by, aims } of calls) {
        // Side after side, so that whatever else the machine does hits all alike.
        for (const [side, { [by]: place }] of sides) {
          if (place === undefined || (side === "nginx" && aims.nginx === undefined)) continue;
          const before = used(place.pid);
          const rate = await load(place.port, path, folder, how);
          keep(rates, what, side, rate, Math.max);
          keep(costs, what, side, ((used(place.pid) - before) * 1000) / (rate * seconds), Math.min);
        }
      }
      for (const [side, { calls, events: publishing }] of sides) {
        if (publishing !== undefined) {
          const places = { port: publishing.port, appPort: target.port };
          const { accepted, delivered } = await loadWithDelivery(places, "bench", folder);
          keep(rates, events.accepted, side, accepted, Math.max);
          keep(rates, events.delivered, side, delivered, Math.max);
        }
        if (calls === undefined) continue;
        const rate = await load(calls.port, "/v1.0/healthz", folder, { connections: 1 });
        waits.set(side, Math.min(1e6 / rate, waits.get(side) ?? Number.POSITIVE_INFINITY));
      }
    }
    const published = Object.values(events).map((what) => ({ what, aims: { daprd: 1 } }));
    const rateRows = (against: "daprd" | "nginx"): Row[] =>
      [...calls, ...published]
        .filter(({ aims }: Pick<Call, "aims">) => aims[against] !== undefined)
        .map(({ what, aims: { [against]: aim = 0 } }: Pick<Call, "what" | "aims">) => ({
          ...{ what, unit: "1/s", values: rates.get(what) ?? new Map(), aim },
        }));
    const all = [...sides.keys()];
    const title = `wrk, 16 connections, best of ${rounds} runs of ${seconds} s`;
    if (sides.has("daprd")) {
      const names = ["gateway", "daprd", "fresh instances"];
      printRows(`The gateway against daprd (${title})`, names, rateRows("daprd"));
    }
    if (nginx !== undefined) {
      printRows(`The gateway against nginx (${title})`, ["gateway", "nginx"], rateRows("nginx"));
    }
    printRows(
      "Processor time of each for one request, which a busy machine changes least",
      all,
      calls.map(({ what }): Row => ({ what, unit: "µs", values: costs.get(what) ?? new Map(), less: true })),
    );
    printRows(
      "A call that waits for the one before it: what a cold instance costs",
      ["fresh instances", ...all.filter((side) => side !== "fresh instances")],
      [{ what: "healthz", unit: "µs", values: waits, less: true }],
    );
    const memories = [...sides].flatMap(([side, { calls }]) =>
      calls === undefined ? [] : [[side, memory(calls.pid)] as const],
    );
    printRows("Memory after that", all, [{ what: "memory", unit: "MiB", values: new Map(memories) }]);
    const sizes = Object.values(variants).map(
      (variant) => [variant, statSync(file(variant)).size / 1024] as const,
    );
    printRows("Size", Object.values(variants), [{ what: "file", unit: "KiB", values: new Map(sizes) }]);
  } finally {
    await Promise.all([...gateways, ...sidecars].map((each) => each.stop()));
    await nginx?.stop();
    target.child.kill("SIGKILL");
    await rm(folder, { recursive: true, force: true });
  }
}
