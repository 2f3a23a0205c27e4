import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { compileCore, loadCore } from "../../host/core/load-core.ts";
import { pythonMissing, pythonWith } from "./python.ts";

const file = (path: string) => resolve(import.meta.dirname, "../..", path);

/** Its package is source. */
const compilerMissing =
  spawnSync("cc", ["--version"]).status === 0
    ? undefined
    : "there is no C compiler on this machine: the core in wasm3 is left out";

describe.each([
  {
    name: "wasmtime",
    package: "wasmtime==50.0.1",
    program: "core.py",
    core: "core.wasm",
    missing: pythonMissing,
  },
  {
    name: "wasm3, an interpreter without vectors",
    package: "pywasm3==0.5.0",
    program: "tiny.py",
    core: "core-scalar.wasm",
    missing: pythonMissing ?? compilerMissing,
  },
])("the core in Python, through $name", ({ package: wanted, program, core: built, missing }) => {
  test.skipIf(missing !== undefined)(
    `places actors where Node does, and frames an event ${missing ?? ""}`,
    async () => {
      const python = pythonWith(wanted.replace(/==.*/, ""), [wanted]);
      const actors = Array.from({ length: 40 }, (_, i) => `actor-${i}`);
      const args = [file(`demo/embedded/${program}`), file(`dist/${built}`), ...actors];
      const out = execFileSync(python, args, { encoding: "utf8" });
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
    },
    180_000,
  );
});
