import { describe, expect, it } from "vitest";
import * as yaml from "yaml";
import { json, type RuntimeResponse } from "../../host/http.ts";
import { parseResources } from "../../host/resources/parse-resources.ts";
import { type SidecarOptions, sidecar, type TestSidecar } from "./sidecar.ts";

const list = (on: TestSidecar) => on.runtime.sidecar.subscriptions.list();
const complaints = (on: TestSidecar) => on.logged.filter((line) => /^(warn|error)/.test(line));
const notFound: RuntimeResponse = { status: 404, headers: [], body: undefined };

const bus = (name: string, metadata = "[]") =>
  `kind: Component\nmetadata: {name: ${name}}\nspec: {type: pubsub.in-memory, version: v1, metadata: ${metadata}}\n`;
const declared = (name: string, spec: object, rest: object = {}, namespace?: string) =>
  yaml.stringify({
    apiVersion: "dapr.io/v1alpha1",
    kind: "Subscription",
    metadata: { name, ...(namespace && { namespace }) },
    spec: { pubsubname: "messagebus", ...spec },
    ...rest,
  });
const documents = (...parts: string[]) => parts.join("---\n");

/** With the resources given, `messagebus` beside them, and an app that answers its subscriptions so. */
async function started(
  resources: readonly string[],
  options: Pick<SidecarOptions, "subscriptions" | "namespace" | "app"> = {},
): Promise<TestSidecar> {
  const on = await sidecar({
    subscriptions: () => notFound,
    ...options,
    components: documents(bus("messagebus"), ...resources),
  });
  await on.runtime.appReady;
  return on;
}

/** Where events of the topics arrive. */
async function arrivals(on: TestSidecar, ...topics: string[]): Promise<string[]> {
  for (const topic of topics) await on.publish(`messagebus/${topic}`, "1");
  await on.clock.advance(2_000);
  return on.got.map(({ path }) => path);
}

describe("declared subscriptions", () => {
  it("reach an app that names none itself, and are listed as DECLARATIVE", async () => {
    const on = await started([
      declared("v1", { topic: "a", route: "/a", metadata: { foo: "bar" }, deadLetterTopic: "dead" }),
      declared("v2", { topic: "b", routes: { default: "b" } }, { apiVersion: "dapr.io/v2alpha1" }),
    ]);
    expect(await arrivals(on, "a", "b")).toEqual(["/a", "/b"]);
    expect(list(on)).toEqual([
      {
        pubsubname: "messagebus",
        topic: "a",
        metadata: { foo: "bar" },
        rules: [{ path: "/a" }],
        deadLetterTopic: "dead",
        type: "DECLARATIVE",
      },
      {
        pubsubname: "messagebus",
        topic: "b",
        rules: [{ path: "b" }],
        deadLetterTopic: "",
        type: "DECLARATIVE",
      },
    ]);
    expect((await on.send("GET", "/v1.0/metadata")).json.subscriptions).toEqual(list(on));
  });

  it("give way to the app's own for the same topic; of two declared the first wins, and it is said", async () => {
    const on = await started(
      [
        declared("one", { topic: "a", route: "/declared" }),
        declared("two", { topic: "b", route: "/first" }),
        declared("three", { topic: "b", route: "/second" }),
      ],
      { subscriptions: [{ pubsubname: "messagebus", topic: "a", route: "/own" }] },
    );
    expect(await arrivals(on, "a", "b")).toEqual(["/own", "/first"]);
    expect(list(on).map(({ topic, type }) => [topic, type])).toEqual([
      ["b", "DECLARATIVE"],
      ["a", "PROGRAMMATIC"],
    ]);
    expect(on.logged.find((line) => line.includes("Subscription three"))).toContain("Subscription two");
  });

  it("are the app's that their scopes and namespace name", async () => {
    const on = await started(
      [
        declared("all", { topic: "a", route: "/a" }),
        declared("mine", { topic: "b", route: "/b" }, { scopes: ["x", "a"] }),
        declared("theirs", { topic: "c", route: "/c" }, { scopes: ["x"] }),
        declared("here", { topic: "d", route: "/d" }, {}, "shop"),
        declared("elsewhere", { topic: "e", route: "/e" }, {}, "other"),
      ],
      { namespace: "shop" },
    );
    expect(await arrivals(on, "a", "b", "c", "d", "e")).toEqual(["/a", "/b", "/d"]);
  });

  it("that cannot be used are left out with a sentence that names resource and file; the others stay", async () => {
    const on = await started([
      bus("closed", "[{name: subscriptionScopes, value: 'a='}]"),
      declared("raw", { topic: "raw", route: "/raw", metadata: { rawPayload: "perhaps" } }),
      declared("nowhere", { topic: "x", route: "/x", pubsubname: "nowhere" }),
      declared("closed", { topic: "x", route: "/x", pubsubname: "closed" }),
      declared("good", { topic: "a", route: "/a" }),
    ]);
    expect(await arrivals(on, "a", "raw")).toEqual(["/a"]);
    expect(complaints(on)).toEqual([
      expect.stringMatching(/Subscription raw \(.*document 3\).*rawPayload/),
      expect.stringMatching(/Subscription nowhere \(.*document 4\) names pub\/sub nowhere/),
      expect.stringMatching(/Subscription closed \(.*document 5\).*is not allowed/),
    ]);
  });

  it("stay while the app's own answer cannot be read, and its last one stays beside them", async () => {
    let answer = json([{ pubsubname: "messagebus", topic: "b", route: "/b" }]);
    const on = await started([declared("one", { topic: "a", route: "/a" })], {
      subscriptions: () => answer,
    });
    answer = { status: 500, headers: [], body: undefined };
    await on.runtime.sidecar.subscriptions.start();
    expect(await arrivals(on, "a", "b")).toEqual(["/a", "/b"]);
  });
});

describe("an update of the resources", () => {
  const resources = (...parts: string[]) =>
    parseResources(documents(bus("messagebus"), ...parts), "update", yaml);

  it("adds, moves and takes away what is declared, and loses nothing meanwhile", async () => {
    const on = await started([declared("one", { topic: "a", route: "/a" })], {
      subscriptions: [{ pubsubname: "messagebus", topic: "own", route: "/own" }],
    });
    await on.runtime.update(
      resources(
        declared("one", { topic: "a", route: "/moved" }),
        declared("two", { topic: "b", route: "/b" }),
      ),
    );
    expect(await arrivals(on, "a", "b", "own")).toEqual(["/moved", "/b", "/own"]);
    await on.runtime.update(resources());
    await on.publish("messagebus/b", "1");
    await on.clock.advance(2_000);
    expect(on.got).toHaveLength(3);
    expect(list(on).map(({ topic }) => topic)).toEqual(["own"]);
    await on.runtime.update(resources(declared("two", { topic: "b", route: "/again" })));
    await on.until("what waited", () => on.got.length === 4);
    expect(on.got[3]?.path).toBe("/again");
  });

  it("asks the app again only where a subscription or a pub/sub changed", async () => {
    const on = await started([declared("one", { topic: "a", route: "/a" })]);
    expect(on.asked).toHaveLength(1);
    await on.runtime.update(resources(declared("one", { topic: "a", route: "/a" })));
    const before = on.asked.length;
    await on.runtime.update(resources(declared("one", { topic: "a", route: "/a" })));
    expect(on.asked).toHaveLength(before);
    await on.runtime.update(resources(declared("one", { topic: "a", route: "/b" }), bus("another")));
    expect(on.asked).toHaveLength(before + 1);
  });

  it("moves subscriptions that were made while the app was still being asked", async () => {
    let answer: (response: RuntimeResponse) => void = () => undefined;
    const on = await sidecar({
      subscriptions: () =>
        new Promise((resolve) => {
          answer = resolve;
        }),
      components: documents(bus("messagebus")),
    });
    await on.until("the question", () => on.asked.length === 1);
    const own = json([{ pubsubname: "messagebus", topic: "a", route: "/a" }]);
    const changed = bus("messagebus", '[{name: concurrency, value: "3"}]');
    const change = on.runtime.update(parseResources(changed, "update", yaml));
    await on.until("the question again", () => on.asked.length === 2);
    answer(own);
    await Promise.all([change, on.runtime.appReady]);
    expect(await arrivals(on, "a")).toEqual(["/a"]);
  });

  it("of an in-memory pub/sub hands what waits in it to the new one, and tells what ends with the last", async () => {
    let down = true;
    const app = () => ({ status: down ? 500 : 200 });
    const on = await sidecar({
      subscriptions: [],
      app,
      components: documents(bus("messagebus"), declared("one", { topic: "a", route: "/a" })),
    });
    const edited = (concurrency: number) =>
      parseResources(
        documents(
          bus("messagebus", `[{name: concurrency, value: "${concurrency}"}]`),
          declared("one", { topic: "a", route: "/a" }),
        ),
        "update",
        yaml,
      );
    for (const n of [1, 2, 3]) expect((await on.publish("messagebus/a", String(n))).status).toBe(204);
    await on.until("a failure", () => on.got.length > 0);
    const [change] = await on.runtime.update(edited(3));
    expect(change).toMatchObject({ name: "messagebus", action: "replaced" });
    await on.runtime.update(edited(4));
    const failed = on.got.length;
    down = false;
    await on.until(
      "all three",
      () => new Set(on.got.slice(failed).map(({ event }) => event.data)).size === 3,
    );
    expect(on.logged.filter((line) => line.includes("in memory"))).toEqual([]);
    down = true;
    await on.publish("messagebus/a", "4");
    await on.runtime.update(parseResources(bus("another"), "update", yaml));
    expect(on.logged).toContain("warn pub/sub messagebus ends with 1 events in memory");
  });

  it("ends at what was wanted last, however quickly it was changed back", async () => {
    const on = await started([declared("one", { topic: "a", route: "/a" })]);
    const to = (route: string) => resources(declared("one", { topic: "a", route }), bus("another"));
    await on.runtime.update(resources(declared("one", { topic: "a", route: "/a" })));
    await Promise.all([on.runtime.update(to("/b")), on.runtime.update(to("/a"))]);
    expect(await arrivals(on, "a")).toEqual(["/a"]);
  });
});
