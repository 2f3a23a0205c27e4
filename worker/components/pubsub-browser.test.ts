import "fake-indexeddb/auto";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { Message, PubSub } from "../../host/components/pubsub/pubsub.ts";
import { SimulatedBrowser } from "../../tests/browser/storage/simulated-browser.ts";
import { pubSubSuite } from "../../tests/conformance/pubsub.ts";
import { browserPubSub } from "./pubsub-browser.ts";

/** Turns of the event loop: the fake database takes a few for each of its steps. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
}

const newBrowser = (serviceWorker: boolean) => new SimulatedBrowser(serviceWorker, turns);

const definition = browserPubSub({ databasePrefix: "daprlet:/:", incarnation: undefined });

describe("in a service worker", () => {
  pubSubSuite(definition, async () => newBrowser(true));
});

describe("in page mode", () => {
  pubSubSuite(definition, async () => newBrowser(false), {
    gaps: {
      "delivers again what was under way or waiting when everything was killed":
        "another page may still have the events in hand, so they wait for the end of their lease, and others overtake them; tested below",
    },
  });
});

const encode = (text: string) => new TextEncoder().encode(text);
const decode = (message: Message) => new TextDecoder().decode(message.data);

const event = (text: string, metadata: Readonly<Record<string, string>> = {}) => ({
  topic: "t",
  data: encode(text),
  contentType: undefined,
  metadata: new Map(Object.entries(metadata)),
  requestId: undefined,
});

/** Subscribes, and keeps what comes. */
async function collect(pubsub: PubSub, consumerId: string, got: string[] = []): Promise<string[]> {
  await pubsub.subscribe({ topic: "t", consumerId, metadata: new Map() }, async (message) => {
    got.push(decode(message));
  });
  return got;
}

const never = () => new Promise<void>(() => undefined);
const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => String(from + i));

describe("pubsub.browser", () => {
  let browser: SimulatedBrowser;

  afterEach(async () => {
    await browser.stop();
  });

  async function until(condition: () => boolean): Promise<void> {
    for (let i = 0; i < 600 && !condition(); i++) await browser.pass(100);
    expect(condition()).toBe(true);
  }

  it("hands what a closed page had in hand to another one, after the lease", async () => {
    browser = newBrowser(false);
    const gone = await browser.open("a");
    const taken: string[] = [];
    await gone.subscribe({ topic: "t", consumerId: "a", metadata: new Map() }, (message) => {
      taken.push(decode(message));
      return never();
    });
    for (const n of numbers(0, 3)) await gone.publish(event(n));
    await until(() => taken.length === 3);
    await browser.kill();
    const got = await collect(await browser.open("a"), "a");
    await browser.pass(20_000);
    expect(got).toEqual([]);
    await until(() => got.length === 3);
    expect(got).toEqual(numbers(0, 3));
  });

  it("keeps hold of an event whose handler takes longer than a lease", async () => {
    browser = newBrowser(false);
    let release = () => {};
    let calls = 0;
    const slow = await browser.open("a");
    const hold = new Promise<void>((resolve) => {
      release = resolve;
    });
    const handler = async () => {
      calls++;
      await hold;
    };
    await slow.subscribe({ topic: "t", consumerId: "a", metadata: new Map() }, handler);
    await (await browser.open("a")).subscribe({ topic: "t", consumerId: "a", metadata: new Map() }, handler);
    await slow.publish(event("1"));
    await browser.pass(100_000);
    expect(calls).toBe(1);
    release();
    await browser.pass(100_000);
    expect(calls).toBe(1);
  });

  it("remembers the attempts and the back-off of an event across a restart of the worker", async () => {
    browser = newBrowser(true);
    const attempts: number[] = [];
    const failing = async ({ attempt }: Message) => {
      attempts.push(attempt);
      throw new Error("no");
    };
    const request = { topic: "t", consumerId: "a", metadata: new Map() };
    await (await browser.open("a")).subscribe(request, failing);
    await (await browser.open("p")).publish(event("1"));
    await until(() => attempts.length === 2);
    await browser.pass(0);
    await browser.kill();
    await (await browser.open("a")).subscribe(request, failing);
    await until(() => attempts.length >= 4);
    expect(attempts.slice(0, 4)).toEqual([1, 2, 3, 4]);
  });

  it("makes room for new events by dropping the oldest that everybody has consumed", async () => {
    browser = newBrowser(true);
    const pubsub = await browser.open("a", { maxEvents: "10" });
    const got = await collect(pubsub, "a");
    for (const n of numbers(0, 25)) {
      await pubsub.publish(event(n));
      await until(() => got.length === Number(n) + 1);
      await browser.pass(0);
    }
    const late = await collect(pubsub, "late");
    await until(() => late.length >= 10);
    await browser.pass(1_000);
    expect(late).toEqual(numbers(15, 25));
  });

  it("keeps the newest events of a topic that nobody ever subscribed to", async () => {
    browser = newBrowser(true);
    const pubsub = await browser.open("p", { maxEvents: "5" });
    for (const n of numbers(0, 12)) await pubsub.publish(event(n));
    const got = await collect(pubsub, "a");
    await until(() => got.length >= 5);
    await browser.pass(1_000);
    expect(got).toEqual(numbers(7, 12));
  });

  it("refuses an event rather than drop one that a known app has not consumed", async () => {
    browser = newBrowser(true);
    const pubsub = await browser.open("p", { maxEvents: "5" });
    const app = await browser.open("a");
    await collect(app, "a");
    await app.close();
    for (const n of numbers(0, 5)) await pubsub.publish(event(n));
    const refused = await Promise.allSettled([pubsub.publish(event("5")), pubsub.publish(event("6"))]);
    for (const one of refused) {
      expect(one).toMatchObject({ status: "rejected", reason: { code: "RESOURCE_EXHAUSTED" } });
    }
    const got = await collect(await browser.open("a"), "a");
    await until(() => got.length === 5);
    await browser.pass(100);
    await pubsub.publish(event("7"));
    await until(() => got.length === 6);
    expect(got).toEqual([...numbers(0, 5), "7"]);
  });

  it("drops what is older than its retention, and forgets apps that were away as long", async () => {
    browser = newBrowser(true);
    const pubsub = await browser.open("p", { retention: "1h", maxEvents: "3" });
    const app = await browser.open("a", { retention: "1h", maxEvents: "3" });
    await collect(app, "a");
    await app.close();
    for (const n of numbers(0, 3)) await pubsub.publish(event(n));
    await browser.clock.advance(3_700_000);
    await pubsub.publish(event("new"));
    await browser.pass(6_000);
    const got = await collect(pubsub, "b");
    await until(() => got.length >= 1);
    await browser.pass(1_000);
    expect(got).toEqual(["new"]);
  });

  it("hands out nothing older than its retention, swept or not", async () => {
    browser = newBrowser(true);
    const pubsub = await browser.open("p", { retention: "1h" });
    await pubsub.publish(event("old"));
    await browser.clock.advance(3_000_000);
    await pubsub.publish(event("new"));
    await browser.clock.advance(700_000);
    const got = await collect(pubsub, "a");
    await until(() => got.length >= 1);
    await browser.pass(1_000);
    expect(got).toEqual(["new"]);
  });

  it("keeps later events of a partition behind one that fails", async () => {
    browser = newBrowser(true);
    const pubsub = await browser.open("a");
    const got: string[] = [];
    let failures = 0;
    await pubsub.subscribe({ topic: "t", consumerId: "a", metadata: new Map() }, async (message) => {
      if (decode(message) === "x0" && failures++ < 3) throw new Error("not yet");
      got.push(decode(message));
    });
    for (const text of ["x0", "y0", "x1", "x2", "y1"]) {
      await pubsub.publish(event(text, { partitionKey: text[0] ?? "" }));
    }
    await until(() => got.length === 5);
    expect(got.filter((text) => text.startsWith("x"))).toEqual(["x0", "x1", "x2"]);
    expect(got.slice(0, 2)).toEqual(["y0", "y1"]);
    expect(failures).toBe(4);
  });

  it("passes over an expired first event of a partition", async () => {
    browser = newBrowser(true);
    const pubsub = await browser.open("p");
    await pubsub.publish(event("x0", { partitionKey: "x", ttlInSeconds: "1" }));
    await pubsub.publish(event("x1", { partitionKey: "x" }));
    await browser.pass(2_000);
    const got = await collect(pubsub, "a");
    await until(() => got.length === 1);
    expect(got).toEqual(["x1"]);
  });

  it("says what keeps the events as the browser does, like the store", async () => {
    browser = newBrowser(true);
    const pubsub = await browser.open("a");
    expect(pubsub.durability).toBe("best-effort");
    vi.stubGlobal("navigator", { storage: { persisted: async () => true } });
    const granted = pubsub.durability;
    await browser.pass(10);
    expect([granted, pubsub.durability]).toEqual(["best-effort", "persistent"]);
    vi.unstubAllGlobals();
  });

  it("refuses metadata that makes no sense, and names the component and the field", async () => {
    browser = newBrowser(true);
    await expect(browser.open("a", { maxEvents: "0" })).rejects.toThrow(/component pubsub: .*maxEvents/);
    await expect(browser.open("a", { retention: "soon" })).rejects.toThrow(/component pubsub: .*retention/);
  });
});
