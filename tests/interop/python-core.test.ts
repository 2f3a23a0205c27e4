import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { compileCore, loadCore } from "../../host/core/load-core.ts";
import { pythonMissing, pythonWith } from "./python.ts";

const file = (path: string) => resolve(import.meta.dirname, "../..", path);

describe.skipIf(pythonMissing !== undefined)("the core in Python, through wasmtime", () => {
  test("places actors where Node does, and frames an event that is one", async () => {
    const python = pythonWith("wasmtime", ["wasmtime==50.0.1"]);
    const actors = Array.from({ length: 40 }, (_, i) => `actor-${i}`);
    const out = execFileSync(python, [file("demo/embedded/core.py"), file("dist/core.wasm"), ...actors], {
      encoding: "utf8",
    });
    const lines = out.trimEnd().split("\n");
    const hosts = ["10.0.0.1:50002", "10.0.0.2:50002", "10.0.0.3:50002"];
    const core = loadCore(await compileCore(readFileSync(file("dist/core.wasm"))));
    const ring = core.ring(hosts, 100);
    expect(lines.slice(0, -1)).toEqual(actors.map((actor) => `${actor} ${hosts[ring.owner(actor)]}`));
    expect(new Set(lines.slice(0, -1).map((line) => line.split(" ")[1])).size).toBe(3);
    expect(JSON.parse(lines.at(-1) as string)).toMatchObject({
      specversion: "1.0",
      topic: "hello",
      data: { n: 1 },
    });
  }, 180_000);
});
