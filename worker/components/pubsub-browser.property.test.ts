import "fake-indexeddb/auto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { PubSub, Subscription } from "../../host/components/pubsub/pubsub.ts";
import { SimulatedBrowser } from "../../tests/browser/storage/simulated-browser.ts";

type Step =
  | { readonly do: "publish"; readonly lane: string | undefined }
  | { readonly do: "subscribe"; readonly consumer: string; readonly fails: number }
  | { readonly do: "close"; readonly which: number }
  | { readonly do: "pass"; readonly ms: number }
  | { readonly do: "kill" };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ do: fc.constant("publish"), lane: fc.constantFrom(undefined, "x", "y") }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("subscribe"),
      consumer: fc.constantFrom("a", "b"),
      fails: fc.integer({ min: 0, max: 3 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("close"), which: fc.nat(5) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("pass"), ms: fc.constantFrom(0, 100, 2_000) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("kill") }) },
) as fc.Arbitrary<Step>;

async function turns(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** What happened to the events of one history. */
class History {
  readonly published: { readonly text: string; readonly lane: string | undefined }[] = [];
  /** By consumer, in order: every event whose handler resolved. */
  readonly consumed = new Map<string, string[]>([
    ["a", []],
    ["b", []],
  ]);
  killed = false;
  readonly #browser: SimulatedBrowser;
  #publisher: PubSub | undefined;
  #subscriptions: Subscription[] = [];
  /** Handlers of a killed worker never end. */
  #life = 0;

  constructor(browser: SimulatedBrowser) {
    this.#browser = browser;
  }

  async run(step: Step): Promise<void> {
    if (step.do === "publish") {
      this.#publisher ??= await this.#browser.open("p");
      const text = String(this.published.length);
      await this.#publisher.publish({
        topic: "t",
        data: new TextEncoder().encode(text),
        contentType: undefined,
        metadata: new Map(step.lane === undefined ? [] : [["partitionKey", step.lane]]),
        requestId: undefined,
      });
      this.published.push({ text, lane: step.lane });
    } else if (step.do === "subscribe") {
      await this.subscribe(step.consumer, step.fails);
    } else if (step.do === "close") {
      const [subscription] = this.#subscriptions.splice(step.which, 1);
      await subscription?.close();
    } else if (step.do === "pass") {
      await this.#browser.pass(step.ms);
    } else {
      await this.#browser.kill();
      this.killed = true;
      this.#life++;
      this.#publisher = undefined;
      this.#subscriptions = [];
    }
  }

  /** A subscription that fails so many times, and then consumes. */
  async subscribe(consumer: string, fails: number): Promise<void> {
    const life = this.#life;
    let failures = 0;
    const component = await this.#browser.open(consumer);
    const subscription = await component.subscribe(
      { topic: "t", consumerId: consumer, metadata: new Map() },
      async ({ data }) => {
        await turns();
        if (life !== this.#life) return await new Promise(() => undefined);
        if (failures++ < fails) throw new Error("not yet");
        this.consumed.get(consumer)?.push(new TextDecoder().decode(data));
      },
    );
    this.#subscriptions.push(subscription);
  }

  async finish(): Promise<void> {
    for (const [consumer, got] of this.consumed) {
      await this.subscribe(consumer, 0);
      for (let i = 0; i < 300 && new Set(got).size < this.published.length; i++) {
        await this.#browser.pass(500);
      }
    }
    await this.#browser.pass(2_000);
  }
}

describe("pubsub.browser", () => {
  it.each([
    ["in a service worker", true],
    ["in page mode", false],
  ])(
    "loses nothing, repeats only what a killed worker had in hand, and keeps partitions in order, %s",
    async (_where, serviceWorker) => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 30, size: "max" }), async (steps) => {
          const browser = new SimulatedBrowser(serviceWorker, turns);
          try {
            const history = new History(browser);
            for (const one of steps) await history.run(one);
            await history.finish();
            for (const got of history.consumed.values()) {
              expect([...new Set(got)].sort()).toEqual(history.published.map(({ text }) => text).sort());
              if (!history.killed) expect(got).toHaveLength(history.published.length);
              for (const lane of ["x", "y"]) {
                const wanted = history.published
                  .filter((event) => event.lane === lane)
                  .map(({ text }) => text);
                const firsts = [...new Set(got)].filter((text) => wanted.includes(text));
                expect(firsts).toEqual(wanted);
              }
            }
          } finally {
            await browser.stop();
          }
        }),
        { numRuns: 60 },
      );
    },
    120_000,
  );
});
