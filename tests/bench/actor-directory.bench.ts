/**
 * The directory of actors against the same in plain JavaScript, and placement tables against the clock. Times are the
 * best of some rounds in one run; memory is that beside the actors' names.
 */
import { readFileSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { bindDirectory } from "../../host/core/directory.ts";
import { instantiate } from "../../host/core/exports.ts";
import { loadCore } from "../../host/core/load-core.ts";
import { MapDirectory } from "./map-directory.ts";
import { printRows, type Row } from "./table.ts";

/** Measured of daprd 1.18, for one idle actor. */
const daprdBytes = 1900;
/** Nanoseconds of Dapr's look-up of an owner in Go, on a machine like the one this was written on. */
const goLookup = [524, 607] as const;

const churns = Number(process.env.CHURNS ?? 1_000_000);
const module = new WebAssembly.Module(readFileSync(new URL("../../dist/core.wasm", import.meta.url)));
const never = () => {};

/** Nanoseconds of one run: the best of rounds that are too short for others to be let in between. */
function best(runs: number, run: (i: number) => void, rounds = 40): number {
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0, i = 0; round < rounds; round++) {
    const start = performance.now();
    for (const end = i + runs; i < end; i++) run(i);
    least = Math.min(least, performance.now() - start);
  }
  return (least / runs) * 1e6;
}

function sides(core: number, plain: number): ReadonlyMap<string, number> {
  return new Map([
    ["core", core],
    ["Map", plain],
  ]);
}

function measured() {
  const exports = instantiate(module);
  const directory = bindDirectory(exports);
  directory.type(0, 1000);
  return { directory, bytes: () => exports.memory.buffer.byteLength };
}

/** Rows of one size, with ids like GUIDs. */
function directories(count: number, heap: () => number): readonly Row[] {
  const many = count.toLocaleString("en-GB");
  const ids = Array.from({ length: count }, (_, i) => `4a8b1c7e-0000-4000-8000-${`${i}`.padStart(12, "0")}`);
  const names = ids.reduce((sum, id) => sum + id.length, 0);
  const { directory, bytes } = measured();
  const empty = bytes();
  const activation = best(count / 50, (i) => directory.activate(0, ids[i] as string, i), 50);
  const held = heap();
  const plain = new MapDirectory();
  const plainActivation = best(count / 50, (i) => plain.activate(ids[i] as string, i), 50);
  const memory = sides((bytes() - empty - names) / count, (heap() - held) / count);

  // Neighbours in the order of activation are not so in memory's caches for long: ids are taken at random.
  const order = Uint32Array.from(ids, (_, i) => (i * 7919) % count);
  const id = (i: number) => ids[order[i % count] as number] as string;
  const runs = 5000;
  const chain = "0af7651916cd43dd8448eb211c80319c";
  const turn = (chained?: string) => (i: number) =>
    directory.leave(Number(directory.enter(directory.find(0, id(i)), chained, 32)), count + i, never);
  const plainTurn = (chained?: string) => (i: number) =>
    plain.leave(plain.enter(id(i), chained), count + i, never);
  const now = Number.MAX_SAFE_INTEGER;
  return [
    { what: `memory, each of ${many}`, unit: "B", values: memory, less: true },
    { what: `activation, ${many}`, unit: "ns", values: sides(activation, plainActivation), less: true },
    {
      what: `a turn, ${many}`,
      unit: "ns",
      values: sides(best(runs, turn()), best(runs, plainTurn())),
      less: true,
    },
    {
      what: `a reentrant turn, ${many}`,
      unit: "ns",
      values: sides(best(runs, turn(chain)), best(runs, plainTurn(chain))),
    },
    {
      what: `the 1,000 longest idle of ${many}`,
      unit: "ns",
      values: sides(
        best(5, () => directory.idle(now, 1000)),
        best(5, () => plain.idle(now, 1000)),
      ),
    },
  ];
}

/** As many actors come as go, with ids of other lengths. */
function churn(): void {
  const { directory, bytes } = measured();
  const alive: number[] = [];
  const come = (i: number) => directory.activate(0, "x".repeat((i * i) % 97) + `${i}`.padStart(9, "0"), i);
  for (let i = 0; i < 100_000; i++) alive.push(come(i));
  const before = bytes();
  const each = best(
    churns / 100,
    (i) => {
      const place = i % alive.length;
      directory.remove(alive[place] as number);
      alive[place] = come(alive.length + i);
    },
    100,
  );
  console.log(
    `\n${churns.toLocaleString("en-GB")} removals and activations among 100,000: ${each.toFixed(0)} ns each, ` +
      `memory from ${before} to ${bytes()} bytes`,
  );
}

function placement(): void {
  const core = loadCore(module);
  const keys = Array.from({ length: 1024 }, (_, i) => `actor-${i * 7919}-${"x".repeat(24)}`);
  const [least, most] = goLookup;
  for (const members of [10, 100, 1000]) {
    const hosts = Array.from({ length: members }, (_, i) => `10.0.${i >> 8}.${i & 255}:50002`);
    const table = core.ring(hosts, 100);
    const lookup = best(5000, (i) => table.owner(keys[i & 1023] as string));
    const build = best(Math.max(1, 100 / members), () => core.ring(hosts, 100), 10);
    console.log(
      `${members} members, 100 points each: owner in ${lookup.toFixed(0)} ns (Go: ${least}–${most}), ` +
        `table built in ${(build / 1e6).toFixed(2)} ms`,
    );
  }
}

export default function bench(): void {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const heap = () => {
    collect();
    return process.memoryUsage().heapUsed;
  };
  const rows = [100_000, 1_000_000].flatMap((count) => directories(count, heap));
  printRows("Directory of actors: ids of 36 bytes, a turn is find, enter and leave", ["core", "Map"], rows);
  console.log(`daprd takes about ${daprdBytes} bytes for an idle actor.`);
  churn();
  console.log();
  placement();
}
