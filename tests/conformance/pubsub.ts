import { afterEach, describe, expect, it } from "vitest";
import type {
  Message,
  MessageHandler,
  PublishRequest,
  PubSub,
  PubSubDefinition,
} from "../../host/components/pubsub/pubsub.ts";

/** One broker and the components opened on it. */
export interface PubSubHarness {
  /**
   * Opens the component for an app id, every time a new instance of that app. Instances of one app id compete,
   * different app ids each get every event. With what the component falls back to where metadata says nothing.
   */
  open(appId: string): Promise<PubSub>;
  /** Lets so much time go by: a fake clock's, or real time. Milliseconds. */
  pass(ms: number): Promise<void>;
  /**
   * Ends every open component as a killed process or worker would: nothing is awaited, nothing more is handed out.
   * Needed where the component is DURABLE.
   */
  kill?(): Promise<void>;
  /** Closes what is still open and removes what was stored. */
  stop(): Promise<void>;
}

export interface PubSubSuiteOptions {
  /** Tests that the component does not pass, by name, with the reason. */
  readonly gaps?: Readonly<Record<string, string>>;
  /** The longest that anything may take, in the harness's time. Milliseconds. */
  readonly patience?: number;
  /** The harness's time between two looks at a condition. Milliseconds. */
  readonly step?: number;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

const event = (topic: string, text: string, extra: Partial<PublishRequest> = {}): PublishRequest => ({
  topic,
  data: encoder.encode(text),
  contentType: "application/cloudevents+json",
  metadata: new Map(),
  requestId: undefined,
  ...extra,
});

const textOf = (message: Message) => decoder.decode(message.data);
const numbers = (n: number) => Array.from({ length: n }, (_, i) => String(i));

/** A handler that keeps what it gets and consumes it. */
function collector(): { readonly got: string[]; readonly handler: MessageHandler } {
  const got: string[] = [];
  return {
    got,
    handler: async (message) => {
      got.push(textOf(message));
    },
  };
}

/** A promise and what settles it. */
function gate(): { readonly opened: Promise<void>; open(): void; fail(): void } {
  let open = () => {};
  let fail = () => {};
  const opened = new Promise<void>((resolve, reject) => {
    open = resolve;
    fail = () => reject(new Error("the handler was told to fail"));
  });
  opened.catch(() => undefined);
  return { opened, open: () => open(), fail: () => fail() };
}

/** What every pub/sub component must do, selected by the features that it declares. */
export function pubSubSuite(
  definition: PubSubDefinition,
  start: () => Promise<PubSubHarness>,
  { gaps = {}, patience = 60_000, step = 50 }: PubSubSuiteOptions = {},
): void {
  const has = (feature: (typeof definition.features)[number]) => definition.features.includes(feature);

  describe(`${definition.type} ${definition.version}`, () => {
    let running: PubSubHarness | undefined;

    afterEach(async () => {
      await running?.stop();
      running = undefined;
    });

    const test = (name: string, run: (harness: PubSubHarness) => Promise<void>) => {
      if (Object.hasOwn(gaps, name)) {
        it.skip(`${name} (gap: ${gaps[name]})`, () => undefined);
        return;
      }
      it(name, async () => {
        running = await start();
        await run(running);
      });
    };

    const until = async (harness: PubSubHarness, what: string, condition: () => boolean) => {
      for (let waited = 0; !condition(); waited += step) {
        if (waited > patience) throw new Error(`waited ${patience} ms in vain: ${what}`);
        await harness.pass(step);
      }
    };

    const subscribe = (
      component: PubSub,
      consumerId: string,
      topic: string,
      handler: MessageHandler,
      metadata: ReadonlyMap<string, string> = new Map(),
    ) => component.subscribe({ topic, consumerId, metadata }, handler);

    test("accepts an event that nobody subscribed to", async (harness) => {
      const a = await harness.open("a");
      await a.publish(event("lonely", "1"));
    });

    test("hands out the bytes, content type, topic and metadata as they were published", async (harness) => {
      const a = await harness.open("a");
      const got: Message[] = [];
      await subscribe(a, "a", "t", async (message) => void got.push(message));
      const data = new Uint8Array([0, 255, 1, 254, 13, 10]);
      const metadata = new Map([
        ["colour", "grün"],
        ["__proto__", "x"],
      ]);
      await a.publish({ topic: "t", data, contentType: "text/x; a=b", metadata, requestId: undefined });
      await until(harness, "the event", () => got.length > 0);
      expect(got).toHaveLength(1);
      const [message] = got as [Message];
      expect([...message.data]).toEqual([0, 255, 1, 254, 13, 10]);
      expect(message.contentType).toBe("text/x; a=b");
      expect(message.topic).toBe("t");
      expect(message.attempt).toBe(1);
      expect(message.metadata.get("colour")).toBe("grün");
      expect(message.metadata.get("__proto__")).toBe("x");
    });

    test("hands out an empty event, and one of 200,000 bytes", async (harness) => {
      const a = await harness.open("a");
      const sizes: number[] = [];
      await subscribe(a, "a", "t", async ({ data }) => void sizes.push(data.byteLength));
      await a.publish(event("t", ""));
      await a.publish(event("t", "x".repeat(200_000)));
      await until(harness, "both events", () => sizes.length === 2);
      expect(sizes.sort((x, y) => x - y)).toEqual([0, 200_000]);
    });

    test("keeps topics apart, whatever they are called", async (harness) => {
      const a = await harness.open("a");
      const topics = [
        "A",
        "a",
        "A/b",
        "A.b",
        "__proto__",
        "constructor",
        "hasOwnProperty",
        "Zürich 1",
        "a||b",
      ];
      const got: string[] = [];
      for (const topic of topics) {
        await subscribe(a, "a", topic, async (message) => void got.push(`${topic}=${textOf(message)}`));
      }
      for (const topic of topics) await a.publish(event(topic, topic));
      await until(harness, "one event a topic", () => got.length >= topics.length);
      await harness.pass(1_000);
      expect(got.sort()).toEqual(topics.map((topic) => `${topic}=${topic}`).sort());
    });

    test("gives every app each event", async (harness) => {
      const apps = ["a", "b", "__proto__"];
      const publisher = await harness.open("p");
      const collectors = apps.map(() => collector());
      for (const [i, app] of apps.entries()) {
        await subscribe(await harness.open(app), app, "t", (collectors[i] as (typeof collectors)[0]).handler);
      }
      for (const n of numbers(20)) await publisher.publish(event("t", n));
      await until(harness, "20 events each", () => collectors.every(({ got }) => got.length >= 20));
      await harness.pass(1_000);
      for (const { got } of collectors) expect([...got].sort()).toEqual(numbers(20).sort());
    });

    test("lets the instances of an app compete: each event to one of them, and each gets some", async (harness) => {
      const publisher = await harness.open("p");
      const instances = [collector(), collector(), collector()];
      for (const { got } of instances) {
        await subscribe(await harness.open("a"), "a", "t", async (message) => {
          got.push(textOf(message));
          await harness.pass(0);
        });
      }
      for (const n of numbers(90)) await publisher.publish(event("t", n));
      const all = () => instances.flatMap(({ got }) => got);
      await until(harness, "90 events", () => all().length >= 90);
      await harness.pass(1_000);
      expect(all().sort()).toEqual(numbers(90).sort());
      for (const { got } of instances) expect(got.length).toBeGreaterThanOrEqual(10);
    });

    test("counts right from n publishers to n apps of n instances", async (harness) => {
      const counts = new Map<string, number>();
      for (const app of ["a", "b"]) {
        for (let i = 0; i < 2; i++) {
          await subscribe(await harness.open(app), app, "t", async (message) => {
            const key = `${app} ${textOf(message)}`;
            counts.set(key, (counts.get(key) ?? 0) + 1);
          });
        }
      }
      const publishers = await Promise.all(["p", "q", "r"].map((id) => harness.open(id)));
      await Promise.all(
        publishers.flatMap((publisher, p) =>
          numbers(10).map((n) => publisher.publish(event("t", `${p}-${n}`))),
        ),
      );
      await until(harness, "60 deliveries", () => counts.size >= 60);
      await harness.pass(1_000);
      expect(counts.size).toBe(60);
      expect([...counts.values()].every((count) => count === 1)).toBe(true);
    });

    test("hands out in the order of publication", async (harness) => {
      const a = await harness.open("a");
      const { got, handler } = collector();
      await subscribe(a, "a", "t", handler);
      for (const n of numbers(50)) await a.publish(event("t", n));
      await until(harness, "50 events", () => got.length >= 50);
      expect(got).toEqual(numbers(50));
    });

    test("keeps the order of a partition key among competing instances", async (harness) => {
      const publisher = await harness.open("p");
      const got = new Map<string, string[]>();
      let turn = 0;
      for (let i = 0; i < 3; i++) {
        await subscribe(await harness.open("a"), "a", "t", async (message) => {
          // Later ones answer sooner: without lanes they would overtake.
          for (let wait = 5 - (turn++ % 5); wait > 0; wait--) await harness.pass(0);
          const [customer = "", n = ""] = textOf(message).split(" ");
          const seen = got.get(customer) ?? [];
          got.set(customer, seen);
          seen.push(n);
        });
      }
      const customers = ["x", "y", "z"];
      for (const n of numbers(10)) {
        for (const customer of customers) {
          const metadata = new Map([["partitionKey", customer]]);
          await publisher.publish(event("t", `${customer} ${n}`, { metadata }));
        }
      }
      const count = () => [...got.values()].reduce((sum, { length }) => sum + length, 0);
      await until(harness, "30 events", () => count() >= 30);
      for (const customer of customers) expect(got.get(customer)).toEqual(numbers(10));
    });

    test("bounds what is under way", async (harness) => {
      const a = await harness.open("a");
      const hold = gate();
      let started = 0;
      await subscribe(a, "a", "t", async () => {
        started++;
        await hold.opened;
      });
      for (const n of numbers(200)) await a.publish(event("t", n));
      await harness.pass(1_000);
      const before = started;
      hold.open();
      await until(harness, "all events", () => started >= 200);
      expect(before).toBeGreaterThanOrEqual(1);
      expect(before).toBeLessThanOrEqual(100);
    });

    test("delivers a rejected event again, and counts the attempts", async (harness) => {
      const a = await harness.open("a");
      const attempts: number[] = [];
      await subscribe(a, "a", "t", async ({ attempt }) => {
        attempts.push(attempt);
        if (attempts.length < 3) throw new Error("not yet");
      });
      await a.publish(event("t", "1"));
      await until(harness, "three attempts", () => attempts.length >= 3);
      await harness.pass(patience / 10);
      expect(attempts).toEqual([1, 2, 3]);
    });

    test("lets an event that always fails hold up no other, and backs off", async (harness) => {
      const a = await harness.open("a");
      const good = new Set<string>();
      let failures = 0;
      await subscribe(a, "a", "t", async (message) => {
        if (textOf(message) === "bad") {
          failures++;
          throw new Error("never");
        }
        good.add(textOf(message));
      });
      // More of them than any bound on what is under way.
      for (let i = 0; i < 30; i++) await a.publish(event("t", "bad"));
      for (const n of numbers(30)) await a.publish(event("t", n));
      await until(harness, "the good ones", () => good.size === 30);
      await harness.pass(5_000);
      expect(failures).toBeGreaterThanOrEqual(60);
      expect(failures).toBeLessThanOrEqual(30 * 12);
    });

    test("hands nothing out after a subscription is closed, and waits for what is under way", async (harness) => {
      const a = await harness.open("a");
      const hold = gate();
      const got: string[] = [];
      const subscription = await subscribe(a, "a", "t", async (message) => {
        got.push(textOf(message));
        await hold.opened;
      });
      await a.publish(event("t", "1"));
      await until(harness, "the first event", () => got.length === 1);
      let closed = false;
      const closing = subscription.close().then(() => {
        closed = true;
      });
      await harness.pass(1_000);
      expect(closed).toBe(false);
      hold.open();
      await until(harness, "the close", () => closed);
      await closing;
      await a.publish(event("t", "2"));
      await harness.pass(2_000);
      expect(got).toEqual(["1"]);
    });

    test("does not deliver again what a closing subscription consumed", async (harness) => {
      const a = await harness.open("a");
      const other = await harness.open("a");
      const hold = gate();
      const got: string[] = [];
      const first = await subscribe(a, "a", "t", async (message) => {
        got.push(textOf(message));
        await hold.opened;
      });
      await a.publish(event("t", "1"));
      await until(harness, "the event", () => got.length === 1);
      const closing = first.close();
      await subscribe(other, "a", "t", async (message) => void got.push(textOf(message)));
      hold.open();
      await closing;
      await harness.pass(5_000);
      expect(got).toEqual(["1"]);
    });

    test("loses nothing when an instance closes while events are under way", async (harness) => {
      const publisher = await harness.open("p");
      const leaving = await harness.open("a");
      const staying = await harness.open("a");
      const hold = gate();
      const { got, handler } = collector();
      await subscribe(leaving, "a", "t", () => hold.opened);
      for (const n of numbers(40)) await publisher.publish(event("t", n));
      await harness.pass(500);
      await subscribe(staying, "a", "t", handler);
      const closing = leaving.close();
      hold.fail();
      await closing;
      await until(harness, "40 events", () => new Set(got).size >= 40);
      expect([...new Set(got)].sort()).toEqual(numbers(40).sort());
    });

    test("keeps for the next subscription what the last one did not consume", async (harness) => {
      const a = await harness.open("a");
      const first = await subscribe(a, "a", "t", async () => {
        throw new Error("not me");
      });
      for (const n of numbers(5)) await a.publish(event("t", n));
      await harness.pass(500);
      await first.close();
      const { got, handler } = collector();
      await subscribe(a, "a", "t", handler);
      await until(harness, "5 events", () => got.length >= 5);
      expect(got).toEqual(numbers(5));
    });

    test("has as many events at once with a subscription as it asks for", async (harness) => {
      const a = await harness.open("a");
      const { opened, open } = gate();
      let most = 0;
      let now = 0;
      const request = { topic: "t", consumerId: "a", metadata: new Map(), concurrency: 25 };
      await a.subscribe(request, async () => {
        most = Math.max(most, ++now);
        await opened;
        now--;
      });
      for (const n of numbers(40)) await a.publish(event("t", n));
      await until(harness, "25 at once", () => now >= 25);
      open();
      await until(harness, "the end of all", () => now === 0);
      expect(most).toBe(25);
    });

    test("closes twice, and with nothing to do", async (harness) => {
      const a = await harness.open("a");
      const subscription = await subscribe(a, "a", "t", async () => undefined);
      await subscription.close();
      await subscription.close();
      await a.close();
      await a.close();
    });

    if (has("SUBSCRIBE_WILDCARDS")) {
      test("gives a wildcard every topic that begins so and goes on, each message under its own", async (harness) => {
        const a = await harness.open("a");
        const got: string[] = [];
        await subscribe(a, "a", "orders/*", async (message) => {
          got.push(`${message.topic}=${textOf(message)}`);
        });
        const topics = ["orders/1", "orders/2/x", "orders", "orders/", "other", "orders/1"];
        for (const [i, topic] of topics.entries()) await a.publish(event(topic, String(i)));
        await until(harness, "three events", () => got.length >= 3);
        await harness.pass(1_000);
        expect(got.sort()).toEqual(["orders/1=0", "orders/1=5", "orders/2/x=1"]);
      });

      test("counts a wildcard and a topic's own name as two subscriptions, instances as one", async (harness) => {
        const [one, two] = [await harness.open("a"), await harness.open("a")];
        const got: string[] = [];
        const keep = (name: string) => async (message: Message) =>
          void got.push(`${name} ${textOf(message)}`);
        await subscribe(one, "a", "*", keep("all"));
        await subscribe(two, "a", "*", keep("all"));
        await subscribe(one, "a", "t", keep("t"));
        await subscribe(await harness.open("b"), "b", "t*", keep("b"));
        for (const n of numbers(4)) await one.publish(event("t", n));
        await one.publish(event("tt", "5"));
        await until(harness, "10 events", () => got.length >= 10);
        await harness.pass(1_000);
        const all = numbers(4).flatMap((n) => [`all ${n}`, `t ${n}`]);
        expect(got.sort()).toEqual([...all, "all 5", "b 5"].sort());
      });

      test("delivers again what a wildcard's handler rejected, and nothing after it is closed", async (harness) => {
        const a = await harness.open("a");
        const got: number[] = [];
        const subscription = await subscribe(a, "a", "t/*", async ({ attempt }) => {
          got.push(attempt);
          if (attempt < 3) throw new Error("not yet");
        });
        await a.publish(event("t/1", "1"));
        await until(harness, "the third attempt", () => got.length >= 3);
        await subscription.close();
        await a.publish(event("t/1", "2"));
        await a.publish(event("t/2", "3"));
        await harness.pass(1_000);
        expect(got).toEqual([1, 2, 3]);
      });
    }

    if (has("OUTCOME")) {
      test("publishes the same request id once", async (harness) => {
        const a = await harness.open("a");
        const { got, handler } = collector();
        await subscribe(a, "a", "t", handler);
        await a.publish(event("t", "1", { requestId: "r-1" }));
        await a.publish(event("t", "1 again", { requestId: "r-1" }));
        await a.publish(event("t", "2", { requestId: "__proto__" }));
        await a.publish(event("t", "2 again", { requestId: "__proto__" }));
        await a.publish(event("t", "3"));
        await a.publish(event("t", "3"));
        await until(harness, "4 events", () => got.length >= 4);
        await harness.pass(1_000);
        expect(got).toEqual(["1", "2", "3", "3"]);
      });

      test("publishes the same request id once when both come together", async (harness) => {
        const a = await harness.open("a");
        const { got, handler } = collector();
        await subscribe(a, "a", "t", handler);
        await Promise.all(numbers(5).map(() => a.publish(event("t", "1", { requestId: "twin" }))));
        await until(harness, "the event", () => got.length >= 1);
        await harness.pass(1_000);
        expect(got).toEqual(["1"]);
      });
    }

    if (has("TTL")) {
      test("drops an event that expired before it could be delivered", async (harness) => {
        const a = await harness.open("a");
        const first = await subscribe(a, "a", "t", async () => {
          throw new Error("not now");
        });
        await a.publish(event("t", "short", { metadata: new Map([["ttlInSeconds", "1"]]) }));
        await a.publish(event("t", "long", { metadata: new Map([["ttlInSeconds", "3600"]]) }));
        await harness.pass(200);
        await first.close();
        await harness.pass(1_500);
        const { got, handler } = collector();
        await subscribe(a, "a", "t", handler);
        await until(harness, "the other event", () => got.length >= 1);
        await harness.pass(1_000);
        expect(got).toEqual(["long"]);
      });
    }

    if (has("DURABLE")) {
      test("keeps events for an app that was never there", async (harness) => {
        const publisher = await harness.open("p");
        for (const n of numbers(3)) await publisher.publish(event("A", n));
        const { got, handler } = collector();
        await subscribe(await harness.open("ps"), "ps", "A", handler);
        await until(harness, "3 events", () => got.length >= 3);
        await harness.pass(1_000);
        expect(got).toEqual(numbers(3));
      });

      test("keeps events for an app that went away, and does not repeat what it consumed", async (harness) => {
        const publisher = await harness.open("p");
        const before = collector();
        const app = await harness.open("a");
        await subscribe(app, "a", "t", before.handler);
        await publisher.publish(event("t", "seen"));
        await until(harness, "the first event", () => before.got.length >= 1);
        await app.close();
        for (const n of numbers(5)) await publisher.publish(event("t", n));
        const after = collector();
        await subscribe(await harness.open("a"), "a", "t", after.handler);
        await until(harness, "5 events", () => after.got.length >= 5);
        await harness.pass(1_000);
        expect(before.got).toEqual(["seen"]);
        expect(after.got).toEqual(numbers(5));
      });

      test("delivers again what was under way or waiting when everything was killed", async (harness) => {
        if (harness.kill === undefined)
          throw new Error("the harness of a DURABLE component must have kill()");
        const publisher = await harness.open("p");
        const consumed = collector();
        const started: string[] = [];
        await subscribe(await harness.open("a"), "a", "t", async (message) => {
          const text = textOf(message);
          if (text === "done") return consumed.handler(message);
          started.push(text);
          await new Promise<void>(() => undefined);
        });
        await publisher.publish(event("t", "done"));
        await until(harness, "one consumed", () => consumed.got.length === 1);
        // Consumed is durable a moment after the handler resolved.
        await harness.pass(500);
        for (const n of numbers(25)) await publisher.publish(event("t", n));
        await until(harness, "some under way", () => started.length > 0);
        await harness.kill();
        const { got, handler } = collector();
        await subscribe(await harness.open("a"), "a", "t", handler);
        await until(harness, "25 events", () => got.length >= 25);
        await harness.pass(1_000);
        expect(got).toEqual(numbers(25));
      });
    } else {
      test("says that it keeps nothing for an app that was never there, and keeps nothing", async (harness) => {
        const publisher = await harness.open("p");
        await publisher.publish(event("t", "before"));
        const { got, handler } = collector();
        await subscribe(await harness.open("a"), "a", "t", handler);
        await publisher.publish(event("t", "after"));
        await until(harness, "the event", () => got.length >= 1);
        await harness.pass(1_000);
        expect(got).toEqual(["after"]);
        expect(definition.summary).toContain("not durable");
      });
    }
  });
}
