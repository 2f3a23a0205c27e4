import { describe, expect, it } from "vitest";
import { ComponentError } from "../../errors/component-error.ts";
import { FakeClock } from "../../fake-clock.ts";
import type { Platform } from "../../platform.ts";
import { maskOf } from "./mask.ts";
import type { FinishedSpan } from "./span-exporter.ts";
import { SpanQueue } from "./span-queue.ts";

function span(name: string): FinishedSpan {
  const ids = { traceId: "1".repeat(32), spanId: "2".repeat(16), parentId: undefined, tracestate: "" };
  const attributes = new Map([["url.full", "/secret"]]);
  return { ...ids, name, kind: "client", start: 0, end: 1, attributes, status: { code: "ok" } };
}

function setUp(answer: (batch: readonly FinishedSpan[]) => Promise<void>, mask = "") {
  const clock = new FakeClock();
  const batches: (readonly FinishedSpan[])[] = [];
  const said: string[] = [];
  const say = (message: string) => void said.push(message);
  const log = { debug: () => undefined, info: say, warn: say, error: say };
  let closed = false;
  const exporter = {
    async export(batch: readonly FinishedSpan[]) {
      batches.push(batch);
      await answer(batch);
    },
    async close() {
      closed = true;
    },
  };
  const queue = new SpanQueue("z", exporter, { clock, log } as unknown as Platform, maskOf(mask));
  return { clock, batches, said, queue, isClosed: () => closed };
}

const sizes = (batches: readonly (readonly FinishedSpan[])[]) => batches.map((batch) => batch.length);

describe("a queue of spans", () => {
  it("sends what came within a second together, and a full batch at once", async () => {
    const { clock, queue, batches } = setUp(async () => undefined);
    for (let i = 0; i < 3; i++) queue.add(span("a"));
    await clock.advance(999);
    expect(batches).toEqual([]);
    await clock.advance(1);
    expect(sizes(batches)).toEqual([3]);
    for (let i = 0; i < 512; i++) queue.add(span("a"));
    await clock.advance(0);
    expect(sizes(batches)).toEqual([3, 512]);
    expect(clock.pending).toBe(0);
  });

  it("keeps its spans while the collector is away, the newest 2,048 of them, and tells it once", async () => {
    let away = true;
    const { clock, queue, batches, said } = setUp(async () => {
      if (away) throw new ComponentError("UNAVAILABLE", "z answered 503");
    });
    for (let i = 0; i < 3_000; i++) queue.add(span(String(i)));
    await clock.advance(60_000);
    expect(said).toEqual(["exporter z keeps its spans and tries again: z answered 503"]);
    expect(batches.length).toBeLessThan(10);
    expect(queue.facts).toEqual(new Map([["spansLost", "952"]]));
    away = false;
    batches.length = 0;
    await clock.advance(31_000);
    expect(sizes(batches)).toEqual([512, 512, 512, 512]);
    expect(batches[0]?.[0]?.name).toBe("952");
    expect(said.at(-1)).toBe("exporter z is back; 952 spans were lost meanwhile");
  });

  it("gives up what the collector will never take", async () => {
    const { clock, queue, batches, said } = setUp(async () => {
      throw new ComponentError("INVALID_ARGUMENT", "z answered 400");
    });
    queue.add(span("a"));
    await clock.advance(60_000);
    expect(sizes(batches)).toEqual([1]);
    expect(said).toEqual(["exporter z lost 1 spans: z answered 400"]);
  });

  it("sends on after a batch that was first kept, and then given up", async () => {
    const answers = [
      new ComponentError("UNAVAILABLE", "z answered 503"),
      new ComponentError("UNAUTHENTICATED", "z answered 401"),
    ];
    const { clock, queue, batches } = setUp(async () => {
      const failure = answers.shift();
      if (failure !== undefined) throw failure;
    });
    queue.add(span("a"));
    await clock.advance(60_000);
    queue.add(span("b"));
    await clock.advance(60_000);
    expect(batches.map(([first]) => first?.name)).toEqual(["a", "a", "b"]);
  });

  it("never holds up who adds, nor the end for long", async () => {
    const { clock, queue, batches, said, isClosed } = setUp(() => new Promise(() => undefined));
    for (let i = 0; i < 600; i++) queue.add(span("a"));
    await clock.advance(5_000);
    expect(sizes(batches)).toEqual([512]);
    const closed = queue.close();
    await clock.advance(2_000);
    await closed;
    expect(isClosed()).toBe(true);
    expect(said).toEqual(["exporter z ends with 88 spans that it could not send"]);
  });

  it("sends what waits when it closes, and takes nothing more", async () => {
    const { queue, batches } = setUp(async () => undefined);
    for (let i = 0; i < 600; i++) queue.add(span("a"));
    await queue.close();
    queue.add(span("late"));
    expect(sizes(batches)).toEqual([512, 88]);
  });

  it("hides what its mask names", async () => {
    const { queue, batches } = setUp(async () => undefined, "URL.*");
    queue.add(span("a"));
    await queue.close();
    expect(batches[0]?.[0]?.attributes).toEqual(new Map([["url.full", "***"]]));
  });
});
