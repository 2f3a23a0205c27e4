import { afterEach, describe, expect, it } from "vitest";
import { text } from "./components/metadata-schema.ts";
import { defineStore } from "./components/state/store.ts";
import { type Code, ComponentError } from "./errors/component-error.ts";
import { FakeClock } from "./fake-clock.ts";
import { createRuntime, type LocalRuntime } from "./node/create-runtime.ts";
import { type GivenComponents, givenResources } from "./node/given-components.ts";

const log = (said: string[]) => ({
  debug: () => undefined,
  info: () => undefined,
  warn: (message: string) => void said.push(message),
  error: () => undefined,
});

describe("an update of the resources", () => {
  it("does not wait for an app that is asked what it wants and does not answer", async () => {
    let asked = 0;
    let hangs = false;
    const clock = new FakeClock();
    const said: string[] = [];
    const runtime = await createRuntime({
      appId: "slow",
      clock,
      log: log(said),
      components: [{ name: "bus", type: "pubsub.in-memory" }],
      app(request) {
        if (!request.url.endsWith("/dapr/subscribe")) return new Response();
        asked++;
        return hangs ? new Promise(() => undefined) : Response.json([]);
      },
    });
    await runtime.appReady;
    hangs = true;
    const given = (names: readonly string[], topics: readonly string[]) =>
      givenResources(
        `${names.map((name) => `{apiVersion: dapr.io/v1alpha1, kind: Component, metadata: {name: ${name}}, spec: {type: ${name}.in-memory, version: v1}}`).join("\n---\n")}
${topics.map((topic) => `---\n{apiVersion: dapr.io/v2alpha1, kind: Subscription, metadata: {name: ${topic}}, spec: {pubsubname: pubsub, topic: ${topic}, routes: {default: /t}}}`).join("\n")}`,
        "the test",
      );
    const updates = [
      runtime.update(await given(["pubsub"], [])),
      runtime.update(await given(["pubsub", "state"], [])),
    ];
    await clock.advance(10_000);
    await Promise.all(updates);
    expect(asked).toBe(2);
    expect((await runtime.fetch("/v1.0/state/state/k")).status).toBe(204);
    const declared = runtime.update(await given(["pubsub", "state"], ["t"]));
    await clock.advance(10_000);
    await declared;
    expect(said).toHaveLength(2);
    expect(said[0]).toMatch(
      /^the resources are in use before the app was asked anew: it did not answer within 10 s/,
    );
    await runtime.stop();
  });
});

describe("what an update could not open", () => {
  /** A store that opens while `up`, and fails as told else. */
  const failing = { up: false, code: "UNAVAILABLE" as Code, opened: 0 };
  const registry = {
    state: [
      defineStore({
        type: "state.failing",
        version: "v1",
        summary: "Opens when it can.",
        metadata: { label: text("Whatever.", "") },
        features: [],
        async open() {
          if (!failing.up) throw new ComponentError(failing.code, "its server is down");
          failing.opened++;
          return { get: () => undefined, bulkGet: () => [], write: () => [], close: async () => undefined };
        },
      }),
    ],
  };
  const given = (label: string, ignoreErrors = false) =>
    givenResources([{ name: "s", type: "state.failing", metadata: { label }, ignoreErrors }], "the test");
  const clock = new FakeClock();
  const lines: string[] = [];
  const say = (message: string) => void lines.push(message);
  let runtime: LocalRuntime;
  const start = async (components: GivenComponents = []) => {
    Object.assign(failing, { up: false, code: "UNAVAILABLE", opened: 0 });
    lines.length = 0;
    const log = { debug: () => undefined, info: say, warn: say, error: say };
    runtime = await createRuntime({ registry, clock, components, log });
  };
  afterEach(() => runtime.stop());

  it("is opened by itself once it can be, with one line for it", async () => {
    await start();
    await runtime.update(await given("1"));
    await clock.advance(200_000);
    expect(lines).toEqual(["component s (the test) stays as it was: its server is down"]);
    failing.up = true;
    await clock.advance(60_000);
    expect(lines.slice(1)).toEqual(["component s was opened"]);
    await clock.advance(600_000);
    expect([failing.opened, clock.pending]).toEqual([1, 0]);
    expect((await runtime.fetch("/v1.0/state/s/k")).status).toBe(204);
  });

  it("takes the place of what it was to replace, which answers meanwhile", async () => {
    await start();
    failing.up = true;
    await runtime.update(await given("1"));
    failing.up = false;
    await runtime.update(await given("2"));
    expect((await runtime.fetch("/v1.0/state/s/k")).status).toBe(204);
    failing.up = true;
    await clock.advance(2_000);
    expect(lines.at(-1)).toBe("component s was replaced");
    expect(runtime.sidecar.components.state.get("s")?.resource.metadata.get("label")).toBe("2");
  });

  it.each([
    { what: "other resources come", next: () => given("2"), opened: ["2"] },
    { what: "it is not wanted any more", next: () => givenResources([], "the test"), opened: [] },
  ])("is given up when $what", async ({ next, opened }) => {
    await start();
    await runtime.update(await given("1"));
    failing.up = true;
    await runtime.update(await next());
    await clock.advance(600_000);
    const { state } = runtime.sidecar.components;
    expect([...state.values()].map(({ resource }) => resource.metadata.get("label"))).toEqual(opened);
    expect(failing.opened).toBe(opened.length);
  });

  it.each(["INVALID_ARGUMENT", "UNIMPLEMENTED"] as const)("is not tried again for %s", async (code) => {
    await start();
    failing.code = code;
    await runtime.update(await given("1"));
    expect(clock.pending).toBe(0);
  });

  it("is left alone by a sidecar that stops", async () => {
    await start();
    await runtime.update(await given("1"));
    await runtime.stop();
    expect(clock.pending).toBe(0);
  });

  it("is not tried again where the sidecar was stopped while it was updated", async () => {
    await start();
    const updating = runtime.update(await given("1"));
    await runtime.stop();
    await updating.catch(() => undefined);
    expect(clock.pending).toBe(0);
  });

  it("is what a start left out that may: ignoreErrors", async () => {
    await start([{ name: "s", type: "state.failing", ignoreErrors: true }]);
    expect(lines).toEqual(["component s is left out (ignoreErrors): its server is down"]);
    await clock.advance(10_000);
    failing.up = true;
    await clock.advance(60_000);
    expect(lines.slice(1)).toEqual(["component s was opened"]);
  });
});
