import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AppUnreachableError } from "../../host/channel/app-channel.ts";
import { type App, type Delivered, sidecar, type TestSidecar } from "./sidecar.ts";

const subscription = (rest: object = {}, bulk: object = {}) => ({
  pubsubname: "messagebus",
  topic: "t",
  route: "/t",
  bulkSubscribe: { enabled: true, maxMessagesCount: 4, maxAwaitDurationMs: 500, ...bulk },
  ...rest,
});
const dead = { pubsubname: "messagebus", topic: "dead", route: "/dead" };

interface Entry {
  readonly entryId: string;
  readonly event: { readonly data: number };
}
const entriesOf = ({ event }: Delivered) => event.entries as readonly Entry[];
const dataOf = (delivered: Delivered) => entriesOf(delivered).map(({ event }) => event.data);
/** Answers each entry as `status` says. */
const answering =
  (status: (data: number) => string | undefined): App =>
  (delivered) => {
    if (delivered.path === "/dead") return undefined;
    const statuses = entriesOf(delivered).map(({ entryId, event }) => ({
      entryId,
      status: status(event.data),
    }));
    return { status: 200, body: JSON.stringify({ statuses }) };
  };
const success = answering(() => "SUCCESS");

async function publish(on: TestSidecar, from: number, to: number, query = ""): Promise<void> {
  for (let n = from; n <= to; n++) await on.publish(`messagebus/t${query}`, String(n));
}

describe("events are put together", () => {
  it("up to maxMessagesCount, and what is left after maxAwaitDurationMs", async () => {
    const on = await sidecar({ subscriptions: [subscription()], app: success });
    await publish(on, 1, 10);
    await on.clock.advance(0);
    expect(on.got.map(dataOf)).toEqual([
      [1, 2, 3, 4],
      [5, 6, 7, 8],
    ]);
    await on.clock.advance(499);
    expect(on.got).toHaveLength(2);
    await on.clock.advance(1);
    expect(on.got.map(dataOf)[2]).toEqual([9, 10]);
    await on.clock.advance(120_000);
    expect(on.got).toHaveLength(3);
  });

  it("with what only a lenient reader takes for JSON, at no cost to those beside it", async () => {
    const on = await sidecar({ subscriptions: [subscription()], app: success });
    const bytes = (mark: readonly number[], letter: number) => {
      const text = new TextEncoder().encode('{"id":"1","data":"?"}');
      return new Uint8Array([...mark, ...text.map((byte) => (byte === 0x3f ? letter : byte))]);
    };
    await on.publish("messagebus/t?metadata.rawPayload=true", bytes([0xef, 0xbb, 0xbf], 0x61));
    await on.publish("messagebus/t?metadata.rawPayload=true", bytes([], 0xff));
    await publish(on, 1, 2);
    await on.clock.advance(0);
    expect(on.got.map(dataOf)).toEqual([["a", "\ufffd", 1, 2]]);
  });

  it.each([
    [{}, 100, 1_000],
    [{ maxMessagesCount: 0, maxAwaitDurationMs: 0 }, 100, 1_000],
    [{ maxMessagesCount: "7", maxAwaitDurationMs: -1 }, 100, 1_000],
    [{ maxMessagesCount: 7, maxAwaitDurationMs: 50 }, 7, 50],
  ])("%j means %i and %i ms", async (bulk, count, ms) => {
    const bulkSubscribe = { enabled: true, ...bulk };
    const on = await sidecar({ subscriptions: [{ ...subscription(), bulkSubscribe }], app: success });
    await publish(on, 1, count + 1);
    await on.clock.advance(0);
    expect(on.got.map((one) => entriesOf(one).length)).toEqual([count]);
    await on.clock.advance(ms - 1);
    expect(on.got).toHaveLength(1);
    await on.clock.advance(1);
    expect(on.got).toHaveLength(2);
  });

  it("not where it is not enabled", async () => {
    const on = await sidecar({ subscriptions: [subscription({}, { enabled: false })] });
    await publish(on, 1, 2);
    await on.until("both", () => on.got.length === 2);
    expect(on.got.map(({ event }) => event.data)).toEqual([1, 2]);
  });

  it("one of each partition at a time, so that its order holds", async () => {
    const on = await sidecar({ subscriptions: [subscription()], app: success });
    await publish(on, 1, 3, "?metadata.partitionKey=a");
    await publish(on, 11, 12, "?metadata.partitionKey=b");
    await on.clock.advance(10_000);
    expect(on.got.map(dataOf)).toEqual([[1, 11], [2, 12], [3]]);
  });

  it("and handed over at once when the sidecar stops", async () => {
    const on = await sidecar({ subscriptions: [subscription()], app: success });
    await publish(on, 1, 2);
    await on.clock.advance(0);
    expect(on.got).toEqual([]);
    await on.stop();
    expect(on.got.map(dataOf)).toEqual([[1, 2]]);
  });
});

describe("each entry is settled by its own status", () => {
  it("what is to come again comes again, and nothing else", async () => {
    const failing = new Map([
      [1, "RETRY"],
      [2, "LATER"],
      [3, undefined],
    ]);
    const on = await sidecar({
      subscriptions: [subscription()],
      app: answering((data) => (on.got.length === 1 && failing.has(data) ? failing.get(data) : "SUCCESS")),
    });
    await publish(on, 0, 3);
    await on.clock.advance(20_000);
    expect(on.got.map(dataOf)[0]).toEqual([0, 1, 2, 3]);
    expect(on.got.slice(1).flatMap(dataOf).sort()).toEqual([1, 2, 3]);
  });

  it("DROP is a dead letter by itself, or gone without a topic for them", async () => {
    const app = answering((data) => (data === 2 ? "DROP" : "SUCCESS"));
    const on = await sidecar({ subscriptions: [subscription({ deadLetterTopic: "dead" }), dead], app });
    await publish(on, 1, 4);
    await on.until("the letter", () => on.got.some(({ path }) => path === "/dead"));
    expect(on.got.filter(({ path }) => path === "/dead").map(({ event }) => event.data)).toEqual([2]);
    const without = await sidecar({ subscriptions: [subscription()], app });
    await publish(without, 1, 4);
    await without.clock.advance(120_000);
    expect(without.got).toHaveLength(1);
  });

  it.each([
    ["404", { status: 404 }, false],
    ["500", { status: 500 }, true],
    ["200 without a body", { status: 200 }, true],
    ["200 and no JSON", { status: 200, body: "fine" }, true],
    ["200 and another object", { status: 200, body: '{"status":"SUCCESS"}' }, true],
  ])("%s stands for all of them", async (_, answer, again) => {
    const on = await sidecar({
      subscriptions: [subscription()],
      app: (delivered) => (on.got.length === 1 ? answer : success(delivered)),
    });
    await publish(on, 1, 4);
    await on.clock.advance(20_000);
    expect(on.got.slice(1).flatMap(dataOf).sort()).toEqual(again ? [1, 2, 3, 4] : []);
  });

  it("an app that cannot be reached costs none of them, nor dead-letters it", async () => {
    const on = await sidecar({
      subscriptions: [subscription({ deadLetterTopic: "dead" }), dead],
      app: (delivered) => {
        if (on.got.length < 3) throw new AppUnreachableError("it is away");
        return success(delivered);
      },
    });
    await publish(on, 1, 4);
    await on.clock.advance(60_000);
    expect(on.got.filter(({ path }) => path === "/dead")).toEqual([]);
    expect(on.got.slice(2).flatMap(dataOf).sort()).toEqual([1, 2, 3, 4]);
  });

  it("what has expired, or is no CloudEvent, is in no request and keeps nothing else from it", async () => {
    const on = await sidecar({
      subscriptions: [subscription({ deadLetterTopic: "dead" }), dead],
      app: success,
    });
    await publish(on, 1, 1, "?metadata.ttlInSeconds=0");
    await on.publish("messagebus/t?metadata.rawPayload=true", "no JSON");
    await publish(on, 2, 3);
    await on.clock.advance(1_000);
    expect(on.got.filter(({ path }) => path === "/t").map(dataOf)).toEqual([[2, 3]]);
    expect(on.logged.filter((line) => line.includes("dead-letter topic dead"))).toHaveLength(2);
  });
});

describe("whatever the app answers", () => {
  it("each event is consumed once in the end, and none is lost", async () => {
    const status = fc.constantFrom("SUCCESS", "RETRY", "", "x", undefined, 5, null);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(status, { maxLength: 6 }), { maxLength: 4 }), async (answers) => {
        const consumed: number[] = [];
        let call = 0;
        const on = await sidecar({
          subscriptions: [subscription()],
          app: (delivered) => {
            const planned = answers[call++];
            const statuses = entriesOf(delivered).map(({ entryId, event }, i) => {
              const given = planned === undefined ? "SUCCESS" : planned[i];
              if (given === "SUCCESS") consumed.push(event.data);
              return { entryId, status: given };
            });
            return { status: 200, body: JSON.stringify({ statuses }) };
          },
        });
        await publish(on, 1, 7);
        await on.clock.advance(300_000);
        expect(consumed.sort()).toEqual([1, 2, 3, 4, 5, 6, 7]);
        await on.stop();
      }),
      { numRuns: Number(process.env.FUZZ_RUNS ?? 50) },
    );
  });
});
