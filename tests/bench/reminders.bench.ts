/** Reminders and timers of actors: what the millionth costs against the first, and how many fire a second. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FencedStore } from "../../host/actors/fenced-store.ts";
import type { HostedActors } from "../../host/actors/hosted-actors.ts";
import { Reminders } from "../../host/actors/reminders/reminders.ts";
import { ActorTimers } from "../../host/actors/timers/actor-timers.ts";
import { inMemoryStore } from "../../host/components/state/in-memory.ts";
import type { ListingStore } from "../../host/components/state/store.ts";
import { sqliteStore } from "../../host/node/components/state-sqlite.ts";
import { systemClock } from "../../host/web-platform.ts";
import { openWith, testContext } from "../conformance/test-context.ts";
import { printRows, type Row } from "./table.ts";

const count = Number(process.env.REMINDERS ?? 1_000_000);
/** Measured at either end. */
const sample = Math.min(10_000, count / 2);
const fired = 10_000;
const timers = 100_000;
/** Registrations under way at a time. */
const atATime = 256;

const of = { namespace: "default", appId: "app", instance: "bench" };
const prefix = "||actors||default||app||";
const silent = { debug() {}, info() {}, warn() {}, error() {} };

function settings(dueTime: string) {
  return {
    ...{ dueTime, period: "1h", ttl: "", data: undefined, overwrite: true, failurePolicy: undefined },
    callback: "",
  };
}

/** Runs `work` for the numbers of a range. Microseconds for each. */
async function each(from: number, to: number, work: (i: number) => Promise<void>): Promise<number> {
  const began = performance.now();
  let next = from;
  const worker = async () => {
    while (next < to) await work(next++);
  };
  await Promise.all(Array.from({ length: atATime }, worker));
  return ((performance.now() - began) * 1000) / (to - from);
}

/** An app that answers at once, and what tells that it was called so often. */
function counting(calls: number) {
  let left = calls;
  let done = () => {};
  const all = new Promise<void>((resolve) => {
    done = resolve;
  });
  const hosted: HostedActors = {
    ...{ owns: () => true, active: () => true },
    call: async () => {
      left--;
      if (left === 0) done();
      return { status: 200, headers: [], body: undefined };
    },
  };
  return { hosted, all };
}

async function measure(component: ListingStore): Promise<readonly number[]> {
  const store = new FencedStore("store", component, of, () => undefined);
  await store.claim(new Set([of.instance]));
  const { hosted, all } = counting(fired);
  const platform = { ...testContext("store", systemClock).platform, log: silent };
  const reminders = new Reminders({ store, hosted, platform, prefix });
  const register = (due: string) => (i: number) => reminders.register("T", String(i), "n", settings(due));
  const first = await each(0, sample, register("240h"));
  await each(sample, count - sample, register("240h"));
  const last = await each(count - sample, count, register("240h"));
  await each(0, fired, register("0s"));
  const began = performance.now();
  reminders.start(["T"]);
  await all;
  const perSecond = (fired * 1000) / (performance.now() - began);
  await reminders.stop();
  return [first, last, perSecond];
}

async function measureTimers(): Promise<readonly [registering: number, perSecond: number]> {
  const { hosted, all } = counting(timers);
  const scheduled = new ActorTimers(hosted, { clock: systemClock, log: silent });
  const began = performance.now();
  for (let i = 0; i < timers; i++) {
    scheduled.register("T", String(i), "n", { ...settings(`${1 + (i % 1000) / 1000}h`), period: "" });
  }
  const registering = ((performance.now() - began) * 1000) / timers;
  for (let i = 0; i < timers; i++) scheduled.register("T", String(i), "n", { ...settings(""), period: "" });
  const firing = performance.now();
  await all;
  scheduled.stop();
  return [registering, (timers * 1000) / (performance.now() - firing)];
}

export default async function bench(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "daprlet-bench-"));
  const context = testContext("store", systemClock);
  const memory = (await openWith(inMemoryStore, context)) as ListingStore;
  const sqlite = (await openWith(sqliteStore, context, {
    connectionString: join(folder, "reminders.db"),
  })) as ListingStore;
  const [inMemory, inFile] = [await measure(memory), await measure(sqlite)];
  await Promise.all([memory.close(), sqlite.close()]);
  rmSync(folder, { recursive: true });
  const [registering, perSecond] = await measureTimers();
  const sides = ["in-memory", "sqlite"];
  const row = (what: string, unit: string, at: number, less: boolean): Row => ({
    ...{ what, unit, less },
    values: new Map([
      ["in-memory", inMemory[at] as number],
      ["sqlite", inFile[at] as number],
    ]),
  });
  printRows(`reminders, ${count.toLocaleString("en-GB")} of them`, sides, [
    row("registering one, at first", "µs", 0, true),
    row("registering one, at last", "µs", 1, true),
    row("fired and written down", "/s", 2, false),
  ]);
  printRows(
    `timers, ${timers.toLocaleString("en-GB")} of them`,
    ["timers"],
    [
      { what: "registering one", unit: "µs", less: true, values: new Map([["timers", registering]]) },
      { what: "fired", unit: "/s", values: new Map([["timers", perSecond]]) },
    ],
  );
}
