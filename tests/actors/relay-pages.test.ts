import { expect, it } from "vitest";
import { FakeClock } from "../../host/fake-clock.ts";
import { ask, type Caller, keptStore, pass, Town } from "./relay-town.ts";

const many = Array.from({ length: 300 }, (_, id) => `cell-${id}`);
const ids = many.slice(0, 60);

/** A relay, a browser with two pages, one with one page, and a Node instance of another app, all of which have agreed. */
async function agreed() {
  const clock = new FakeClock();
  const town = new Town(clock);
  await pass(clock, 7_000);
  const store = await keptStore(clock);
  const left = await town.browser("left", store);
  const right = await town.browser("right", store);
  const node = await town.node("node", store);
  const pages = [await left.open("left 1"), await left.open("left 2"), await right.open("right 1")] as const;
  await pass(clock, 3_000);
  return { clock, town, left, right, node, pages, settle: (ms: number) => pass(clock, ms) };
}

/** Where each actor lives, as one of them finds it. */
async function owners(clock: FakeClock, caller: Caller, of: readonly string[] = ids): Promise<string[]> {
  const found = Promise.all(of.map((id) => ask(caller, id)));
  let done = false;
  void found.then(() => (done = true));
  for (let i = 0; i < 200 && !done; i++) await pass(clock, 250);
  return await found;
}

const all = ["left 1", "left 2", "node", "right 1"];

it("places actors of pages of two browsers and of Node alike for all, and calls each from each", async () => {
  const { clock, left, right, node } = await agreed();
  const found = await owners(clock, left, many);
  expect([...new Set(found)].sort()).toEqual(all);
  expect(await owners(clock, right, many)).toEqual(found);
  expect(await owners(clock, node, many)).toEqual(found);
});

it("gives actors of a page that closes to others at once, those of a browser that is gone after its lease, and none twice", async () => {
  const { clock, town, left, right, node, pages, settle } = await agreed();
  const before = await owners(clock, node);
  // It was the one that held the connection: what is sent just then is lost, and another page holds it after a while.
  const { sockets } = left.worker;
  sockets.mute = true;
  pages[1].close();
  await settle(500);
  sockets.up = false;
  sockets.cut();
  await settle(1_000);
  sockets.up = true;
  // Sooner than by its lease.
  await settle(2_500);
  expect(town.relay.placement("default").hostList).toHaveLength(3);
  const between = await owners(clock, right);
  expect(new Set(between)).toEqual(new Set(["left 1", "node", "right 1"]));
  // Who is not concerned stays where it was.
  for (const [i, owner] of before.entries()) if (owner !== "left 2") expect(between[i]).toBe(owner);
  left.kill();
  await settle(8_000);
  const after = await owners(clock, node);
  expect(await owners(clock, right)).toEqual(after);
  expect(new Set(after)).toEqual(new Set(["node", "right 1"]));
  for (const [i, owner] of between.entries()) if (owner !== "left 1") expect(after[i]).toBe(owner);
});

it("leaves actors where they are while workers are stopped and start anew, and the next one is called as the one before", async () => {
  const { clock, left, node, pages, settle } = await agreed();
  const before = await owners(clock, node);
  for (let round = 0; round < 3; round++) {
    left.stopWorker();
    await settle(1_500);
    await left.startWorker();
    await settle(1_500);
    expect(await owners(clock, node)).toEqual(before);
    expect(await owners(clock, left)).toEqual(before);
  }
  expect(pages.flatMap(({ cells }) => cells.deactivated)).toEqual([]);
});

it("halts actors of pages while there is no relay, says so to callers, and goes on once there is one", async () => {
  const { clock, town, left, right, node, pages, settle } = await agreed();
  const before = await owners(clock, left);
  town.stopRelay();
  await settle(6_000);
  // Nobody knows what the others do: not one of them goes on.
  const called = pages.map(({ cells }) => cells.calls.length);
  const refused = Promise.all([left, right].map((browser) => ask(browser, "cell-1")));
  await settle(33_000);
  for (const answer of await refused) expect(answer).toMatch(/^500 .*relay wss:.*cannot be reached/);
  expect(pages.map(({ cells }) => cells.calls.length)).toEqual(called);
  town.startRelay();
  await settle(45_000);
  for (const caller of [left, right, node]) expect(await owners(clock, caller)).toEqual(before);
});

it("keeps actors where they are over a relay that starts anew within their lease", async () => {
  const { clock, town, left, right, node, pages, settle } = await agreed();
  const before = await owners(clock, left);
  town.stopRelay();
  town.startRelay();
  await settle(20_000);
  for (const caller of [left, right, node]) expect(await owners(clock, caller)).toEqual(before);
  expect(pages.flatMap(({ cells }) => cells.deactivated)).toEqual([]);
});

/** An id of an actor that lives there. */
const livesAt = (found: readonly string[], tag: string) => ids[found.indexOf(tag)] as string;

it("refuses what a page that stood still would write to a store that both browsers have", async () => {
  const { clock, left, right, node, pages, settle } = await agreed();
  const id = livesAt(await owners(clock, node), "right 1");
  const [, , still] = pages;
  let goOn: () => void = () => undefined;
  const stands = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  let wrote: number | undefined;
  still.cells.held = async () => {
    await stands;
    const path = `/v1.0/actors/Cell/${id}/state`;
    const body = new TextEncoder().encode('[{"operation":"upsert","request":{"key":"k","value":1}}]');
    wrote = (await still.host.own({ method: "POST", path, query: "", headers: [], body }))?.status;
    return "";
  };
  const turn = ask(right, id, "hold");
  await settle(250);
  still.freeze();
  await settle(12_000);
  expect(["left 1", "left 2", "node"]).toContain((await owners(clock, left, [id]))[0]);
  expect(await turn).toMatch(/^500 .*does not answer/);
  // It writes before it has found out how long it stood still.
  goOn();
  await new Promise((resolve) => setTimeout(resolve, 20));
  still.wake();
  await settle(1_000);
  expect(wrote).toBeGreaterThanOrEqual(400);
  await settle(10_000);
  expect(new Set(await owners(clock, left))).toEqual(new Set(all));
});

it("has a call whose answer was lost with the worker that asked run once in another browser", async () => {
  const { clock, left, node, pages, settle } = await agreed();
  const id = livesAt(await owners(clock, node), "right 1");
  const [, , right] = pages;
  right.cells.calls.length = 0;
  const call = () => ask(left, id, "where", ["daprlet-request-id", "the page's own"]);
  left.worker.sockets.deaf = true;
  void call();
  await settle(500);
  expect(right.cells.calls).toEqual([id]);
  left.stopWorker();
  await left.startWorker();
  const again = call();
  await settle(4_000);
  expect([await again, right.cells.calls]).toEqual(["right 1", [id]]);
});

it("takes a page along when its app leaves the relay and when it comes back", async () => {
  const { clock, left, right, node, settle } = await agreed();
  await left.register(false);
  await settle(12_000);
  expect(new Set(await owners(clock, left))).toEqual(new Set(["left 1", "left 2"]));
  const others = await owners(clock, node);
  expect(new Set(others)).toEqual(new Set(["node", "right 1"]));
  await left.register(true);
  await settle(12_000);
  const found = await owners(clock, left);
  expect([...new Set(found)].sort()).toEqual(all);
  expect(await owners(clock, right)).toEqual(found);
});

it("begins anew under another name where a worker does not know what the one before was called", async () => {
  const { clock, left, right, settle } = await agreed();
  left.stopWorker();
  left.identity = { instance: "another", secret: "s" };
  await left.startWorker();
  await settle(20_000);
  const found = await owners(clock, right);
  expect([...new Set(found)].sort()).toEqual(all);
  expect(await owners(clock, left)).toEqual(found);
});
