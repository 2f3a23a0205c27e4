import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { createRuntime, type LocalRuntime } from "../../host/node/create-runtime.ts";

const folder = mkdtempSync(join(tmpdir(), "daprlet-faults-"));
let running: LocalRuntime[] = [];
afterEach(async () => {
  for (const runtime of running) await runtime.stop();
  running = [];
});

async function start(file: string): Promise<LocalRuntime> {
  const component = { name: "s", type: "state.sqlite", metadata: { connectionString: file } };
  const runtime = await createRuntime({ components: [component] });
  running.push(runtime);
  return runtime;
}

async function post(runtime: LocalRuntime, path: string, body: unknown) {
  const answer = await runtime.fetch(`/v1.0/state/s${path}`, { method: "POST", body: JSON.stringify(body) });
  const text = await answer.text();
  return { status: answer.status, message: text && (JSON.parse(text) as { message: string }).message };
}

const upsert = (key: string, value: unknown) => ({ operation: "upsert", request: { key, value } });
const get = async (runtime: LocalRuntime, key: string) =>
  await (await runtime.fetch(`/v1.0/state/s/${key}`)).text();

describe.each(["file", "folder"])("a %s that is moved away under a running store", (what) => {
  it("takes nothing more, says why, and goes on when it is back", async () => {
    const place = join(folder, what);
    mkdirSync(place);
    const file = join(place, "state.db");
    const runtime = await start(file);
    expect(await post(runtime, "", [{ key: "a", value: 1 }])).toMatchObject({ status: 204 });
    const [here, there] = what === "file" ? [file, `${file}.moved`] : [place, `${place}-moved`];
    renameSync(here, there);
    for (const [path, body] of [
      ["", [{ key: "b", value: 1 }]],
      ["/transaction", { operations: [upsert("b", 1), upsert("c", 1)] }],
    ] as const) {
      const refused = await post(runtime, path, body);
      expect(refused.status).toBe(500);
      expect(refused.message).toMatch(
        /moved, deleted or replaced .*: put it back, or start the sidecar again/,
      );
    }
    renameSync(there, here);
    expect(await post(runtime, "", [{ key: "d", value: 1 }])).toMatchObject({ status: 204 });
    await runtime.stop();
    const again = await start(file);
    expect(await Promise.all(["a", "b", "c", "d"].map((key) => get(again, key)))).toEqual(["1", "", "", "1"]);
  });
});

it("a file that is replaced under a running store takes nothing more", async () => {
  const file = join(folder, "replaced.db");
  const runtime = await start(file);
  rmSync(file);
  writeFileSync(file, "");
  expect(await post(runtime, "", [{ key: "a", value: 1 }])).toMatchObject({ status: 500 });
});

/** Disks of one megabyte each. */
const disks = ["full", "sealed"].map((name) => join(folder, name)) as [string, string];
const mount = (...options: string[]) => spawnSync("mount", options).status === 0;
const mounted =
  process.platform === "linux" &&
  disks.every((disk) => {
    mkdirSync(disk);
    return mount("-t", "tmpfs", "-o", "size=1m", "tmpfs", disk);
  });
if (!mounted) console.warn("full and sealed disks are not tested: only root may mount them");
afterAll(() => {
  for (const disk of disks) spawnSync("umount", ["--lazy", disk]);
  rmSync(folder, { recursive: true, force: true });
});

describe.skipIf(!mounted)("a disk", () => {
  const [disk, sealed] = disks;
  const file = join(disk, "state.db");
  const big = "x".repeat(20_000);

  it("that is full: nothing is half written, what was answered stays, and it goes on when there is room", async () => {
    const filler = join(disk, "filler");
    writeFileSync(filler, "x".repeat(300_000));
    const runtime = await start(file);
    const answered: number[] = [];
    let refused: Awaited<ReturnType<typeof post>> | undefined;
    for (let i = 0; refused === undefined; i++) {
      const answer = await post(runtime, "/transaction", {
        operations: [upsert(`a-${i}`, big), upsert(`b-${i}`, big)],
      });
      if (answer.status === 204) answered.push(i);
      else refused = answer;
    }
    expect(refused).toMatchObject({ status: 500, message: expect.stringMatching(/SQLite: .*disk/) });
    const sizes = async (on: LocalRuntime, numbers: readonly number[]) =>
      Promise.all(
        numbers.flatMap((i) => ["a", "b"].map(async (half) => (await get(on, `${half}-${i}`)).length)),
      );
    const whole = answered.flatMap(() => [big.length + 2, big.length + 2]);
    expect(await sizes(runtime, answered)).toEqual(whole);
    expect(await sizes(runtime, [answered.length])).toEqual([0, 0]);
    rmSync(filler);
    const more = await post(runtime, "", [{ key: "more", value: big }]);
    expect(more).toMatchObject({ status: 204 });
    await runtime.stop();
    const again = await start(file);
    expect(await sizes(again, answered)).toEqual(whole);
    expect(await sizes(again, [answered.length])).toEqual([0, 0]);
    expect((await get(again, "more")).length).toBe(big.length + 2);
  });

  it("that may not be written: the store does not open, and says why", async () => {
    const template = join(folder, "template.db");
    const runtime = await start(template);
    await post(runtime, "", [{ key: "a", value: 1 }]);
    await runtime.stop();
    const copy = join(sealed, "state.db");
    for (const end of ["", "-wal"]) if (existsSync(template + end)) copyFileSync(template + end, copy + end);
    expect(mount("-o", "remount,ro", sealed)).toBe(true);
    await expect(start(copy)).rejects.toThrow(/SQLite: .*: the file .*cannot be (written|opened)/);
    await expect(start(join(sealed, "other.db"))).rejects.toThrow(/must be allowed to write there/);
    expect(mount("-o", "remount,rw", sealed)).toBe(true);
    expect(await get(await start(copy), "a")).toBe("1");
  });
});
