import { describe, expect, it } from "vitest";
import { AppUnreachableError } from "../../host/channel/app-channel.ts";
import { InMemoryBroker } from "../../host/components/pubsub/in-memory.ts";
import { FakeClock } from "../../host/fake-clock.ts";
import { type AppAnswer, component, sidecar, type TestSidecar } from "./sidecar.ts";

const plain = { pubsubname: "messagebus", topic: "t", route: "/t" };
const lettered = [
  { ...plain, deadLetterTopic: "dead" },
  { pubsubname: "messagebus", topic: "dead", route: "/dead" },
];

const paths = (on: TestSidecar) => on.got.map(({ path }) => path);
const numbers = (n: number) => Array.from({ length: n }, (_, i) => i);

describe("the app's answer", () => {
  const consumed: [string, AppAnswer][] = [
    ["nothing", { status: 200 }],
    ["204", { status: 204 }],
    ["202 with text", { status: 202, body: "thanks" }],
    ["{}", { status: 200, body: "{}" }],
    ["an empty status", { status: 200, body: '{"status":""}' }],
    ["SUCCESS", { status: 201, body: '{"status":"SUCCESS"}' }],
    ["a status that is no text", { status: 200, body: '{"status":5}' }],
    ["an array", { status: 200, body: '["RETRY"]' }],
    ["an inherited name", { status: 200, body: '{"__proto__":{"status":"RETRY"}}' }],
    ["DROP", { status: 200, body: '{"status":"DROP"}' }],
    ["404", { status: 404, body: "not here" }],
  ];
  it.each(consumed)("%s ends it", async (_, answer) => {
    const on = await sidecar({ subscriptions: [plain], app: () => answer });
    await on.publish("messagebus/t", "1");
    await on.clock.advance(120_000);
    expect(paths(on)).toEqual(["/t"]);
  });

  const again: [string, AppAnswer][] = [
    ["RETRY", { status: 200, body: '{"status":"RETRY"}' }],
    ["RETRY under Status", { status: 200, body: '{"Status":"RETRY"}' }],
    ["success in small letters", { status: 200, body: '{"status":"success"}' }],
    ["a word of its own", { status: 200, body: '{"status":"LATER"}' }],
    ["500", { status: 500, body: '{"status":"SUCCESS"}' }],
    ["400", { status: 400 }],
    ["302", { status: 302 }],
    ["429 with DROP", { status: 429, body: '{"status":"DROP"}' }],
  ];
  it.each(again)("%s brings it again, the same bytes", async (_, answer) => {
    const on = await sidecar({
      subscriptions: [plain],
      app: () => (on.got.length < 3 ? answer : undefined),
    });
    await on.publish("messagebus/t", '{"n": 1}');
    await on.until("three deliveries", () => on.got.length >= 3);
    await on.clock.advance(120_000);
    expect(on.got).toHaveLength(3);
    expect(new Set(on.got.map(({ text }) => text)).size).toBe(1);
  });

  it("is no dead letter of its own topic: it comes again after its back-off", async () => {
    const circular = { ...plain, deadLetterTopic: "t" };
    const on = await sidecar({ subscriptions: [circular], app: () => ({ status: 500 }) });
    await on.publish("messagebus/t", "1");
    await on.clock.advance(400);
    expect(on.got).toHaveLength(1);
    await on.clock.advance(60_000);
    expect(on.got.length).toBeGreaterThan(2);
    expect(on.got.length).toBeLessThan(20);
    expect(
      on.logged.filter((line) => line.includes("names a topic for its dead letters that it gets itself")),
    ).toHaveLength(1);
  });

  it("brings a raw event again under the same id, and another of the same bytes under its own", async () => {
    const raw = { ...plain, metadata: { rawPayload: "true" } };
    const on = await sidecar({
      subscriptions: [raw],
      app: () => (on.got.length < 5 ? { status: 500 } : undefined),
    });
    const ids = () => on.got.map(({ event }) => event.id);
    for (let n = 0; n < 2; n++) await on.publish("messagebus/t?metadata.rawPayload=true", "same");
    await on.until("three of each", () => on.got.length >= 6);
    expect(ids().sort()).toEqual([...new Set(ids())].flatMap((id) => [id, id, id]).sort());
    expect(new Set(ids()).size).toBe(2);
    expect(on.got[0]?.headers).not.toContain("daprlet-event-id");
    // What was published in an envelope keeps the envelope's id on the outside.
    await on.publish("messagebus/t", '"enveloped"');
    await on.until("the enveloped one", () => on.got.length >= 7);
    const outer = on.got[6]?.event ?? {};
    expect(outer.id).toBe(JSON.parse(atob(outer.data_base64 as string)).id);
  });

  it.each([...again.slice(0, 5), ...consumed.slice(-2)])(
    "%s: a dead letter, as it was published",
    async (_, answer) => {
      const on = await sidecar({
        subscriptions: lettered,
        app: ({ path }) => (path === "/t" ? answer : undefined),
      });
      await on.publish("messagebus/t?metadata.colour=red", '{"n": 1}');
      await on.until("the letter", () => on.got.length >= 2);
      await on.clock.advance(120_000);
      expect(paths(on)).toEqual(["/t", "/dead"]);
      expect(on.got[1]?.text).toBe(on.got[0]?.text);
      expect(on.got[1]?.event.topic).toBe("t");
      expect(on.got[1]?.header("colour")).toBe("red");
    },
  );

  it("is no reason to acknowledge when the dead letter cannot be published", async () => {
    const on = await sidecar({
      components: [component("messagebus", { publishingScopes: "a=t" })],
      subscriptions: lettered,
      app: () => (on.got.length < 3 ? { status: 404 } : undefined),
    });
    await on.publish("messagebus/t", "1");
    await on.until("three deliveries", () => on.got.length >= 3);
    expect(paths(on)).toEqual(["/t", "/t", "/t"]);
    expect(on.logged.join("\n")).toContain("topic dead is not allowed for app id a");
  });

  it("holds no payload in any log line", async () => {
    const on = await sidecar({
      subscriptions: lettered,
      app: ({ path }) => ({ status: path === "/t" ? 500 : 404, body: "answer-secret" }),
    });
    await on.publish("messagebus/t?metadata.k=metadata-secret", '"payload-secret"');
    await on.publish("messagebus/t?metadata.rawPayload=true", "payload-secret");
    await on.clock.advance(60_000);
    expect(on.logged.length).toBeGreaterThan(3);
    expect(on.logged.join("\n")).not.toContain("secret");
  });
});

describe("events that the app never sees", () => {
  it("drops an expired one, or makes it a dead letter", async () => {
    const expired = '{"id":"1","expiration":"2025-12-31T23:59:59Z"}';
    const type = ["content-type", "application/cloudevents+json"];
    const dropped = await sidecar({ subscriptions: [plain] });
    await dropped.publish("messagebus/t", expired, type);
    await dropped.clock.advance(60_000);
    expect(dropped.got).toEqual([]);
    expect(dropped.logged.join("\n")).toContain("it has expired");

    const kept = await sidecar({
      subscriptions: [lettered[0], { ...lettered[1], metadata: { rawPayload: "true" } }],
    });
    await kept.publish("messagebus/t", expired, type);
    await kept.until("the letter", () => kept.got.length >= 1);
    expect(paths(kept)).toEqual(["/dead"]);
    expect(atob(String(kept.got[0]?.event.data_base64))).toContain('"id":"1"');
  });

  it("drops an event that expires between two attempts", async () => {
    const on = await sidecar({ subscriptions: [plain], app: () => ({ status: 500 }) });
    await on.publish("messagebus/t?metadata.ttlInSeconds=3", "1");
    // Up to the last moment: where the jitter puts the third attempt is a matter of chance.
    await on.clock.advance(2_999);
    const before = on.got.length;
    expect(before).toBeGreaterThanOrEqual(2);
    await on.clock.advance(120_000);
    expect(on.got.length).toBe(before);
  });

  it("makes what is no CloudEvent a dead letter, and else keeps trying", async () => {
    const raw = { pubsubname: "messagebus", topic: "dead", route: "/dead", metadata: { rawPayload: "true" } };
    const on = await sidecar({ subscriptions: [lettered[0], raw] });
    await on.publish("messagebus/t?metadata.rawPayload=true", "no JSON");
    await on.until("the letter", () => on.got.length >= 1);
    expect(paths(on)).toEqual(["/dead"]);
    expect(atob(String(on.got[0]?.event.data_base64))).toBe("no JSON");

    const none = await sidecar({ subscriptions: [plain] });
    await none.publish("messagebus/t?metadata.rawPayload=true", "[1]");
    await none.publish("messagebus/t", "2");
    await none.until("the other event", () => none.got.length >= 1);
    await none.clock.advance(10_000);
    expect(none.got).toHaveLength(1);
    expect(none.logged.filter((line) => line.includes("no CloudEvent")).length).toBeGreaterThan(1);
  });
});

describe("headers of a delivery", () => {
  it("are the publisher's metadata, but for what is not the publisher's to say", async () => {
    const on = await sidecar({ subscriptions: [plain] });
    const metadata = [
      "Colour=gr%C3%BCn",
      "content-type=text/x",
      "content-length=1",
      "transfer-encoding=chunked",
      "host=evil",
      "dapr-api-token=stolen",
      "Dapr-Caller-App-Id=admin",
      "daprlet-request-id=1",
      "pubsubname=other",
      "x-forwarded-for=1.2.3.4",
      "a%0d%0ab=c",
      "split=a%0d%0aevil:%201",
      "nul=%00",
      "na me=x",
      "__proto__=y",
    ];
    await on.publish(`messagebus/t?${metadata.map((pair) => `metadata.${pair}`).join("&")}`, "1");
    await on.until("the event", () => on.got.length === 1);
    expect(on.got[0]?.headers).toEqual([
      "content-type",
      "application/cloudevents+json",
      "pubsubname",
      "messagebus",
      "colour",
      "gr\u00c3\u00bcn",
      "__proto__",
      "y",
    ]);
  });
});

describe("an app that comes and goes", () => {
  it("costs no event and writes no dead letter while it is away", async () => {
    let away = true;
    const on = await sidecar({
      subscriptions: lettered,
      app: () => {
        if (away) throw new AppUnreachableError("the page is closed");
        return undefined;
      },
    });
    for (const n of numbers(20)) await on.publish("messagebus/t", String(n));
    await on.clock.advance(300_000);
    const from = on.got.length;
    away = false;
    await on.until("20 events", () => on.got.length >= from + 20);
    const data = on.got.slice(from).map(({ event }) => event.data as number);
    expect(data.sort((x, y) => x - y)).toEqual(numbers(20));
    expect(paths(on)).not.toContain("/dead");
    expect(on.logged.filter((line) => line.startsWith("warn"))).toHaveLength(1);
    expect(on.logged.filter((line) => line.includes("the app takes events again"))).toHaveLength(1);
  });

  it("gets at once, in order, what failed, when its subscriptions start again", async () => {
    let away = true;
    const on = await sidecar({
      subscriptions: [plain],
      app: () => {
        if (away) throw new AppUnreachableError("the page is closed");
        return undefined;
      },
    });
    for (const n of numbers(5)) await on.publish("messagebus/t", String(n));
    await on.clock.advance(300_000);
    away = false;
    const from = on.got.length;
    await on.runtime.sidecar.subscriptions.start();
    await on.clock.advance(10);
    expect(on.got.slice(from).map(({ event }) => event.data)).toEqual(numbers(5));
    expect(on.asked).toHaveLength(2);
  });

  it("gets nothing twice and loses nothing when they start again in the middle of deliveries", async () => {
    const open: (() => void)[] = [];
    const on = await sidecar({
      subscriptions: [plain],
      app: async () => {
        await new Promise<void>((resolve) => open.push(resolve));
        return undefined;
      },
    });
    for (const n of numbers(15)) await on.publish("messagebus/t", String(n));
    await on.clock.advance(100);
    expect(on.got).toHaveLength(10);
    await on.runtime.sidecar.subscriptions.start();
    await on.runtime.sidecar.subscriptions.start();
    await on.clock.advance(100);
    for (let i = 0; i < 15; i++) {
      open[i]?.();
      await on.clock.advance(10);
    }
    await on.clock.advance(60_000);
    expect(on.got.map(({ event }) => event.data)).toEqual(numbers(15));
    expect(on.runtime.sidecar.subscriptions.list()).toHaveLength(1);
  });

  it("may subscribe to other topics the next time", async () => {
    let list: unknown = [plain];
    const body = () => new TextEncoder().encode(JSON.stringify(list));
    const on = await sidecar({ subscriptions: () => ({ status: 200, headers: [], body: body() }) });
    await on.runtime.appReady;
    list = [{ pubsubname: "messagebus", topic: "u", route: "/u" }];
    await on.runtime.sidecar.subscriptions.start();
    await on.publish("messagebus/t", "1");
    await on.publish("messagebus/u", "2");
    await on.clock.advance(5_000);
    expect(paths(on)).toEqual(["/u"]);
  });

  it("keeps its subscriptions when it fails to name them again", async () => {
    let status = 200;
    const body = new TextEncoder().encode(JSON.stringify([plain]));
    const on = await sidecar({ subscriptions: () => ({ status, headers: [], body }) });
    await on.runtime.appReady;
    status = 500;
    await on.runtime.sidecar.subscriptions.start();
    await on.publish("messagebus/t", "1");
    await on.until("the event", () => on.got.length === 1);
  });

  it("that hangs when it is asked holds up nobody who asks after it", async () => {
    let hanging = true;
    const hung = new Promise<never>(() => undefined);
    const body = new TextEncoder().encode(JSON.stringify([plain]));
    const on = await sidecar({
      subscriptions: () => (hanging ? hung : { status: 200, headers: [], body }),
    });
    let ready = 0;
    void on.runtime.appReady.then(() => ready++);
    const { subscriptions } = on.runtime.sidecar;
    await on.clock.advance(1_000);
    void subscriptions.start().then(() => ready++);
    await on.clock.advance(1_000);
    expect([ready, on.asked.length]).toEqual([0, 2]);
    hanging = false;
    await subscriptions.start();
    await on.clock.advance(0);
    expect([ready, on.asked.length, subscriptions.list().length]).toEqual([2, 3, 1]);
    await on.publish("messagebus/t", "1");
    await on.until("the event", () => on.got.length === 1);
  });

  it("that hangs when it is asked does not hold up an end", async () => {
    const on = await sidecar({ subscriptions: () => new Promise<never>(() => undefined) });
    await on.clock.advance(1_000);
    await on.stop();
    await on.runtime.sidecar.subscriptions.start();
    expect(on.asked).toHaveLength(1);
  });

  it("is asked again until it can be reached", async () => {
    let attempts = 0;
    const on = await sidecar({
      subscriptions: () => {
        if (++attempts < 4) throw new AppUnreachableError("not there yet");
        return { status: 200, headers: [], body: new TextEncoder().encode(JSON.stringify([plain])) };
      },
    });
    await on.until("the subscription", () => on.runtime.sidecar.subscriptions.list().length === 1);
    expect(attempts).toBe(4);
    expect(on.asked[0]).toMatchObject({ method: "GET", query: "", body: undefined });
    expect(on.asked[0]?.headers).toEqual(["content-type", "application/json", "dapr-app-id", "a"]);
  });
});

describe("an end", () => {
  it("waits for deliveries under way, and hands out nothing more", async () => {
    let open = () => {};
    const on = await sidecar({
      components: [component("messagebus", { concurrency: "1" })],
      subscriptions: [plain],
      app: async () => {
        await new Promise<void>((resolve) => {
          open = resolve;
        });
        return undefined;
      },
    });
    await on.publish("messagebus/t", "1");
    await on.publish("messagebus/t", "2");
    await on.until("the first", () => on.got.length === 1);
    let stopped = false;
    const stopping = on.stop().then(() => {
      stopped = true;
    });
    await on.clock.advance(1_000);
    expect(stopped).toBe(false);
    open();
    await on.clock.advance(10);
    await stopping;
    expect(on.got).toHaveLength(1);
    expect(on.clock.pending).toBe(0);
  });

  it("does not wait for ever for an app that never answers, and cancels its call", async () => {
    const on = await sidecar({
      subscriptions: [plain],
      app: () => new Promise<undefined>(() => undefined),
    });
    await on.publish("messagebus/t", "1");
    await on.until("the event", () => on.got.length === 1);
    let closed = false;
    void on.runtime.sidecar.subscriptions.close(5_000).then(() => {
      closed = true;
    });
    await on.clock.advance(4_900);
    expect([closed, on.got[0]?.signal?.aborted]).toEqual([false, false]);
    await on.clock.advance(1_200);
    expect([closed, on.got[0]?.signal?.aborted]).toEqual([true, true]);
  });

  it("comes while the app is still waited for", async () => {
    const on = await sidecar({
      subscriptions: () => {
        throw new AppUnreachableError("never there");
      },
    });
    await on.clock.advance(5_000);
    await on.stop();
    await on.clock.advance(5_000);
    expect(on.clock.pending).toBe(0);
    expect(on.runtime.sidecar.subscriptions.list()).toEqual([]);
  });
});

describe("several apps", () => {
  const group = async (...apps: (readonly [appId: string, subscriptions: readonly unknown[]])[]) => {
    const clock = new FakeClock();
    const broker = new InMemoryBroker();
    return Promise.all(
      apps.map(([appId, subscriptions]) => sidecar({ appId, subscriptions, clock, broker })),
    );
  };
  const all = (sidecars: readonly TestSidecar[]) =>
    sidecars.flatMap(({ got }) => got.map(({ event }) => event.data));

  it("T27: one to n, n to n, n to one, and instances of one app in competition", async () => {
    const [a1, a2, b, c] = (await group(["a", [plain]], ["a", [plain]], ["b", [plain]], ["c", []])) as [
      TestSidecar,
      TestSidecar,
      TestSidecar,
      TestSidecar,
    ];
    const publishers = [c, b, a1];
    for (const [p, publisher] of publishers.entries()) {
      for (const n of numbers(20)) await publisher.publish("messagebus/t", `"${p}-${n}"`);
    }
    await b.until("60 for b and 60 for a", () => b.got.length >= 60 && a1.got.length + a2.got.length >= 60);
    await b.clock.advance(60_000);
    const expected = publishers.flatMap((_, p) => numbers(20).map((n) => `${p}-${n}`)).sort();
    expect(all([b]).sort()).toEqual(expected);
    expect(all([a1, a2]).sort()).toEqual(expected);
    expect(a1.got.length).toBeGreaterThan(10);
    expect(a2.got.length).toBeGreaterThan(10);
    expect(c.got).toEqual([]);
    expect(new Set(b.got.map(({ event }) => event.source))).toEqual(new Set(["a", "b", "c"]));
  });

  it("T27: keep the order of each customer when events are partitioned by customer", async () => {
    const apps = (await group(["a", [plain]], ["a", [plain]], ["p", []])) as [
      TestSidecar,
      TestSidecar,
      TestSidecar,
    ];
    const publisher = apps[2];
    const order: string[] = [];
    for (const app of apps.slice(0, 2)) {
      const { got } = app;
      const push = (got as unknown[]).push.bind(got);
      Object.assign(got, {
        push: (delivered: { event: { data: string } }) => {
          order.push(delivered.event.data);
          return push(delivered);
        },
      });
    }
    for (const n of numbers(10)) {
      for (const customer of ["x", "y"]) {
        await publisher.publish(`messagebus/t?metadata.partitionKey=${customer}`, `"${customer}${n}"`);
      }
    }
    await publisher.until("20 events", () => order.length >= 20);
    for (const customer of ["x", "y"]) {
      expect(order.filter((entry) => entry.startsWith(customer))).toEqual(
        numbers(10).map((n) => `${customer}${n}`),
      );
    }
  });

  it("share nothing when they were not given the same broker", async () => {
    const clock = new FakeClock();
    const a = await sidecar({ appId: "a", subscriptions: [plain], clock });
    const b = await sidecar({ appId: "b", subscriptions: [plain], clock });
    await a.publish("messagebus/t", "1");
    await clock.advance(5_000);
    expect([a.got.length, b.got.length]).toEqual([1, 0]);
  });

  it("keep namespaces apart where the component's metadata asks for it", async () => {
    const clock = new FakeClock();
    const broker = new InMemoryBroker();
    const components = [component("messagebus", { consumerID: "{namespace}" })];
    const [a, same, other] = await Promise.all(
      ["prod", "prod", "test"].map((namespace, i) =>
        sidecar({ appId: `app${i}`, namespace, subscriptions: [plain], clock, broker, components }),
      ),
    );
    await a?.publish("messagebus/t", "1");
    await clock.advance(5_000);
    expect([a?.got.length, same?.got.length, other?.got.length]).toEqual([1, 1, 0]);
    expect(same?.got[0]?.event.topic).toBe("t");
  });

  it("get each event in every instance where consumerID is a {uuid}, also after starting again", async () => {
    const clock = new FakeClock();
    const broker = new InMemoryBroker();
    const components = [component("messagebus", { consumerID: "{uuid}" })];
    const options = { appId: "a", subscriptions: [plain], clock, broker, components };
    const [one, two] = [await sidecar(options), await sidecar(options)];
    await one.publish("messagebus/t", "1");
    await one.runtime.sidecar.subscriptions.start();
    await two.publish("messagebus/t", "2");
    await clock.advance(5_000);
    for (const { got } of [one, two]) expect(got.map(({ event }) => event.data)).toEqual([1, 2]);
  });

  it("share a consumerID where the component names one", async () => {
    const clock = new FakeClock();
    const broker = new InMemoryBroker();
    const components = [component("messagebus", { consumerID: "group" })];
    const a = await sidecar({ appId: "a", subscriptions: [plain], clock, broker, components });
    const b = await sidecar({ appId: "b", subscriptions: [plain], clock, broker, components });
    for (const n of numbers(10)) await a.publish("messagebus/t", String(n));
    await a.until("10 events", () => a.got.length + b.got.length >= 10);
    await clock.advance(5_000);
    expect((all([a, b]) as number[]).sort((x, y) => x - y)).toEqual(numbers(10));
  });
});
