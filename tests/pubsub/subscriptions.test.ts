import { describe, expect, it } from "vitest";
import { ComponentError } from "../../host/errors/component-error.ts";
import { text } from "../../host/http.ts";
import { component, sidecar, type TestSidecar } from "./sidecar.ts";

const list = (on: TestSidecar) => on.runtime.sidecar.subscriptions.list();
const complaints = (on: TestSidecar) => on.logged.filter((line) => /^(warn|error)/.test(line));

/** Subscribes, publishes to topic `t`, and answers where the event arrived. */
async function arrivals(...subscriptions: unknown[]): Promise<string[]> {
  const on = await sidecar({ subscriptions });
  await on.publish("messagebus/t", "1");
  await on.clock.advance(5_000);
  return on.got.map(({ path, query }) => (query === "" ? path : `${path}?${query}`));
}

describe("routes", () => {
  const t = { pubsubname: "messagebus", topic: "t" };
  it.each([
    ["route", { ...t, route: "/r" }, "/r"],
    ["a route without a slash", { ...t, route: "A" }, "/A"],
    ["a route with a query and a space", { ...t, route: "r/x y?z=1" }, "/r/x%20y?z=1"],
    ["routes.default", { ...t, routes: { default: "/d" } }, "/d"],
    ["routes.default before route", { ...t, route: "/r", routes: { default: "/d" } }, "/d"],
    [
      "a rule without a match before the default",
      { ...t, routes: { rules: [{ path: "/1" }], default: "/d" } },
      "/1",
    ],
    ["a rule with a blank match", { ...t, routes: { rules: [{ match: " ", path: "/1" }] } }, "/1"],
    ["names as the .NET SDK writes them", { pubsubName: "messagebus", Topic: "t", Route: "/n" }, "/n"],
  ])("%s", async (_, subscription, expected) => {
    expect(await arrivals(subscription)).toEqual([expected]);
  });

  it("the last of two for one topic wins", async () => {
    expect(await arrivals({ ...t, route: "/1" }, { ...t, route: "/2" })).toEqual(["/2"]);
  });

  it("lists what is subscribed, as /v1.0/metadata shows it", async () => {
    const on = await sidecar({
      subscriptions: [
        { ...t, route: "A", metadata: { foo: "bar" }, deadLetterTopic: "dead" },
        {
          pubsubname: "messagebus",
          topic: "u",
          routes: { rules: [{ match: "", path: "/1" }], default: "/2" },
        },
      ],
    });
    expect(list(on)).toEqual([
      {
        pubsubname: "messagebus",
        topic: "t",
        metadata: { foo: "bar" },
        rules: [{ path: "A" }],
        deadLetterTopic: "dead",
        type: "PROGRAMMATIC",
      },
      {
        pubsubname: "messagebus",
        topic: "u",
        rules: [{ path: "/1" }, { path: "/2" }],
        deadLetterTopic: "",
        type: "PROGRAMMATIC",
      },
    ]);
    const { json } = await on.send("GET", "/v1.0/metadata");
    expect(json.subscriptions).toEqual(list(on));
  });
});

describe("an entry that cannot be used is left out with a sentence, and the others stay", () => {
  const good = { pubsubname: "messagebus", topic: "t", route: "/t" };
  it.each([
    ["no object", 5, "is no object"],
    ["no topic", { pubsubname: "messagebus", route: "/x" }, "names no topic"],
    ["no route", { pubsubname: "messagebus", topic: "x" }, "has no route"],
    ["an unknown pub/sub", { pubsubname: "__proto__", topic: "x", route: "/x" }, "is not loaded"],
    ["rawPayload of yes", { ...good, topic: "x", metadata: { rawPayload: "yes" } }, "rawPayload"],
    ["a topic that is closed to it", { ...good, topic: "closed" }, "is not allowed for app id a"],
  ])("%s", async (_, entry, sentence) => {
    const components = [component("messagebus", { subscriptionScopes: "a=t,x" })];
    const on = await sidecar({ components, subscriptions: [entry, good] });
    expect(list(on).map(({ topic }) => topic)).toEqual(["t"]);
    expect(complaints(on)).toHaveLength(1);
    expect(complaints(on)[0]).toContain(sentence);
    await on.publish("messagebus/x", "1");
    await on.publish("messagebus/t", "1");
    await on.until("the good one", () => on.got.length === 1);
  });

  it("one without pubsubname, in strict mode", async () => {
    const on = await sidecar({ strict: true, subscriptions: [{ topic: "x", route: "/x" }, good] });
    expect(list(on).map(({ topic }) => topic)).toEqual(["t"]);
    expect(complaints(on)[0]).toContain("has no pubsubname");
  });
});

describe("an answer to GET /dapr/subscribe", () => {
  const answered = async (status: number, body: string) => {
    const on = await sidecar({ subscriptions: () => text(body, status) });
    await on.runtime.appReady;
    return on;
  };

  it.each([
    [404, "nothing here"],
    [200, ""],
    [200, "[]"],
    [200, "null"],
    [204, ""],
  ])("%i %j means none", async (status, body) => {
    const on = await answered(status, body);
    expect(list(on)).toEqual([]);
    expect(complaints(on)).toEqual([]);
    expect((await on.send("GET", "/v1.0/healthz")).status).toBe(204);
  });

  it.each([
    [500, "[]"],
    [200, "{bad"],
    [200, '{"topic":"t"}'],
    [302, ""],
  ])("%i %j is logged and taken for none", async (status, body) => {
    const on = await answered(status, body);
    expect(list(on)).toEqual([]);
    expect(complaints(on)).toHaveLength(1);
    expect(complaints(on)[0]).toContain("/dapr/subscribe");
    expect((await on.send("GET", "/v1.0/healthz")).status).toBe(204);
  });

  it("that takes all subscriptions back is told of, and what is published meanwhile waits", async () => {
    let answers = '[{"pubsubname":"messagebus","topic":"t","route":"/t"}]';
    const on = await sidecar({ subscriptions: () => text(answers) });
    await on.runtime.appReady;
    const { subscriptions } = on.runtime.sidecar;
    const wanted = answers;
    answers = "[]";
    await subscriptions.start();
    expect(list(on)).toEqual([]);
    expect(complaints(on)).toEqual([expect.stringContaining("subscribes to nothing any more")]);
    await on.publish("messagebus/t", "1");
    await on.clock.advance(60_000);
    expect(on.got).toEqual([]);
    answers = wanted;
    await subscriptions.start();
    await on.until("the event", () => on.got.length === 1);
  });

  it("at every truncation of a valid list leaves the sidecar standing", async () => {
    const whole = JSON.stringify([
      { pubsubname: "messagebus", topic: "t", route: "/t", metadata: { a: "é" } },
    ]);
    const bytes = new TextEncoder().encode(whole);
    for (let length = 1; length < bytes.length; length++) {
      const on = await sidecar({
        subscriptions: () => ({ status: 200, headers: [], body: bytes.slice(0, length) }),
      });
      await on.runtime.appReady;
      expect(list(on)).toEqual([]);
      expect(complaints(on)).toHaveLength(1);
      await on.stop();
    }
  });
});

describe("a broker that refuses a subscription", () => {
  it("is asked again until it accepts", async () => {
    const on = await sidecar({ subscriptions: () => text("[]") });
    await on.runtime.appReady;
    const { component: broker } = on.runtime.sidecar.components.pubsub.get("messagebus") ?? {};
    if (broker === undefined) throw new Error("messagebus is not open");
    const subscribe = broker.subscribe.bind(broker);
    let attempts = 0;
    broker.subscribe = (request, handler) => {
      if (++attempts < 4) return Promise.reject(new ComponentError("UNAVAILABLE", "the broker is away"));
      return subscribe(request, handler);
    };
    const other = { pubsubname: "messagebus", topic: "t", route: "/t" };
    const again = on.runtime.sidecar.subscriptions;
    Object.assign(on.runtime.sidecar.app ?? {}, {
      invoke: async () => text(JSON.stringify([other])),
    });
    await again.start();
    expect(list(on)).toEqual([]);
    await on.until("the subscription", () => list(on).length === 1);
    expect(attempts).toBe(4);
    expect(complaints(on)[0]).toContain("the broker is away");
  });
});
