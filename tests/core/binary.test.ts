import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { instantiate } from "../../host/core/exports.ts";
import { bindRequests } from "../../host/core/requests.ts";
import { coreBytes, coreModule, encode, newCore } from "./core.ts";

test("the core imports nothing", () => {
  expect(WebAssembly.Module.imports(coreModule)).toEqual([]);
});

test("the core is at most 32 KB", () => {
  expect(coreBytes.length).toBeLessThanOrEqual(32 * 1024);
});

test("its exports fit one screen, and their names are legal in every interface language", () => {
  const names = WebAssembly.Module.exports(coreModule).map(({ name }) => name);
  expect(names.length).toBeLessThanOrEqual(50);
  for (const name of names) expect(name).toMatch(/^[a-z0-9]+$/);
});

test("a module of another version is refused", () => {
  const empty = new WebAssembly.Module(new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]));
  expect(() => instantiate(empty)).toThrow(/ABI version/);
});

test("10,000 requests leave the memory's size and its heap as they were", () => {
  const exports = instantiate(coreModule);
  const core = bindRequests(exports);
  const before = exports.memory.buffer;
  const size = before.byteLength;
  const large = encode(JSON.stringify([{ key: "k", value: "é".repeat(100_000) }]));
  const random = randomBytes(24);
  const attributes = {
    id: "1",
    source: "app",
    type: "t",
    time: "2026-01-01T00:00:00Z",
    topic: "orders",
    pubsubname: "pubsub",
    traceparent: "",
    tracestate: "",
  };
  for (let i = 0; i < 1000; i++) {
    core.route("GET", `/v1.0/state/store/key-${i}`);
    core.route("POST", `/v1.0//invoke/app%20${i}/method/a%2F..%2Fb`);
    core.normalise(`a/${i}/../b`);
    core.scanState(encode(`[{"key":"${i}","value":${i},"metadata":{"ttlInSeconds":"5"}}]`));
    core.scanTransaction(encode(`{"operations":[{"operation":"delete","request":{"key":"${i}"}}]}`));
    expect(() => core.scanState(encode("[{"))).toThrow();
    core.frame({ ...attributes, datacontenttype: "text/plain" }, i % 100 ? encode("é") : large);
    core.complete(attributes, encode(`{"id":"${i}"}`));
    core.xxhash64(random);
    core.traceparent(undefined, core.blake2b512(random).subarray(0, 24));
  }
  core.scanState(large);
  expect(exports.memory.buffer).toBe(before);
  expect(before.byteLength).toBe(size);
  // The heap begins where tables would: whatever was allocated would have left its header there.
  expect(new Uint8Array(before, exports.tables()).every((byte) => byte === 0)).toBe(true);
});

test("two cores share nothing", () => {
  const one = newCore();
  const route = one.route("GET", "/v1.0/state/a%20b/c");
  newCore().route("GET", "/v1.0/state/x%20y/z");
  expect(route).toMatchObject({ params: ["a b", "c"] });
});
