/** In one page: the worker's fetch event and the shim, against loopback HTTP, Mock Service Worker and plain IndexedDB. */
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, type Rolldown } from "vite";
import { chromiumPath } from "../browser/playwright.config.ts";
import { type Chromium, launchChromium, type Tab } from "./chromium.ts";
import { printRows, type Row } from "./table.ts";

const dist = fileURLToPath(new URL("../../dist/", import.meta.url));
const rounds = 5;
const sequential = 60;
const together = 64;
const value = JSON.stringify({ name: "a name", count: 12, list: [1, 2, 3] });

/** What every page of the comparison measures with: its own fetch, kept before anything patches it. */
const measuring = `
  window.unpatched = window.fetch.bind(window);
  const answered = async (response) => {
    if (!response.ok) throw new Error("answered " + response.status);
    await response.arrayBuffer();
  };
  /** Microseconds of each of n calls, one after the other. */
  window.oneByOne = async (call, n) => {
    const times = [];
    for (let i = 0; i < n; i++) {
      const begun = performance.now();
      await answered(await call(i));
      times.push((performance.now() - begun) * 1000);
    }
    return times;
  };
  /** Calls per second, width at once, n in all. */
  window.atOnce = async (call, n, width) => {
    let next = 0;
    const begun = performance.now();
    const one = async () => { while (next < n) await answered(await call(next++)); };
    await Promise.all(Array.from({ length: width }, one));
    return n / ((performance.now() - begun) / 1000);
  };
`;

const pages: Readonly<Record<string, string>> = {
  daprlet: `<!doctype html><link rel="icon" href="data:,"><script>${measuring}</script>
<script type="module">
  import { register } from "./client.js";
  const sidecar = await register({
    appId: "bench",
    components: [
      { name: "statestore", type: "state.indexeddb" },
      { name: "memory", type: "state.in-memory" },
    ],
  });
  if (sidecar.door !== "worker") throw new Error(sidecar.note);
  const body = JSON.stringify([{ key: "bench", value: ${value} }]);
  for (const store of ["statestore", "memory"]) await fetch("/v1.0/state/" + store, { method: "POST", body });
  window.ready = true;
</script>`,
  http: `<!doctype html><link rel="icon" href="data:,"><script>${measuring} window.ready = true;</script>`,
  msw: `<!doctype html><link rel="icon" href="data:,"><script>${measuring}</script>
<script type="module">
  import "./msw-entry.js";
  await window.started;
  window.ready = true;
</script>`,
};

const types: Readonly<Record<string, string>> = { ".js": "text/javascript", ".json": "application/json" };

/** A site of one page; isolated, so that its clock has the finest resolution there is. */
async function site(
  page: string,
  files: ReadonlyMap<string, string>,
): Promise<{ url: string; close(): void }> {
  const isolated = {
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-embedder-policy": "require-corp",
    "cross-origin-resource-policy": "same-origin",
  };
  const server = createServer((request, response) => {
    const path = (request.url ?? "/").slice(1);
    if (path.startsWith("v1.0/state/")) {
      response.writeHead(200, { "content-type": "application/json", ...isolated }).end(value);
      return;
    }
    const own = path === "" ? page : files.get(path);
    const file = join(dist, path);
    const text =
      own ?? (/^[\w-]+\.js$/.test(path) && existsSync(file) ? readFileSync(file, "utf8") : undefined);
    if (text === undefined) {
      response.writeHead(404, isolated).end();
      return;
    }
    response.writeHead(200, { "content-type": types[extname(path)] ?? "text/html", ...isolated }).end(text);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  return { url: `http://localhost:${port}/`, close: () => server.closeAllConnections() ?? server.close() };
}

async function mswFiles(): Promise<Map<string, string>> {
  const output = (await build({
    configFile: false,
    logLevel: "error",
    define: { "process.env.NODE_ENV": '"production"' },
    build: {
      write: false,
      rolldownOptions: {
        input: fileURLToPath(new URL("msw-entry.ts", import.meta.url)),
        output: { format: "es", codeSplitting: false },
      },
    },
  })) as Rolldown.RolldownOutput;
  const package_ = dirname(createRequire(import.meta.url).resolve("msw/package.json"));
  return new Map([
    ["msw-entry.js", output.output[0].code],
    ["mockServiceWorker.js", readFileSync(join(package_, "lib/mockServiceWorker.js"), "utf8")],
  ]);
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;

interface Way {
  readonly name: string;
  readonly tab: Tab;
  /** An expression: a function from a number to a promise of a response. */
  readonly call: string;
}

async function reads(ways: readonly Way[]): Promise<Row[]> {
  const latency = new Map<string, number[]>();
  const rate = new Map<string, number>();
  for (let round = 0; round <= rounds; round++) {
    for (const { name, tab, call } of ways) {
      const times = await tab.evaluate<number[]>(`oneByOne(${call}, ${sequential})`);
      const perSecond = await tab.evaluate<number>(`atOnce(${call}, ${together * 4}, ${together})`);
      // The first round warms up.
      if (round === 0) continue;
      latency.set(name, [...(latency.get(name) ?? []), ...times]);
      rate.set(name, Math.max(rate.get(name) ?? 0, perSecond));
    }
  }
  const p50 = new Map([...latency].map(([name, times]) => [name, median(times)]));
  const best = new Map([...latency].map(([name, times]) => [name, Math.min(...times)]));
  return [
    { what: "state get, one by one, p50", unit: "µs", values: p50, less: true },
    { what: "state get, one by one, best", unit: "µs", values: best, less: true },
    { what: `state get, ${together} at once`, unit: "1/s", values: rate },
  ];
}

const save = (fetch: string) =>
  `(i) => ${fetch}("/v1.0/state/statestore", { method: "POST", body: JSON.stringify([{ key: "w" + (i % 500), value: ${value} }]) })`;

/** Plain IndexedDB, one transaction for each write, each awaited to its completion. */
const plain = `(() => {
  const opened = new Promise((resolve, reject) => {
    const request = indexedDB.open("plain", 1);
    request.onupgradeneeded = () => request.result.createObjectStore("items");
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  return async (i) => {
    const transaction = (await opened).transaction("items", "readwrite", { durability: "relaxed" });
    transaction.objectStore("items").put(new Uint8Array(60), "w" + (i % 500));
    await new Promise((resolve, reject) => {
      transaction.oncomplete = resolve;
      transaction.onerror = () => reject(transaction.error);
    });
    return new Response(null, { status: 204 });
  };
})()`;

async function writes(tab: Tab): Promise<Row[]> {
  const ways = [
    ["daprlet, shim", save("fetch")],
    ["IndexedDB, a transaction each", plain],
  ] as const;
  const rows: Row[] = [];
  for (const width of [1, together, 512]) {
    const values = new Map<string, number>();
    for (let round = 0; round < 3; round++) {
      for (const [name, call] of ways) {
        const perSecond = await tab.evaluate<number>(
          `atOnce(${call}, ${width === 1 ? 100 : 1024}, ${width})`,
        );
        values.set(name, Math.max(values.get(name) ?? 0, perSecond));
      }
    }
    rows.push({ what: `durable writes, ${width} at once`, unit: "1/s", values });
  }
  return rows;
}

async function coldStart(tab: Tab): Promise<Row> {
  await tab.send("ServiceWorker.enable");
  const get = `oneByOne(() => unpatched("/v1.0/state/statestore/bench"), 1)`;
  const cold: number[] = [];
  const warm: number[] = [];
  for (let n = 0; n < 10; n++) {
    await tab.send("ServiceWorker.stopAllWorkers");
    cold.push(...(await tab.evaluate<number[]>(get)));
    warm.push(...(await tab.evaluate<number[]>(get)));
  }
  await tab.send("ServiceWorker.disable");
  const values = new Map([
    ["stopped worker", median(cold) / 1000],
    ["running worker", median(warm) / 1000],
  ]);
  return { what: "state get by the fetch event, p50", unit: "ms", values, less: true };
}

export default async function bench(): Promise<void> {
  if (chromiumPath === undefined) return console.log("The page is left out: chromium is not installed.");
  if (!existsSync(join(dist, "sw.js")))
    return console.log("The page is left out: run `npm run build` first.");
  const files = await mswFiles();
  const sites = {
    daprlet: await site(pages.daprlet ?? "", files),
    http: await site(pages.http ?? "", files),
    msw: await site(pages.msw ?? "", files),
  };
  let chromium: Chromium | undefined;
  try {
    chromium = await launchChromium(chromiumPath);
    const tabs = { daprlet: await chromium.open(), http: await chromium.open(), msw: await chromium.open() };
    await tabs.http.goto(sites.http.url);
    await tabs.msw.goto(sites.msw.url);
    await tabs.daprlet.goto(sites.daprlet.url);
    const get = (fetch: string, store: string) => `() => ${fetch}("/v1.0/state/${store}/bench")`;
    const ways: Way[] = [
      { name: "shim", tab: tabs.daprlet, call: get("fetch", "memory") },
      { name: "fetch event", tab: tabs.daprlet, call: get("unpatched", "memory") },
      { name: "shim, IndexedDB", tab: tabs.daprlet, call: get("fetch", "statestore") },
      { name: "fetch event, IndexedDB", tab: tabs.daprlet, call: get("unpatched", "statestore") },
      { name: "loopback HTTP", tab: tabs.http, call: get("unpatched", "memory") },
      { name: "MSW", tab: tabs.msw, call: get("unpatched", "memory") },
    ];
    const [p50, best, rate] = (await reads(ways)) as [Row, Row, Row];
    const aims: Readonly<Record<string, readonly [string, number]>> = {
      shim: ["loopback HTTP", 0.1],
      "fetch event": ["MSW", 0.5],
    };
    console.log(`\nThe same JSON read in one page, by each way; ${rounds} interleaved rounds`);
    for (const { name } of ways.slice(0, 4)) {
      const [first, aim] = aims[name] ?? ["loopback HTTP", undefined];
      const others = ["loopback HTTP", "MSW"].sort((a) => (a === first ? -1 : 1));
      printRows("", [name, ...others], [aim === undefined ? p50 : { ...p50, aim }, best, rate]);
    }
    const sides = ["daprlet, shim", "IndexedDB, a transaction each"];
    printRows(
      "Durable writes (group commit against one transaction per write)",
      sides,
      await writes(tabs.daprlet),
    );
    printRows(
      "Cold start of the worker",
      ["stopped worker", "running worker"],
      [await coldStart(tabs.daprlet)],
    );
  } finally {
    await chromium?.close();
    for (const one of Object.values(sites)) one.close();
  }
}
