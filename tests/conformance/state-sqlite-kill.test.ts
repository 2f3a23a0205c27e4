import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import Libsql from "libsql";
import { build } from "vite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

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
    build: { ssr: "tests/conformance/state/killed-writer.ts", outDir: folder, copyPublicDir: false },
  });
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Ended {
  /** Whole lines of its output. */
  readonly lines: readonly string[];
  readonly signal: NodeJS.Signals | null;
  readonly errors: string;
}

/** Runs the writer to its end; `killAfter` milliseconds after its first answer, if given, it is killed. */
function write(path: string, first: number, killAfter?: number, limit = ""): Promise<Ended> {
  return new Promise((done, failed) => {
    const command = `${limit} exec "$0" "$1" "$2" "$3"`;
    const writer = join(folder, "killed-writer.js");
    const child = spawn("/bin/sh", ["-c", command, process.execPath, writer, path, String(first)]);
    let output = "";
    let errors = "";
    child.stdout.on("data", (chunk: Buffer) => {
      if (output === "" && killAfter !== undefined) setTimeout(() => child.kill("SIGKILL"), killAfter);
      output += chunk.toString();
    });
    child.stderr.on("data", (chunk: Buffer) => {
      errors += chunk.toString();
    });
    child.on("error", failed);
    // A last line without its end was cut off.
    child.on("close", (_, signal) => done({ lines: output.split("\n").slice(0, -1), signal, errors }));
  });
}

/** What was answered is there, both halves or none of every transaction are, and nothing that was refused. */
function inspect(path: string, answered: ReadonlySet<number>): void {
  const database = new Libsql(path);
  const keys = new Set(
    (database.prepare("SELECT key FROM state").raw().all([]) as [string][]).map(([key]) => key),
  );
  const integrity = (database.prepare("PRAGMA integrity_check").raw().get([]) as [string])[0];
  database.close();
  expect(integrity).toBe("ok");
  expect([...answered].filter((number) => !keys.has(`a-${number}`) || !keys.has(`b-${number}`))).toEqual([]);
  const twin = (key: string) => (key.startsWith("a-") ? "b" : "a") + key.slice(1);
  expect([...keys].filter((key) => /^[ab]-/.test(key) && !keys.has(twin(key)))).toEqual([]);
  expect(keys.has("t2") || keys.has("key-2")).toBe(false);
}

const numbers = (lines: readonly string[]): number[] => {
  expect(lines.filter((line) => !/^\d+$/.test(line))).toEqual([]);
  return lines.map(Number);
};

describe.skipIf(process.platform === "win32")("a process that writes to SQLite", () => {
  it("and is killed loses nothing that was answered, and leaves no half transaction", async () => {
    const path = join(folder, "killed.db");
    const answered = new Set<number>();
    for (let round = 0; round < 12; round++) {
      const first = Math.max(0, ...answered) + 100;
      const { lines, signal, errors } = await write(path, first, Math.round(Math.random() * 60));
      expect([signal, errors]).toEqual(["SIGKILL", ""]);
      for (const number of numbers(lines)) answered.add(number);
      inspect(path, answered);
    }
    expect(answered.size).toBeGreaterThan(50);
  }, 60_000);

  it("and runs out of space is told so, and nothing was answered too early", async () => {
    const path = join(folder, "full.db");
    // In blocks of half a kilobyte: the write-ahead log reaches it after a few dozen transactions.
    const { lines, signal, errors } = await write(path, 0, undefined, "ulimit -f 400;");
    expect(signal === "SIGXFSZ" || /ComponentError: SQLite: .*(full|disk)/.test(errors)).toBe(true);
    const answered = new Set(numbers(lines));
    expect(answered.size).toBeGreaterThan(5);
    inspect(path, answered);
  }, 30_000);
});
