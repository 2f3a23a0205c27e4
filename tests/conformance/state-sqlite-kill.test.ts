import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import Libsql from "libsql";
import { build } from "vite";
import { afterAll, beforeAll, expect, it } from "vitest";

const root = resolve(import.meta.dirname, "../..");
// Below the project, so that the program finds its native module.
const cache = join(root, "node_modules/.cache");
mkdirSync(cache, { recursive: true });
const folder = mkdtempSync(join(cache, "sqlite-kill-"));

beforeAll(async () => {
  await build({
    configFile: false,
    root,
    logLevel: "silent",
    build: { ssr: "tests/conformance/state/sqlite-writer.ts", outDir: folder, copyPublicDir: false },
  });
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs the writer and kills it `ms` after its first answer. Resolves with the lines it wrote. */
function writeUntilKilled(path: string, first: number, ms: number): Promise<string[]> {
  return new Promise((done, failed) => {
    const child = spawn(process.execPath, [join(folder, "sqlite-writer.js"), path, String(first)]);
    let output = "";
    let errors = "";
    child.stdout.on("data", (chunk: Buffer) => {
      if (output === "") setTimeout(() => child.kill("SIGKILL"), ms);
      output += chunk.toString();
    });
    child.stderr.on("data", (chunk: Buffer) => {
      errors += chunk.toString();
    });
    child.on("error", failed);
    child.on("close", (_, signal) => {
      if (signal !== "SIGKILL") failed(new Error(`the writer ended by itself: ${errors}`));
      // A last line without its end was cut off by the kill.
      else done(output.split("\n").slice(0, -1));
    });
  });
}

it("a process killed while it writes loses nothing that was answered, and leaves no half transaction", async () => {
  const path = join(folder, "state.db");
  const answered = new Set<number>();
  let first = 0;
  for (let round = 0; round < 12; round++) {
    const lines = await writeUntilKilled(path, first, Math.round(Math.random() * 60));
    const database = new Libsql(path);
    const keys = new Set(
      (database.prepare("SELECT key FROM state").raw().all([]) as [string][]).map(([key]) => key),
    );
    const integrity = (database.prepare("PRAGMA integrity_check").raw().get([]) as [string])[0];
    database.close();
    expect(integrity).toBe("ok");
    expect(lines.filter((line) => !/^\d+$/.test(line))).toEqual([]);
    for (const line of lines) answered.add(Number(line));
    const lost = [...answered].filter((number) => !keys.has(`a-${number}`) || !keys.has(`b-${number}`));
    expect(lost).toEqual([]);
    const twin = (key: string) => (key.startsWith("a-") ? "b" : "a") + key.slice(1);
    expect([...keys].filter((key) => /^[ab]-/.test(key) && !keys.has(twin(key)))).toEqual([]);
    expect(keys.has("t2") || keys.has("key-2")).toBe(false);
    first = Math.max(first, ...answered) + 100;
  }
  expect(answered.size).toBeGreaterThan(50);
}, 60_000);
