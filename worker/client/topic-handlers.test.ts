import { describe, expect, it, vi } from "vitest";
import { type EventHandler, type SubscribeOptions, TopicHandlers } from "./topic-handlers.ts";

const event = { id: "1", data: { n: 1 } };
const body = () => new TextEncoder().encode(JSON.stringify(event));

async function statusOf(
  handlers: TopicHandlers,
  topic: string,
  options: SubscribeOptions = {},
): Promise<unknown> {
  const answer = await handlers.answer(TopicHandlers.routeOf(topic, options), body());
  if (answer?.status !== 200) return answer?.status;
  return JSON.parse(new TextDecoder().decode(answer.body as Uint8Array)).status;
}

describe("topics that are subscribed to by functions", () => {
  const outcomes: [string, EventHandler, string][] = [
    ["nothing", () => undefined, "SUCCESS"],
    ["a promise of nothing", async () => undefined, "SUCCESS"],
    ["RETRY", () => "RETRY", "RETRY"],
    ["DROP", async () => "DROP" as const, "DROP"],
    ["SUCCESS", () => "SUCCESS", "SUCCESS"],
    ["an exception", () => expect.fail("no"), "RETRY"],
    ["a rejection", () => Promise.reject(new Error("no")), "RETRY"],
  ];
  it.each(outcomes)("a handler that answers %s", async (_, handler, status) => {
    vi.spyOn(console, "error").mockImplementation(() => undefined);
    const topics = new TopicHandlers();
    topics.add("orders", handler, {});
    expect(await statusOf(topics, "orders")).toBe(status);
    vi.restoreAllMocks();
  });

  it("gives each handler of a topic the event; one that wants it again gets it again for all", async () => {
    const topics = new TopicHandlers();
    const seen: unknown[] = [];
    const handler: EventHandler = (given) => void seen.push(given);
    topics.add("a/b c", handler, { pubsubname: "bus" });
    topics.add("a/b c", handler, { pubsubname: "bus" });
    expect(await statusOf(topics, "a/b c", { pubsubname: "bus" })).toBe("SUCCESS");
    expect(seen).toEqual([event, event]);
    topics.add("a/b c", () => "DROP", { pubsubname: "bus" });
    expect(await statusOf(topics, "a/b c", { pubsubname: "bus" })).toBe("DROP");
    topics.add("a/b c", () => "RETRY", { pubsubname: "bus" });
    expect(await statusOf(topics, "a/b c", { pubsubname: "bus" })).toBe("RETRY");
  });

  it("forgets a topic with its last handler, and lets another tab have what it does not know", async () => {
    const topics = new TopicHandlers();
    const [one, two] = [topics.add("t", () => undefined, {}), topics.add("t", () => undefined, {})];
    one();
    one();
    expect([topics.empty, await statusOf(topics, "t")]).toEqual([false, "SUCCESS"]);
    two();
    expect([topics.empty, await statusOf(topics, "t")]).toEqual([true, 503]);
    expect(topics.answer("/orders", body())).toBeUndefined();
  });

  it("subscribes to each topic once, as the first handler asked", () => {
    const topics = new TopicHandlers();
    topics.add("t", () => undefined, {
      appId: "x",
      deadLetterTopic: "dead",
      metadata: { rawPayload: "true" },
    });
    topics.add("t", () => undefined, {});
    topics.add("t", () => undefined, { pubsubname: "other" });
    expect(topics.entries).toEqual([
      { topic: "t", deadLetterTopic: "dead", metadata: { rawPayload: "true" }, route: "/daprlet/topics/t" },
      { topic: "t", pubsubname: "other", route: "/daprlet/topics/other/t" },
    ]);
  });
});
