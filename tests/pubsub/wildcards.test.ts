import { describe, expect, it } from "vitest";
import { inMemoryPubSub } from "../../host/components/pubsub/in-memory.ts";
import { covers } from "../../host/components/pubsub/wildcard.ts";
import { createRuntime } from "../../host/node/create-runtime.ts";
import { component, sidecar, type TestSidecar } from "./sidecar.ts";

const all = (rest: object = {}) => ({ pubsubname: "messagebus", topic: "*", route: "/all", ...rest });
const complaints = (on: TestSidecar) => on.logged.filter((line) => /^(warn|error)/.test(line));

async function arrivals(on: TestSidecar, ...topics: string[]): Promise<unknown[]> {
  for (const topic of topics) await on.publish(`messagebus/${topic}`, "1");
  await on.clock.advance(2_000);
  return on.got.map(({ event }) => event.topic);
}

describe("wildcards", () => {
  it.each([
    ["foo*", "foobar", true],
    ["foo*", "foo/bar", true],
    ["foo*", "foo", false],
    ["*", "x", true],
    ["a/*", "a/b/c", true],
    ["a/*", "ab", false],
    ["a*b", "axb", false],
    ["t", "t", true],
  ])("%s stands for %s: %j", (pattern, topic, expected) => {
    expect(covers(pattern, topic)).toBe(expected);
  });

  it("hand the app each event with its own topic, one by one and in bulk", async () => {
    const on = await sidecar({ subscriptions: [all({ topic: "orders/*" })] });
    expect(await arrivals(on, "orders/1", "orders/2/x", "orders", "other")).toEqual([
      "orders/1",
      "orders/2/x",
    ]);
    const bulkSubscribe = { enabled: true, maxMessagesCount: 2 };
    const bulk = await sidecar({ subscriptions: [all({ bulkSubscribe })] });
    await bulk.publish("messagebus/a", "1");
    await bulk.publish("messagebus/b", "2");
    await bulk.clock.advance(0);
    const entries = bulk.got[0]?.event.entries as { event: { topic: string } }[];
    expect(entries.map(({ event }) => event.topic)).toEqual(["a", "b"]);
  });

  it.each([
    ["protected topics", { protectedTopics: "secret,vault/*" }, ["a"]],
    ["its scopes", { subscriptionScopes: "a=a,*" }, ["a", "secret", "vault/1"]],
    [
      "protected topics that its scopes open",
      { protectedTopics: "secret", subscriptionScopes: "a=*" },
      ["a", "secret", "vault/1"],
    ],
    ["allowed topics", { allowedTopics: "*,a" }, ["a", "secret", "vault/1"]],
  ])("open no more than the app may subscribe to by name: %s", async (_, metadata, expected) => {
    const components = [component("messagebus", { publishingScopes: "a=*", ...metadata })];
    const on = await sidecar({ components, subscriptions: [all()] });
    expect(await arrivals(on, "a", "secret", "vault/1")).toEqual(expected);
    expect(complaints(on)).toEqual([]);
  });

  it.each([
    ["scopes", { subscriptionScopes: "a=a" }],
    ["allowed topics", { allowedTopics: "a,b" }],
  ])("are refused where %s name topics and not the wildcard", async (_, metadata) => {
    const on = await sidecar({ components: [component("messagebus", metadata)], subscriptions: [all()] });
    expect(await arrivals(on, "a")).toEqual([]);
    expect(complaints(on)).toEqual([expect.stringContaining("topic * of pub/sub messagebus is not allowed")]);
  });

  it("are refused where the component has none, by the component's name and type", async () => {
    const logged: string[] = [];
    const quiet = () => undefined;
    const runtime = await createRuntime({
      components: [component("messagebus")],
      registry: { pubsub: [{ ...inMemoryPubSub(), features: ["OUTCOME"] }] },
      app: (request) =>
        new URL(request.url).pathname === "/dapr/subscribe" ? Response.json([all()]) : new Response(),
      log: { debug: quiet, info: quiet, warn: quiet, error: (message) => void logged.push(message) },
    });
    expect(logged).toEqual([
      "the app's subscription to topic *: pub/sub messagebus (pubsub.in-memory) has no wildcards; name each topic by itself",
    ]);
    await runtime.stop();
  });

  it("do not cross namespaces", async () => {
    const on = await sidecar({
      components: [component("messagebus", { consumerID: "{namespace}" })],
      subscriptions: [all()],
    });
    expect(await arrivals(on, "a")).toEqual([]);
    expect(complaints(on)).toEqual([expect.stringContaining("keeps namespaces apart")]);
  });

  it("do not get their own dead letters for ever", async () => {
    const on = await sidecar({
      subscriptions: [all({ deadLetterTopic: "dead" })],
      app: () => ({ status: 404 }),
    });
    expect(await arrivals(on, "a")).toEqual(["a"]);
    expect(complaints(on)[0]).toContain("names a topic for its dead letters that it gets itself");
  });
});
