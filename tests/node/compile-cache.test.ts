import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import module from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { daprletProgram, node } from "../hosts/node.ts";

const can = "enableCompileCache" in module;

it.skipIf(node.missing !== undefined)("what Node compiled is kept in the user's own cache", () => {
  const cache = mkdtempSync(join(tmpdir(), "daprlet-cache-"));
  const start = (environment: NodeJS.ProcessEnv) =>
    execFileSync(process.execPath, [daprletProgram, "daprd", "--version"], {
      env: { PATH: process.env.PATH, ...environment },
      encoding: "utf8",
    });
  try {
    expect(start({ XDG_CACHE_HOME: cache })).toMatch(/^\d+\.\d+\.\d+/);
    expect(readdirSync(cache)).toEqual(can ? ["daprlet"] : []);
    // It starts all the same where nothing can be kept.
    expect(start({ XDG_CACHE_HOME: daprletProgram })).toMatch(/^\d+\.\d+\.\d+/);
  } finally {
    rmSync(cache, { recursive: true });
  }
});
