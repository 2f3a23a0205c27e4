/** The core without vectors, for the smallest interpreters, answers as the one with them. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { loadCore } from "../../host/core/load-core.ts";
import { encode, newCore } from "./core.ts";
import placement from "./vectors/placement.json";

const bytes = readFileSync(new URL("../../dist/core-scalar.wasm", import.meta.url));
const core = newCore();
const scalar = loadCore(new WebAssembly.Module(bytes));

test.each(placement.rings)(
  "$replicas virtual nodes of $hosts.length hosts own what they own in Dapr",
  (ring) => {
    const table = scalar.ring(ring.hosts, ring.replicas);
    expect(placement.keys.map((key) => table.owner(key))).toEqual(ring.owners);
  },
);

test("BLAKE2b-512 of every length up to three blocks", () => {
  for (let length = 0; length < 390; length++) {
    const data = Uint8Array.from({ length }, (_, i) => i * 7 + length);
    expect(createHash("blake2b512").update(data).digest().equals(scalar.blake2b512(data))).toBe(true);
  }
});

test("every byte, anywhere in a vector's length, is framed alike", () => {
  const attributes = {
    id: "1",
    source: "s",
    type: "t",
    time: "2026-01-01T00:00:00Z",
    topic: "t",
    pubsubname: "p",
  };
  const more = { datacontenttype: "text/plain", traceparent: "", tracestate: "" };
  for (let byte = 0; byte < 256; byte++) {
    const data = new Uint8Array(40).fill(0x61);
    data[byte % 33] = byte;
    data[(byte * 7) % 40] = byte;
    expect(scalar.frame({ ...attributes, ...more }, data)).toEqual(
      core.frame({ ...attributes, ...more }, data),
    );
  }
  expect(scalar.isJson(encode('{"a":["b\\n",1e5,null]}'))).toBe(true);
});
