/** The core against plain JavaScript, in one run: trust the ratios more than the nanoseconds. */
import { createHash, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { runnerImport } from "vite";

const path = (file) => fileURLToPath(new URL(`../../${file}`, import.meta.url));
const { module: host } = await runnerImport(path("host/core/load-core.ts"), {
  configFile: false,
  logLevel: "error",
});

const module = new WebAssembly.Module(readFileSync(path("dist/core.wasm")));
const core = host.loadCore(module);
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Nanoseconds that Dapr's look-up of an actor's owner takes in Go, on a machine like the one this was written on. */
const goLookup = [524, 607];

/** The best of some rounds, each about `milliseconds` long. */
function measure(run, milliseconds = 60, rounds = 5) {
  let runs = 1;
  for (let elapsed = 0; elapsed < 5; runs *= 2) elapsed = time(run, runs);
  runs = Math.max(1, Math.round((runs / 2) * (milliseconds / Math.max(time(run, runs / 2), 0.01))));
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < rounds; round++) best = Math.min(best, time(run, runs));
  return (best / runs) * 1e6;
}

function time(run, runs) {
  const start = performance.now();
  for (let i = 0; i < runs; i++) run(i);
  return performance.now() - start;
}

const rows = [];

function compare(name, run, other, against) {
  const ours = measure(run);
  const theirs = typeof other === "function" ? measure(other) : other;
  const ns = (value) => (value === undefined ? "" : Math.round(value).toLocaleString("en"));
  rows.push({
    what: name,
    "core ns": ns(ours),
    "other ns": ns(theirs),
    "core / other": theirs === undefined ? "" : (ours / theirs).toFixed(2),
    other: against ?? "",
  });
}

compare("route, plain", () => core.route("GET", "/v1.0/state/statestore/order-123"));
compare("route, invocation", () => core.route("POST", "/v1.0/invoke/checkout/method/orders/new"));
compare("route, escaped", () => core.route("GET", "/v1.0/state/statestore/order%20123"));

for (const size of [20, 200, 4000, 100_000]) {
  const item = { key: "order-123", value: { orderId: 1, text: "x".repeat(size) }, etag: "7" };
  const body = encoder.encode(JSON.stringify([item]));
  compare(
    `scan, ${body.length} bytes`,
    () => core.scanState(body),
    () => {
      const items = JSON.parse(decoder.decode(body));
      for (const one of items) one.value = encoder.encode(JSON.stringify(one.value));
      return items;
    },
    "JSON.parse, JSON.stringify of the value",
  );
}

const attributes = {
  id: "5d17eeae-f7d3-46b9-b167-bf34297b241d",
  source: "checkout",
  type: "com.dapr.event.sent",
  time: "2026-11-23T14:48:57Z",
  datacontenttype: "application/json",
  topic: "orders",
  pubsubname: "pubsub",
  traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
  tracestate: "",
};
for (const size of [20, 200, 4000, 100_000]) {
  const data = encoder.encode(JSON.stringify({ orderId: 1, text: "x".repeat(size) }));
  compare(
    `frame, ${data.length} bytes`,
    () => core.frame(attributes, data),
    () => {
      const { traceparent: traceid } = attributes;
      const event = { ...attributes, specversion: "1.0", traceid, data: JSON.parse(decoder.decode(data)) };
      return encoder.encode(JSON.stringify(event));
    },
    "JSON.parse of the data, JSON.stringify of the event",
  );
}

const event = core.frame(attributes, encoder.encode('{"orderId":1}'));
compare(
  `complete, ${event.length} bytes`,
  () => core.complete(attributes, event),
  () => {
    const { topic, pubsubname } = attributes;
    return encoder.encode(
      JSON.stringify({ ...attributes, ...JSON.parse(decoder.decode(event)), topic, pubsubname }),
    );
  },
  "JSON.parse and JSON.stringify of the event",
);

const keys = Array.from({ length: 1024 }, (_, i) => `actor-${i * 7919}-${"x".repeat(24)}`);
for (const hosts of [3, 50, 1000]) {
  const names = Array.from({ length: hosts }, (_, i) => `10.0.${i >> 8}.${i & 255}:50002`);
  const table = core.ring(names, 100);
  const middle = (goLookup[0] + goLookup[1]) / 2;
  compare(
    `owner in a ring of ${hosts} × 100`,
    (i) => table.owner(keys[i & 1023]),
    middle,
    `Go, ${goLookup.join("–")} ns`,
  );
}
const three = ["10.0.0.1:50002", "10.0.0.2:50002", "10.0.0.3:50002"];
const rendezvous = core.rendezvous(three);
compare("owner by rendezvous of 3", (i) => rendezvous.owner(keys[i & 1023]));
compare("build a ring of 3 × 100", () => core.ring(three, 100));

const key = encoder.encode(keys[0]);
compare("xxhash64, 40 bytes", () => core.xxhash64(key));
compare(
  "BLAKE2b-512, 40 bytes",
  () => core.blake2b512(key),
  () => createHash("blake2b512").update(key).digest(),
  "node:crypto",
);
const random = randomBytes(24);
compare("traceparent of a child", () => core.traceparent(attributes.traceparent, random));
compare("a new instance", () => host.loadCore(module));

console.table(rows);
