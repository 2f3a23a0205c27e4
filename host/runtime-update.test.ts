import { describe, expect, it } from "vitest";
import { FakeClock } from "./fake-clock.ts";
import { createRuntime } from "./node/create-runtime.ts";
import { givenResources } from "./node/given-components.ts";

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
