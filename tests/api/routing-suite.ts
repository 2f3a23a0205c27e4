import { describe, expect, test } from "vitest";
import type { Subject } from "../hosts/subject.ts";
import { accepted, event, pubsubCalls } from "./pubsub-calls.ts";
import { routedSubscriptions } from "./routed-subscriptions.ts";

/** Rules in CEL: dapr-http-api §2.1. */
export function routingSuite(on: Subject): void {
  const { delivered, publish } = pubsubCalls(on);
  const publishWith = async (topic: string, data: object, query = "") => {
    const mark = on.key();
    accepted(await publish(topic, JSON.stringify({ mark, ...data }), "application/json", query));
    return mark;
  };
  const everywhere = ["special", "large", "named", "rest", "only"].map((name) => `/events/content-${name}`);
  const pathsOf = async (mark: string) => {
    const found: string[] = [];
    for (const path of everywhere) {
      const seen = await on.app.recorded(path);
      if (seen.some(({ text }) => text.includes(mark))) found.push(path);
    }
    return found;
  };

  describe("rules of a subscription", () => {
    test.each([
      [{ n: 9 }, "?metadata.cloudevent.type=special", "/events/content-special"],
      [{ n: 9 }, "", "/events/content-large"],
      [{ n: 5, name: "abc" }, "", "/events/content-named"],
      [{ n: 5, name: "abd" }, "", "/events/content-rest"],
    ])("%j%s is posted to %3$s alone", async (data, query, path) => {
      const mark = await publishWith("content", data, query);
      expect(event((await delivered(path, mark))[0]).data).toEqual({ mark, ...data });
      expect(await pathsOf(mark)).toEqual([path]);
    });

    test("what no rule matches is passed over", async () => {
      const small = await publishWith("content-only", { n: 1 });
      const large = await publishWith("content-only", { n: 6 });
      await delivered("/events/content-only", large);
      expect(await pathsOf(small)).toEqual([]);
    });

    test("what no rule matches is a dead letter where there is a topic for them", async () => {
      const mark = await publishWith("content-lettered", { n: 1 });
      expect(event((await delivered("/events/letters", mark))[0])).toMatchObject({
        topic: "content-lettered",
      });
      expect(await pathsOf(mark)).toEqual([]);
    });

    test("what a rule cannot decide is one as well", async () => {
      const mark = await publishWith("content", { n: 1 });
      await delivered("/events/letters", mark);
      expect(await pathsOf(mark)).toEqual([]);
    });

    test("metadata list the rules in their order", async () => {
      const { subscriptions } = (await on.fetch("/v1.0/metadata")).json as {
        subscriptions: { topic: string; rules: unknown }[];
      };
      const [{ routes, topic }] = routedSubscriptions;
      expect(subscriptions.find((one) => one.topic === topic)?.rules).toEqual([
        ...routes.rules,
        { path: routes.default },
      ]);
    });
  });
}
