import { describe, expect, it } from "vitest";
import { createRuntime } from "../../host/node/index.ts";

const pubsub =
  "apiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata:\n  name: messagebus\nspec:\n  type: pubsub.in-memory\n  version: v1\n";

const resiliency = (policies: string, targets = "") =>
  `---\napiVersion: dapr.io/v1alpha1\nkind: Resiliency\nmetadata:\n  name: r\nspec:\n  policies:\n    retries:\n${policies}${targets}`;
const target = "  targets:\n    components:\n      messagebus:\n        inbound:\n          retry: thrice\n";
const constant = (name: string) =>
  `      ${name}:\n        policy: constant\n        duration: 5s\n        maxRetries: 3\n`;

async function started(yaml: string, deadLetterTopic = "dead", bulk = false) {
  const times: number[] = [];
  const dead: number[] = [];
  let answer = 500;
  const runtime = await createRuntime({
    components: pubsub + yaml,
    app: async (request) => {
      const { pathname } = new URL(request.url);
      if (pathname === "/dapr/subscribe") {
        return Response.json([
          {
            pubsubname: "messagebus",
            topic: "t",
            route: "t",
            deadLetterTopic,
            bulkSubscribe: { enabled: bulk },
          },
          { pubsubname: "messagebus", topic: "dead", route: "dead" },
        ]);
      }
      const now = runtime.sidecar.platform.clock.now();
      if (pathname === "/dead") dead.push(now);
      else times.push(now);
      return new Response(null, { status: pathname === "/dead" ? 200 : answer });
    },
  });
  const publish = async () => {
    const published = await runtime.fetch("/v1.0/publish/messagebus/t", { method: "POST", body: "1" });
    expect(published.status).toBe(204);
  };
  return {
    runtime,
    publish,
    /** Seconds between one delivery and the next. */
    waits: () => times.slice(1).map((at, i) => Math.round((at - (times[i] as number)) / 100) / 10),
    times,
    dead,
    answers: (status: number) => {
      answer = status;
    },
  };
}

describe("events that the app refuses, by the retries of a Resiliency", () => {
  it.each([false, true])(
    "come again as often and as late as the policy says, then are dead letters (bulk: %s)",
    async (bulk) => {
      const on = await started(resiliency(constant("thrice"), target), "dead", bulk);
      await on.publish();
      await on.runtime.advance(60_000);
      // In bulk each waits a second for company.
      expect(on.waits()).toEqual(bulk ? [6, 6, 6] : [5, 5, 5]);
      expect(on.dead).toHaveLength(1);
      await on.runtime.stop();
    },
  );

  it("are consumed once the app takes them", async () => {
    const on = await started(resiliency(constant("thrice"), target));
    await on.publish();
    await on.runtime.advance(6_000);
    on.answers(200);
    await on.runtime.advance(60_000);
    expect(on.times).toHaveLength(3);
    expect(on.dead).toHaveLength(0);
    await on.runtime.stop();
  });

  it("come again without end where there is no dead-letter topic", async () => {
    const on = await started(resiliency(constant("thrice"), target), "");
    await on.publish();
    await on.runtime.advance(51_000);
    expect(on.times.length).toBe(11);
    await on.runtime.stop();
  });

  it("are not retried where the app drops them", async () => {
    const on = await started(resiliency(constant("thrice"), target));
    on.answers(404);
    await on.publish();
    await on.runtime.advance(60_000);
    expect([on.times.length, on.dead.length]).toEqual([1, 1]);
    await on.runtime.stop();
  });

  it.each([
    "DefaultPubsubComponentInboundRetryPolicy",
    "DefaultComponentInboundRetryPolicy",
    "DefaultRetryPolicy",
  ])("are retried by %s where no target names a policy", async (name) => {
    const on = await started(resiliency(constant(name)));
    await on.publish();
    await on.runtime.advance(60_000);
    expect(on.waits()).toEqual([5, 5, 5]);
    await on.runtime.stop();
  });

  it("wait longer each time by an exponential policy, up to its longest", async () => {
    const policy =
      "      thrice:\n        policy: exponential\n        maxInterval: 4s\n        maxRetries: 6\n";
    const on = await started(resiliency(policy, target));
    await on.publish();
    await on.runtime.advance(120_000);
    const waits = on.waits();
    expect(waits).toHaveLength(6);
    expect(waits[0]).toBeLessThanOrEqual(0.5);
    expect(Math.max(...waits)).toBeLessThanOrEqual(4);
    expect(waits.at(-1)).toBeGreaterThanOrEqual(2);
    await on.runtime.stop();
  });

  it("are another app's where the scopes say so", async () => {
    const scoped = `${resiliency(constant("thrice"), target)}scopes:\n- somebody-else\n`;
    const on = await started(scoped);
    await on.publish();
    await on.runtime.advance(60_000);
    expect([on.times.length, on.dead.length]).toEqual([1, 1]);
    await on.runtime.stop();
  });

  it.each([
    ["      thrice:\n        policy: sometimes\n", target, /thrice\.policy must be constant or exponential/],
    ["      thrice:\n        duration: soon\n", target, /thrice\.duration must be a duration/],
    ["      thrice:\n        maxRetries: few\n", target, /thrice\.maxRetries must be a whole number/],
    [constant("twice"), target, /names thrice, which spec\.policies\.retries does not have/],
  ])("are refused where the policy makes no sense: %s", async (policies, targets, message) => {
    await expect(started(resiliency(policies, targets))).rejects.toThrow(message);
  });
});
