/** Random histories of browsers and a Node instance on one relay. RELAY_SEEDS says how many. */
import { expect, it } from "vitest";
import { FakeClock } from "../../host/fake-clock.ts";
import { ask, type Browser, type BrowserPage, keptStore, pass, Town } from "./relay-town.ts";

const seeds = Array.from({ length: Number(process.env.RELAY_SEEDS ?? 3) }, (_, seed) => seed + 1);
const ids = Array.from({ length: 20 }, (_, id) => `cell-${id}`);
const steps = 25;

it.each(seeds)(
  "owners are agreed on, and no actor has two turns at a time, whatever happens to whom: seed %i",
  async (seed) => {
    let random = seed;
    const chance = (below: number) => {
      random = (Math.imul(random, 1_103_515_245) + 12_345) & 0x7fff_ffff;
      return Math.floor((random / 0x8000_0000) * below);
    };
    const clock = new FakeClock();
    const town = new Town(clock);
    const store = await keptStore(clock);
    const browsers = [await town.browser("left", store), await town.browser("right", store)] as const;
    const node = await town.node("node", store);
    const stopped = new Set<Browser>();
    /** Who stood still lately, or is gone, may have a turn under way that is nothing any more. */
    const suspect = new Map<string, number>();
    const turns = new Map<string, { readonly tag: string }>();
    const broken: string[] = [];
    let pages = 0;
    const trusted = (tag: string) => clock.now() > (suspect.get(tag) ?? 0);
    const watched = (tag: string) => async (id: string, signal: AbortSignal | undefined) => {
      const other = turns.get(id)?.tag;
      if (other !== undefined && trusted(other) && trusted(tag))
        broken.push(`${other} and ${tag} both have a turn of ${id}`);
      const turn = { tag };
      turns.set(id, turn);
      const end = () => turns.get(id) === turn && turns.delete(id);
      // Its caller has gone: the next one need not wait for what goes on here.
      signal?.addEventListener("abort", end, { once: true });
      await new Promise((resolve) => void clock.after(chance(900), () => resolve(undefined)));
      end();
      return tag;
    };
    const open = async (browser: Browser) => {
      if (stopped.has(browser)) return;
      const page = await browser.open(`page ${++pages}`);
      page.cells.held = watched(page.tag);
    };
    const alive = () => browsers.flatMap((browser) => browser.pages.filter((page) => page.alive));
    const frozen = new Set<BrowserPage>();
    node.cells.held = watched("node");
    for (const browser of [...browsers, ...browsers]) await open(browser);
    const call = () => {
      const caller = [...browsers, node][chance(3)] as Browser;
      if (stopped.has(caller)) return;
      void ask(caller, ids[chance(ids.length)] as string, "hold");
    };
    const start = async (browser: Browser) => {
      if (stopped.delete(browser)) await browser.startWorker();
    };
    const wake = (page: BrowserPage) => {
      suspect.set(page.tag, clock.now() + 2_000);
      if (frozen.delete(page)) page.wake();
    };
    for (let step = 0; step < steps; step++) {
      const browser = browsers[chance(2)] as Browser;
      const page = alive()[chance(alive().length)];
      switch (chance(7)) {
        case 0:
          browser.stopWorker();
          stopped.add(browser);
          break;
        case 1:
          await start(browser);
          break;
        case 2:
          if (alive().length < 5) await open(browser);
          break;
        case 3:
          if (page === undefined || frozen.has(page) || alive().length === 1) break;
          suspect.set(page.tag, Number.POSITIVE_INFINITY);
          page.close();
          break;
        case 4:
          if (page === undefined) break;
          suspect.set(page.tag, Number.POSITIVE_INFINITY);
          frozen.add(page);
          page.freeze();
          break;
        case 5:
          for (const one of frozen) wake(one);
          break;
        case 6:
          if (chance(2) === 0) (chance(2) === 0 ? node : browser.worker).sockets.cut();
          else {
            town.stopRelay();
            await pass(clock, chance(8) * 250);
            town.startRelay();
          }
      }
      for (let i = 0; i < 5; i++) {
        for (let calls = 0; calls < 4; calls++) call();
        await pass(clock, 250 * (1 + chance(3)));
      }
    }
    for (const browser of browsers) await start(browser);
    for (const page of frozen) wake(page);
    if (alive().length === 0) await open(browsers[0]);
    await pass(clock, 60_000);
    expect(broken).toEqual([]);
    const tables: string[][] = [];
    for (const caller of [...browsers, node]) {
      const answers = ids.map(() => "none");
      for (const [i, id] of ids.entries()) void ask(caller, id).then((answer) => (answers[i] = answer));
      await pass(clock, 10_000);
      tables.push(answers);
    }
    expect(tables[1]).toEqual(tables[0]);
    expect(tables[2]).toEqual(tables[0]);
    const hosts = new Set(["node", ...alive().map(({ tag }) => tag)]);
    for (const owner of tables[0] ?? []) expect(hosts).toContain(owner);
  },
);
