import fc from "fast-check";
import { describe, expect, it } from "vitest";
import * as yaml from "yaml";
import { compileRouting } from "../../host/subscriptions/routing.ts";
import { sidecar, type TestSidecar } from "./sidecar.ts";

const list = (on: TestSidecar) => on.runtime.sidecar.subscriptions.list();
const complaints = (on: TestSidecar) => on.logged.filter((line) => /^(warn|error)/.test(line));

const orders = (rest: object = {}) => ({
  pubsubname: "messagebus",
  topic: "orders",
  routes: {
    rules: [
      { match: 'event.type == "order.cancelled"', path: "/cancelled" },
      { match: "event.data.total > 100", path: "/large" },
      { match: "has(event.data.gift) && event.data.gift", path: "/gifts" },
    ],
    default: "/orders",
  },
  ...rest,
});
const without = (rest: object = {}) => ({ ...orders(rest), routes: { rules: orders().routes.rules } });
const dead = { pubsubname: "messagebus", topic: "dead", route: "/dead" };
const paths = (on: TestSidecar) => on.got.map(({ path }) => path);

describe("routing by content", () => {
  it.each([
    [{ total: 5 }, "", "/orders"],
    [{ total: 500 }, "", "/large"],
    [{ total: 500, gift: true }, "", "/large"],
    [{ total: 5, gift: true }, "", "/gifts"],
    [{ total: 500 }, "?metadata.cloudevent.type=order.cancelled", "/cancelled"],
  ])("%j%s goes to %s", async (data, query, path) => {
    const on = await sidecar({ subscriptions: [orders()] });
    await on.publish(`messagebus/orders${query}`, JSON.stringify(data));
    await on.until("the event", () => on.got.length > 0);
    expect(paths(on)).toEqual([path]);
    expect(on.got[0]?.event.data).toEqual(data);
  });

  it("lists the rules in metadata", async () => {
    const on = await sidecar({ subscriptions: [orders()] });
    expect(list(on)[0]?.rules).toEqual([...orders().routes.rules, { path: "/orders" }]);
  });

  it("passes over an event that no rule matches, which is done with then", async () => {
    const on = await sidecar({ subscriptions: [without()] });
    await on.publish("messagebus/orders", '{"total":1}');
    await on.publish("messagebus/orders", '{"total":1000}');
    await on.clock.advance(120_000);
    expect(paths(on)).toEqual(["/large"]);
    expect(complaints(on)).toEqual([]);
  });

  it("puts it on the dead-letter topic where there is one, as it was", async () => {
    const on = await sidecar({ subscriptions: [without({ deadLetterTopic: "dead" }), dead] });
    await on.publish("messagebus/orders?metadata.cloudevent.id=e1", '{"total":1}');
    await on.until("the letter", () => on.got.length === 1);
    expect(on.got[0]).toMatchObject({
      path: "/dead",
      event: { id: "e1", topic: "orders", data: { total: 1 } },
    });
    await on.clock.advance(120_000);
    expect(on.got).toHaveLength(1);
  });

  it.each([
    ["a member that is not there", "event.data.nothing == 1"],
    ["a result that is no boolean", "event.data.total"],
    ["types that do not compare", 'event.data.total > "5"'],
  ])("delivers again, and to nobody meanwhile, what a rule cannot decide: %s", async (_, match) => {
    const routes = { rules: [{ match, path: "/1" }], default: "/2" };
    const on = await sidecar({ subscriptions: [{ ...orders(), routes }] });
    await on.publish("messagebus/orders", '{"total":1}');
    await on.clock.advance(10_000);
    expect(on.got).toEqual([]);
    expect(complaints(on)).toEqual([expect.stringContaining(`the rule ${JSON.stringify(match)} failed`)]);
    const lettered = await sidecar({
      subscriptions: [{ ...orders({ deadLetterTopic: "dead" }), routes }, dead],
    });
    await lettered.publish("messagebus/orders", '{"total":1}');
    await lettered.until("the letter", () => lettered.got.length === 1);
    expect(paths(lettered)).toEqual(["/dead"]);
  });

  it("an invalid rule costs the app's whole list, and the log names it and why; what is declared stays", async () => {
    const on = await sidecar({
      components: [
        "kind: Component\nmetadata: {name: messagebus}\nspec: {type: pubsub.in-memory, version: v1}\n",
        yaml.stringify({
          apiVersion: "dapr.io/v2alpha1",
          kind: "Subscription",
          metadata: { name: "fine" },
          spec: { pubsubname: "messagebus", topic: "declared", routes: { default: "/declared" } },
        }),
        yaml.stringify({
          apiVersion: "dapr.io/v2alpha1",
          kind: "Subscription",
          metadata: { name: "broken" },
          spec: {
            pubsubname: "messagebus",
            topic: "broken",
            routes: { rules: [{ match: "event.type = 1", path: "/x" }] },
          },
        }),
      ].join("---\n"),
      subscriptions: [
        dead,
        {
          ...dead,
          topic: "x",
          routes: { rules: [{ match: "evnt.type == 'a'", path: "/x" }], default: "/y" },
        },
      ],
    });
    expect(list(on).map(({ topic }) => topic)).toEqual(["declared"]);
    expect(complaints(on)).toEqual([
      expect.stringMatching(
        /Subscription broken \(.*document 3\): the rule "event.type = 1" is invalid: .*left out/,
      ),
      expect.stringMatching(
        /the app's subscription to topic x: the rule "evnt.type == 'a'" is invalid: Unknown variable: evnt; none of/,
      ),
    ]);
  });

  it("decides about a raw event by the envelope around it", async () => {
    const rules = [{ match: 'event.data_base64 == "aGk=" && event.topic == "orders"', path: "/hi" }];
    const on = await sidecar({
      subscriptions: [{ ...orders({ metadata: { rawPayload: "true" } }), routes: { rules, default: "/d" } }],
    });
    await on.publish("messagebus/orders?metadata.rawPayload=true", "hi", ["content-type", "text/plain"]);
    await on.publish("messagebus/orders?metadata.rawPayload=true", "ho", ["content-type", "text/plain"]);
    await on.until("both", () => on.got.length === 2);
    expect(paths(on)).toEqual(["/hi", "/d"]);
  });

  it("drops what has expired without asking the rules", async () => {
    const on = await sidecar({ subscriptions: [orders({ deadLetterTopic: "dead" }), dead] });
    await on.publish("messagebus/orders?metadata.ttlInSeconds=0", "{}");
    await on.clock.advance(1_000);
    expect(on.logged.filter((line) => line.includes("dead-letter topic dead: it has expired"))).toHaveLength(
      1,
    );
    expect(on.got).toEqual([]);
  });
});

describe("where the rule language was left out", () => {
  it("a subscription with rules is refused with what to do, and one without them is not", async () => {
    await expect(compileRouting([{ match: "true", path: "/x" }], undefined)).rejects.toThrow(
      /rule language was left out.*rules: celRules/,
    );
    const { route } = await compileRouting([{ path: "/x" }], undefined);
    expect(route(() => expect.fail("nothing looks at it"))).toBe("/x");
  });
});

describe("whatever rules and events there are", () => {
  it("an event is delivered, passed over or kept, and the sidecar goes on", async () => {
    const word = fc.constantFrom(
      ...[
        "event",
        ".data",
        ".a",
        "[0]",
        "[",
        "]",
        "(",
        ")",
        " == ",
        " && ",
        " > ",
        "1",
        "1.5",
        '"x"',
        "true",
      ],
      ...[
        "has(",
        ".exists(x, ",
        ".matches('a+')",
        ".size()",
        "!",
        "?",
        ":",
        "null",
        "{",
        "}",
        " in ",
        "-",
        "\\",
        "\u0000",
      ],
    );
    const rule = fc.oneof(
      fc.array(word, { maxLength: 12 }).map((words) => words.join("")),
      fc.string({ maxLength: 40 }),
    );
    await fc.assert(
      fc.asyncProperty(rule, fc.json({ maxDepth: 4 }), async (match, data) => {
        const on = await sidecar({
          subscriptions: [{ ...orders(), routes: { rules: [{ match, path: "/1" }], default: "/2" } }],
        });
        expect((await on.publish("messagebus/orders", data)).status).toBe(204);
        await on.clock.advance(3_000);
        expect(on.got.length).toBeLessThanOrEqual(1);
        expect((await on.send("GET", "/v1.0/healthz")).status).toBe(204);
        expect(on.logged.filter((line) => line.includes("is not a function"))).toEqual([]);
        await on.stop();
      }),
      { numRuns: Number(process.env.FUZZ_RUNS ?? 150) },
    );
  });
});
