import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { build } from "vite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { filesStore } from "../../host/node/components/state-files.ts";
import { systemClock } from "../../host/web-platform.ts";
import { list, put, read, upsert, write } from "./state/scenario.ts";
import { openWith, testContext } from "./test-context.ts";

const root = resolve(import.meta.dirname, "../..");
// Below the project, so that the program finds its native module.
const cache = join(root, "node_modules/.cache");
mkdirSync(cache, { recursive: true });
const folder = mkdtempSync(join(cache, "files-disk-"));

const program = join(folder, "program");
const open = (rootPath: string) => openWith(filesStore, testContext("audio", systemClock), { rootPath });

describe.skipIf(process.platform === "win32")("processes that write to one folder", () => {
  beforeAll(async () => {
    await build({
      configFile: false,
      root,
      logLevel: "silent",
      build: { ssr: "tests/conformance/state/killed-writer.ts", outDir: program, copyPublicDir: false },
    });
  });

  /** Runs a writer until it is killed; its whole lines. */
  function write(path: string, first: number, killAfter: number): Promise<readonly string[]> {
    return new Promise((done, failed) => {
      const writer = join(program, "killed-writer.js");
      const child = spawn(process.execPath, [writer, path, String(first), "1500"]);
      let output = "";
      child.stdout.on("data", (chunk: Buffer) => {
        if (output === "") setTimeout(() => child.kill("SIGKILL"), killAfter);
        output += chunk.toString();
      });
      child.stderr.on("data", (chunk: Buffer) => failed(new Error(chunk.toString())));
      child.on("close", () => done(output.split("\n").slice(0, -1)));
    });
  }

  it("and are killed lose nothing that was answered, and leave no half transaction and no file", async () => {
    const path = `${join(folder, "killed")}/`;
    const answered: number[] = [];
    for (let round = 0; round < 4; round++) {
      const lines = await Promise.all(
        [0, 1].map((which) => write(path, (2 * round + which) * 10_000, 10 + Math.round(Math.random() * 60))),
      );
      expect(lines.flat().filter((line) => !/^\d+$/.test(line))).toEqual([]);
      answered.push(...lines.flat().map(Number));
    }
    const store = await open(path);
    let items = 0;
    for (let first = 0; first < 80_000; first += 10_000) {
      const last = answered
        .filter((n) => n >= first && n < first + 10_000)
        .reduce((a, b) => Math.max(a, b), first);
      const numbers = Array.from({ length: last + 50 - first }, (_, i) => first + i);
      const found = await store.bulkGet(numbers.flatMap((n) => [`a-${n}`, `b-${n}`]));
      for (const [i, n] of numbers.entries()) {
        expect(found[2 * i] === undefined, `both of ${n} or none`).toBe(found[2 * i + 1] === undefined);
        if (answered.includes(n)) expect(found[2 * i], `${n}, which was answered`).toBeDefined();
      }
      items += found.filter((item) => item !== undefined).length;
    }
    expect(await store.bulkGet(["t2", "key-2"])).toEqual([undefined, undefined]);
    expect(await list(store, "a-", "b", 80_000)).toHaveLength(items / 2);
    await store.close();
    expect(answered.length).toBeGreaterThan(8);
    expect(readdirSync(path).filter((name) => name.endsWith(".value"))).toHaveLength(items);
    expect(readdirSync(path).filter((name) => name.endsWith(".tmp"))).toEqual([]);
  }, 60_000);
});

it("a folder that is moved away under a running store takes nothing more, and goes on when it is back", async () => {
  const path = join(folder, "moved");
  const store = await open(path);
  await put(store, [upsert("k", "1")]);
  renameSync(path, `${path}-away`);
  for (const attempt of [() => put(store, [upsert("k", "2")]), () => read(store, "k")]) {
    await expect(attempt()).rejects.toThrow(/moved, deleted or replaced .* put it back, or start/);
  }
  const other = await open(path);
  await put(other, [upsert("k", "of another")]);
  for (const attempt of [() => put(store, [upsert("k", "2")]), () => read(store, "k")]) {
    await expect(attempt()).rejects.toThrow(/moved, deleted or replaced/);
  }
  expect(await read(other, "k")).toBe("of another");
  await other.close();
  rmSync(path, { recursive: true });
  renameSync(`${path}-away`, path);
  await put(store, [upsert("l", "x".repeat(5_000))]);
  await store.close();
  const again = await open(path);
  expect([await read(again, "k"), (await read(again, "l"))?.length]).toEqual(["1", 5_000]);
  await again.close();
});

it("a root that is a file, or may not be made, is refused", async () => {
  const file = join(folder, "file");
  writeFileSync(file, "");
  await expect(open(file)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  await expect(open(join(file, "below"))).rejects.toThrow(/rootPath, or a part of it, is a file/);
});

const disk = join(folder, "full");
mkdirSync(disk);
const mounted =
  process.platform === "linux" &&
  spawnSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", disk]).status === 0;
if (!mounted) console.warn("a full disk is not tested: only root may mount one");
afterAll(() => {
  spawnSync("umount", ["--lazy", disk]);
  rmSync(folder, { recursive: true, force: true });
});

it.skipIf(!mounted)(
  "a disk that is full: nothing is half written, and it goes on when there is room",
  async () => {
    writeFileSync(join(disk, "filler"), "x".repeat(300_000));
    const path = join(disk, "state");
    const store = await open(path);
    const big = "x".repeat(40_000);
    const pair = (n: number) => [upsert(`a-${n}`, big), upsert(`b-${n}`, big)];
    let refused: { code?: string; message?: string } | undefined;
    let written = 0;
    for (; refused === undefined; written++) {
      await write(store, pair(written), { atomic: true }).catch((error: Error) => {
        refused = error;
      });
    }
    expect(refused).toMatchObject({
      code: "RESOURCE_EXHAUSTED",
      message: expect.stringContaining("disk is full"),
    });
    const sizes = async (on: typeof store, n: number) =>
      (await on.bulkGet([`a-${n}`, `b-${n}`])).map((item) => item?.value.byteLength);
    const last = written - 1;
    expect(await sizes(store, last)).toEqual([undefined, undefined]);
    await expect
      .poll(() => readdirSync(path).filter((name) => name.endsWith(".value")).length)
      .toBe(2 * last);
    rmSync(join(disk, "filler"));
    await put(store, pair(last), { atomic: true });
    await store.close();
    const again = await open(path);
    for (let n = 0; n <= last; n++) expect(await sizes(again, n)).toEqual([big.length, big.length]);
    await again.close();
  },
);
