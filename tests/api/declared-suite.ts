import { describe, expect, test } from "vitest";
import type { Subject } from "../hosts/subject.ts";
import { accepted, event, pubsubCalls } from "./pubsub-calls.ts";

/**
 * What every host has as resources beside the app's own subscriptions: `declared/v1` and `/v2` in either form, `/twice`
 * declared twice, `plain` which the app subscribes to itself, and `/foreign` for another app.
 */
export const declaredSubscriptions: readonly string[] = [
  ["v1alpha1", "declared-v1", "declared/v1", "  route: /events/declared-v1"],
  ["v2alpha1", "declared-v2", "declared/v2", "  routes:\n    default: /events/declared-v2"],
  ["v1alpha1", "declared-twice-1", "declared/twice", "  route: /events/declared-first"],
  ["v1alpha1", "declared-twice-2", "declared/twice", "  route: /events/declared-second"],
  ["v1alpha1", "declared-plain", "plain", "  route: /events/declared-plain"],
  [
    "v1alpha1",
    "declared-foreign",
    "declared/foreign",
    "  route: /events/declared-foreign\nscopes:\n- somebody-else",
  ],
].map(
  ([version, name, topic, rest]) =>
    `apiVersion: dapr.io/${version}\nkind: Subscription\nmetadata:\n  name: ${name}\nspec:\n  pubsubname: messagebus\n  topic: ${topic}\n${rest}\n`,
);

interface Listed {
  readonly topic: string;
  readonly type: string;
  readonly rules: unknown;
}

/** Subscription resources: dapr-http-api §4.3. */
export function declaredSuite(on: Subject): void {
  const { delivered, publish } = pubsubCalls(on);
  const publishMark = async (topic: string) => {
    const mark = on.key();
    accepted(await publish(topic, JSON.stringify(mark), "application/json"));
    return mark;
  };
  const holds = async (path: string, mark: string) =>
    (await on.app.recorded(path)).some(({ text }) => text.includes(mark));

  describe("Subscription resources", () => {
    test.each([
      ["v1alpha1, with a route", "declared/v1", "/events/declared-v1"],
      ["v2alpha1, with routes", "declared/v2", "/events/declared-v2"],
    ])("%s", async (_, topic, path) => {
      const mark = await publishMark(topic);
      expect(event((await delivered(path, mark))[0])).toMatchObject({ data: mark, topic });
    });

    test("the first of two for one topic", async () => {
      const mark = await publishMark("declared/twice");
      await delivered("/events/declared-first", mark);
      expect(await holds("/events/declared-second", mark)).toBe(false);
    });

    test("the app's own before it", async () => {
      const mark = await publishMark("plain");
      await delivered("/events/plain", mark);
      expect(await holds("/events/declared-plain", mark)).toBe(false);
    });

    test("another app's is none of this one", async () => {
      const mark = await publishMark("declared/foreign");
      await new Promise((resolve) => setTimeout(resolve, 200));
      expect(await holds("/events/declared-foreign", mark)).toBe(false);
    });

    test("metadata tell them from the app's own", async () => {
      const { subscriptions } = (await on.fetch("/v1.0/metadata")).json as { subscriptions: Listed[] };
      const types = new Map(subscriptions.map(({ topic, type }) => [topic, type]));
      expect([types.get("declared/v1"), types.get("plain"), types.has("declared/foreign")]).toEqual([
        "DECLARATIVE",
        "PROGRAMMATIC",
        false,
      ]);
      expect(subscriptions.find(({ topic }) => topic === "declared/v2")?.rules).toEqual([
        { path: "/events/declared-v2" },
      ]);
    });
  });
}
