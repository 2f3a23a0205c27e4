import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { capabilityAbi } from "../../host/capability/abi.ts";
import { admit } from "../../host/capability/admission.ts";
import { linkComponent } from "../../host/node/cli/capability/component/link-component.ts";
import { offlineGo } from "../go-module.ts";
import { capabilityWit, componentOf } from "./built-component.ts";
import { Guest } from "./guest.ts";

/** Go exports functions of a module since 1.24. */
function hasGo(): boolean {
  const { stdout } = spawnSync("go", ["env", "GOVERSION"], { encoding: "utf8" });
  const [, major = "0", minor = "0"] = /^go(\d+)\.(\d+)/.exec(stdout ?? "") ?? [];
  return Number(major) * 1_000 + Number(minor) >= 1_024;
}

/** As Go's own compiler makes it: with a runtime that wants much of WASI, and neither memory nor table bounded. */
function compiledGo(): Uint8Array<ArrayBuffer> {
  const folder = mkdtempSync(join(tmpdir(), "daprlet-go-"));
  try {
    const out = join(folder, "guest.wasm");
    execFileSync("go", ["build", "-buildmode=c-shared", "-ldflags=-s -w", "-o", out, "."], {
      cwd: join(import.meta.dirname, "component-go"),
      env: { ...offlineGo, GOOS: "wasip1", GOARCH: "wasm" },
    });
    return new Uint8Array(readFileSync(out));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

it.skipIf(!hasGo())(
  "a Wasm component of Go, with the adapter of WASI that its toolchain adds, is a module of the ABI",
  async () => {
    const component = await componentOf(compiledGo(), capabilityWit(), "capability");
    const linked = new Uint8Array(await linkComponent(component, 512, import.meta.dirname));
    const module = await admit(
      linked,
      { name: "guest", path: "guest.wasm" },
      {
        abi: capabilityAbi,
        granted: { clock: true, random: true, rewrite: false },
        limits: { memory: 32 << 20 },
      },
    );
    expect(module.imports.toSorted()).toEqual(["cap_host.clock", "cap_host.log", "cap_host.random"]);
    // Whoever sleeps looks at the clock until it is late enough.
    let time = 1_000;
    const now = () => {
      time += 1;
      return time;
    };
    const guest = await Guest.start(module, { answer: 4_096 }, { now });
    for (const name of ["ada", "bob"]) {
      const { status, text } = guest.call([
        [":operation", "greet"],
        ["name", name],
      ]);
      expect([status, JSON.parse(text)]).toEqual([
        200,
        { hello: name.toUpperCase(), file: true, now: true, args: 0 },
      ]);
    }
  },
  180_000,
);
