// What a call of a capability costs across a worker thread, as built, and how soon one that loops is ended.
import { createHash } from "node:crypto";
import { performance } from "node:perf_hooks";
import wabt from "wabt";
import { createRuntime } from "../../dist/node/index.js";

const { parseWat } = await wabt();

/** A package that answers what came, or does `handle` instead. */
function packageOf(name, { handle, data = "", limits = {} }) {
  const echo = `(i32.store (local.get 0) (i32.const 2))
    (i64.or (i64.shl (i64.extend_i32_u (local.get 0)) (i64.const 32)) (i64.extend_i32_u (local.get 1)))`;
  const wat = `(module (memory (export "memory") 4 4) ${data}
    (func (export "cap_abi_version") (result i32) (i32.const 1))
    (func (export "cap_alloc") (param i32) (result i32) (i32.const 4096))
    (func (export "cap_handle") (param i32 i32) (result i64) ${handle ?? echo}))`;
  const bytes = new Uint8Array(parseWat("m.wat", wat).toBinary({}).buffer);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const openapi = { paths: { "/run": { post: {} } } };
  const manifest = {
    name,
    version: "1.0.0",
    modules: [{ name: "main", path: "main.wasm", sha256 }],
    offers: [{ kind: "http", openapi }],
    limits,
  };
  return { origin: name, manifest, read: async () => bytes };
}

async function timed(times, call) {
  const each = [];
  for (let i = 0; i < times; i += 1) {
    const began = performance.now();
    await call();
    each.push(performance.now() - began);
  }
  return each.sort((a, b) => a - b)[times >> 1];
}

const packages = [
  packageOf("plain", {}),
  packageOf("large", { data: `(data (i32.const 65536) "${"\\00".repeat(100 << 10)}")` }),
  packageOf("loops", { handle: "(loop $a (br $a)) (unreachable)", limits: { timeMs: 100 } }),
];
const began = performance.now();
const runtime = await createRuntime({ capabilities: { packages }, clock: "system" });
console.log(`start of a runtime with three packages: ${(performance.now() - began).toFixed(1)} ms`);

async function call(name) {
  await (await runtime.fetch(`/v1.0/capabilities/${name}/run`, { method: "POST", body: "{}" })).arrayBuffer();
}
await new Promise((resolve) => setTimeout(resolve, 500));
const first = await timed(1, () => call("plain"));
console.log(`the first call of all, half a second after the start: ${first.toFixed(1)} ms`);
await new Promise((resolve) => setTimeout(resolve, 500));
const cold = await timed(1, () => call("large"));
console.log(`the first call of a package of 100 KB, with one in reserve again: ${cold.toFixed(1)} ms`);
await new Promise((resolve) => setTimeout(resolve, 500));
const warm = await timed(1, () => Promise.all([call("large"), call("large")]));
console.log(`two calls of it at once, for one of which another instance starts: ${warm.toFixed(1)} ms`);
await timed(1_000, () => call("plain"));
const other = await timed(5_000, async () => (await runtime.fetch("/v1.0/healthz")).arrayBuffer());
const across = await timed(5_000, () => call("plain"));
console.log(
  `a call: ${(across * 1000).toFixed(0)} µs across a thread (p50), where /v1.0/healthz takes ${(other * 1000).toFixed(0)} µs`,
);
const late = (await timed(10, () => call("loops"))) - 100;
console.log(`a loop: its caller is answered ${late.toFixed(1)} ms after the deadline (p50)`);
await runtime.stop(0);
