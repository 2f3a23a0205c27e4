import { describe, expect, it } from "vitest";
import { FileStore } from "../../host/components/state/files/file-store.ts";
import { FakeClock } from "../../host/fake-clock.ts";
import { MemoryFolder, type MemoryFolderOptions } from "./state/memory-folder.ts";
import { etag, item, list, put, read, remove, told, upsert, write } from "./state/scenario.ts";
import { testContext } from "./test-context.ts";

/** The engine of `state.files` and `state.opfs` among processes that die, stall, and meet, at each of its steps. */

type Files = Map<string, Uint8Array>;
const clock = new FakeClock();
const said: string[] = [];
const context = testContext("audio", clock);
const log = { ...context.log, warn: (message: string) => void said.push(message) };
const open = (files: Files, options: MemoryFolderOptions = {}) =>
  new FileStore(new MemoryFolder(files, options), { ...context, log }).open();
const large = (text: string) => text.padEnd(2_000);
const values = (files: Files) => [...files.keys()].filter((name) => name.endsWith(".value"));
const atomic = { atomic: true };

/** Each writes two items or none, and is told of by its number. */
async function script(store: FileStore, done: (number: number) => void): Promise<void> {
  const both = (n: number, spell: (text: string) => string) =>
    put(store, [upsert("a", spell(String(n)), { listed: true }), upsert("b", spell(String(n)))], atomic).then(
      () => done(n),
    );
  await both(1, String);
  await both(2, large);
  await both(3, large);
  await both(4, String);
  const refused = [upsert("a", large("no")), upsert("b", large("no"), { etag: "stale" })];
  expect(told(await write(store, refused, atomic))).toEqual(["applied", "mismatch"]);
  await both(5, large);
  await put(store, [remove("a"), remove("b")], atomic);
  done(6);
  await both(7, large);
}

describe("a store of files", () => {
  it("killed after any change: what was answered is there, transactions are whole, and nothing is left over", async () => {
    let alive = 1;
    for (let finished = false; !finished; alive++) {
      const files: Files = new Map();
      let answered = 0;
      const folder = new MemoryFolder(files, { alive });
      const running = (async () => {
        const store = await new FileStore(folder, context).open();
        await script(store, (number) => {
          answered = number;
        });
        await store.close();
        finished = true;
      })();
      await Promise.race([running, folder.died]);
      const again = await open(files);
      const found = [await read(again, "a"), await read(again, "b")].map((text) => text?.trim());
      expect(found[0]).toBe(found[1]);
      expect(await list(again, "a", "z")).toEqual(found[0] === undefined ? [] : ["a"]);
      const last = found[0] === undefined ? (answered > 4 ? 6 : 0) : Number(found[0]);
      expect([answered, answered + 1], `killed after ${alive}`).toContain(last);
      await again.close();
      const beside = [await open(files).then((store) => read(store, "a"))].filter(
        (text) => text?.length === 2_000,
      );
      expect(values(files)).toHaveLength(2 * beside.length);
    }
    expect(alive).toBeGreaterThan(25);
  });

  it("shared by processes that stall and die at random loses no increment, and no half is seen", async () => {
    const files: Files = new Map();
    let seed = 7;
    const random = (below: number) => {
      seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
      return seed % below;
    };
    const pause = async () => {
      // Mostly a few turns; now and then longer than others take to compact the files twice.
      for (let turns = random(400) === 0 ? 20_000 : random(4); turns > 0; turns--) await undefined;
    };
    let counted = 0;
    let doubtful = 0;
    const process = async () => {
      for (let life = 0; life < 3; life++) {
        const folder = new MemoryFolder(files, { before: pause, alive: life === 2 ? 1e9 : 40 + random(200) });
        const store = await Promise.race([new FileStore(folder, context).open(), folder.died]);
        if (store === undefined) continue;
        for (let left = 60; left > 0; left--) {
          const found = await Promise.race([store.bulkGet(["a", "b"]), folder.died]);
          if (found === undefined) break;
          const [a, b] = found.map((one) => Number(new TextDecoder().decode(one?.value)));
          if (found[0]?.etag !== undefined) expect(a).toBe(b);
          const condition = found[0] ? { etag: found[0].etag } : ({ concurrency: "first-write" } as const);
          const next = String((a ?? 0) + 1);
          const operations = [upsert("a", next, condition), upsert("b", large(next))];
          const outcome = await Promise.race([
            write(store, operations, atomic).catch((error: Error) => {
              expect(error.message).toContain("has taken effect or not");
              return "doubtful" as const;
            }),
            folder.died,
          ]);
          if (outcome === undefined || outcome === "doubtful") {
            doubtful++;
            if (outcome === undefined) break;
          } else if (outcome[0] === undefined) counted++;
        }
      }
    };
    await Promise.all(Array.from({ length: 4 }, process));
    const last = await open(files);
    const total = Number(await read(last, "a"));
    expect(await read(last, "b")).toBe(large(String(total)));
    expect(total).toBeGreaterThanOrEqual(counted);
    expect(total).toBeLessThanOrEqual(counted + doubtful);
    expect(counted).toBeGreaterThan(300);
    expect(values(files)).toHaveLength(1);
    expect([...files.keys()].filter((name) => name.endsWith(".snapshot")).length).toBeLessThanOrEqual(3);
  });

  it("that was away while the others compacted twice neither reads nor writes what is old", async () => {
    const files: Files = new Map();
    const [away, busy] = [await open(files), await open(files)];
    await put(away, [
      upsert("k", "0"),
      upsert("m", "0", { listed: true }),
      upsert("l", "0", { listed: true }),
    ]);
    await put(busy, [remove("m")]);
    const old = await etag(away, "k");
    for (let n = 1; n <= 600; n++) await put(busy, [upsert("k", String(n))]);
    expect(files.has("0.snapshot")).toBe(false);
    expect(told(await write(away, [upsert("k", "x", { etag: old })]))).toEqual(["mismatch"]);
    expect(await read(away, "k")).toBe("600");
    await put(away, [upsert("k", "y")]);
    expect([await list(away, "a", "z"), await list(await open(files), "a", "z")]).toEqual([["l"], ["l"]]);
    expect([await read(busy, "k"), await read(await open(files), "k")]).toEqual(["y", "y"]);
    expect(files.size).toBeLessThan(400);
  });

  it.each([
    ["record", "1.record", 0],
    ["snapshot", "128.snapshot", 127],
  ])(
    "that stalled while it wrote a %s takes it for nothing when the others have gone on",
    async (_, name, first) => {
      const files: Files = new Map();
      let stalled = () => {};
      let go = () => {};
      const stalls = new Promise<void>((resolve) => {
        stalled = resolve;
      });
      const goes = new Promise<void>((resolve) => {
        go = resolve;
      });
      const before = (step: string, asked: string) => {
        if (step !== "create" || asked !== name) return undefined;
        stalled();
        return goes;
      };
      const [slow, busy] = [await open(files, { before }), await open(files)];
      for (let n = 0; n < first; n++) await put(slow, [upsert("k", "0")]);
      const writing = write(slow, [upsert("k", "slow")]).then(
        () => "answered",
        (error: Error) => error.message,
      );
      await stalls;
      for (let n = 1; n <= 600; n++) await put(busy, [upsert("k", String(n))]);
      expect(files.has(name)).toBe(false);
      go();
      expect(await writing).toMatch(name === "1.record" ? /has taken effect or not/ : "answered");
      expect(await read(slow, "k")).toBe("600");
      await put(slow, [upsert("l", "1")]);
      expect([await read(busy, "k"), await read(busy, "l")]).toEqual(["600", "1"]);
    },
  );

  it("writes a value again that another took for a dead process's", async () => {
    const files: Files = new Map();
    let go = () => {};
    let waiting = 0;
    const gate = new Promise<void>((resolve) => {
      go = resolve;
    });
    const before = (step: string, name: string) => {
      if (step !== "create" || !name.endsWith(".record")) return;
      waiting++;
      return gate;
    };
    const slow = await open(files, { before });
    const writing = put(slow, [upsert("k", large("v"))]);
    await expect.poll(() => waiting).toBe(1);
    const [taken] = values(files);
    const other = await open(files);
    expect(files.has(taken as string)).toBe(false);
    go();
    await writing;
    expect((await read(other, "k"))?.trim()).toBe("v");
    await slow.close();
    expect(values(files)).toHaveLength(1);
  });

  it("moves no value but those that are written", async () => {
    const files: Files = new Map();
    const written: string[] = [];
    const before = (step: string, name: string) => {
      if (step === "create") written.push(name);
      return undefined;
    };
    const store = await open(files, { before });
    await put(store, [upsert("song", new Uint8Array(10_000_000))]);
    for (let n = 0; n < 300; n++) await put(store, [upsert("plays", String(n))]);
    expect(written.filter((name) => name.endsWith(".value"))).toHaveLength(1);
    const sizes = [...files]
      .filter(([name]) => !name.endsWith(".value"))
      .map(([, { byteLength }]) => byteLength);
    expect(Math.max(...sizes)).toBeLessThan(2_000);
    expect((await item(store, "song")).value.byteLength).toBe(10_000_000);
  });

  it("removes what expired with what is written a minute later, and when it is opened", async () => {
    const files: Files = new Map();
    const store = await open(files);
    await put(store, [
      upsert("k", large("1"), { ttlInSeconds: 5 }),
      upsert("l", large("1"), { ttlInSeconds: 90 }),
    ]);
    await clock.advance(61_000);
    await put(store, [upsert("other", "1")]);
    await store.close();
    expect(values(files)).toHaveLength(1);
    await clock.advance(61_000);
    await (await open(files)).close();
    expect(values(files)).toEqual([]);
  });

  it.each([1, 12])("leaves out a last record of which the disk has %s bytes, and says so", async (size) => {
    const files: Files = new Map();
    const store = await open(files);
    for (const n of [1, 2, 3]) await put(store, [upsert("k", String(n))]);
    files.set("3.record", (files.get("3.record") as Uint8Array).slice(0, size));
    said.length = 0;
    const again = await open(files);
    expect(await read(again, "k")).toBe("2");
    expect(said[0]).toContain("3.record of the store's files is damaged");
    await put(again, [upsert("k", "4")]);
    expect(await read(await open(files), "k")).toBe("4");
  });

  it("takes a file that a browser has not filled yet for none", async () => {
    const files: Files = new Map();
    const store = await open(files);
    await put(store, [upsert("k", "1")]);
    const unfinished = ["2.record", "1.snapshot", "nobodys.value"];
    for (const name of unfinished) files.set(name, new Uint8Array(0));
    const again = await open(files);
    for (let n = 0; n < 300; n++) await put(again, [upsert("k", String(n))]);
    expect([await read(again, "k"), await read(store, "k")]).toEqual(["299", "299"]);
    await again.close();
    expect(unfinished.filter((name) => files.has(name))).toEqual([]);
  });

  it("does not open where a record within is damaged or missing, and names it", async () => {
    for (const damage of ["cut", "gone", "strange"]) {
      const files: Files = new Map();
      const store = await open(files);
      for (const n of [1, 2, 3]) await put(store, [upsert("k", String(n))]);
      const second = files.get("2.record") as Uint8Array;
      if (damage === "cut") files.set("2.record", second.slice(0, 20));
      else if (damage === "gone") files.delete("2.record");
      else files.set("2.record", files.get("3.record") as Uint8Array);
      await expect(open(files), damage).rejects.toMatchObject({
        code: "DATA_LOSS",
        message: expect.stringMatching(/the file [12]\.record .* put it back/),
      });
    }
  });

  it("tells of a value that is missing, and has the others", async () => {
    const files: Files = new Map();
    const store = await open(files);
    await put(store, [upsert("k", large("1")), upsert("l", "2")]);
    files.delete(values(files)[0] as string);
    await expect(read(store, "k")).rejects.toMatchObject({ code: "DATA_LOSS" });
    expect(await read(store, "l")).toBe("2");
    await put(store, [upsert("k", large("3"))]);
    expect(await read(store, "k")).toBe(large("3"));
  });

  it("whose files are gone takes nothing more, and says why", async () => {
    const files: Files = new Map();
    const store = await open(files);
    await put(store, [upsert("k", "1")]);
    files.clear();
    for (const attempt of [() => read(store, "k"), () => put(store, [upsert("k", "2")])]) {
      await expect(attempt()).rejects.toThrow(/moved, deleted or replaced .* put them back/);
    }
    expect(files.size).toBe(0);
  });
});
