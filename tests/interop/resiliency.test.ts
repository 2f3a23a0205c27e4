import { afterAll, describe, expect, test } from "vitest";
import { expectedOn } from "../api/differences.ts";
import { component, kinds, type Launched, temporaryFolder } from "./launch.ts";

const resiliency = (appId: string) => `apiVersion: dapr.io/v1alpha1
kind: Resiliency
metadata:
  name: again
spec:
  policies:
    timeouts:
      short: 400ms
    circuitBreakers:
      sixth: {timeout: 60s, trip: consecutiveFailures >= 6}
      second: {timeout: 60s, trip: consecutiveFailures >= 2}
    retries:
      some: {duration: 10ms, maxRetries: 2, matching: {httpStatusCodes: "404,500-503"}}
      twice:
        policy: constant
        duration: 200ms
        maxRetries: 2
  targets:
    apps:
      ${appId}: {timeout: short, retry: some, circuitBreaker: sixth}
    components:
      kept:
        outbound:
          circuitBreaker: second
      pubsub:
        inbound:
          retry: twice
`;

describe.each(kinds)("a Resiliency with $name", (kind) => {
  if (kind.missing !== undefined) {
    test.skip(kind.missing, () => undefined);
    return;
  }
  const { folder, remove } = temporaryFolder();
  let launched: Launched;
  afterAll(async () => {
    await launched?.kill();
    remove();
  });

  test("an event that the app refuses comes again as often as the policy says, and is a dead letter then", async () => {
    const appId = `refuser-${kind.dialect}`;
    const components = [
      component("pubsub", "pubsub.in-memory"),
      component("kept", "state.in-memory"),
      resiliency(appId),
    ];
    launched = await kind.launch({ appId, app: "refuser.mjs", folder, components });
    const published = await launched.fetch("/v1.0/publish/pubsub/refused", { method: "POST", body: "{}" });
    expect(published.status).toBe(204);
    const seen = async () =>
      (await launched.fetch(`/v1.0/invoke/${appId}/method/seen`)).json as {
        refused: number[];
        dead: number[];
      };
    await expect.poll(async () => (await seen()).dead.length, { timeout: 15_000 }).toBe(1);
    const { refused } = await seen();
    expect(refused).toHaveLength(3);
    for (const [i, at] of refused.slice(1).entries()) {
      expect(at - (refused[i] as number)).toBeGreaterThanOrEqual(190);
    }
  }, 60_000);

  /** The answer of the app to one call of it, and how often it has been called under that name. */
  const called = async (path: string, more: Parameters<Launched["fetch"]>[1] = {}) => {
    const { appId } = launched;
    const answer = await launched.fetch(`/v1.0/invoke/${appId}/method/answers/${path}`, more);
    const { json } = await launched.fetch(`/v1.0/invoke/${appId}/method/seen`);
    const { counts } = json as { counts: Record<string, number> };
    const { message } = answer.json as { message?: string };
    return { status: answer.status, count: counts[path.replace(/\/.*/, "")], message };
  };
  const failed = (why: string) => `failed to invoke, id: ${launched.appId}, err: ${why}`;

  test.each([
    ["a/500", 500, 3],
    ["b/404", 404, 3],
    ["c/503", 503, 3],
    ["d/504", 504, 1],
    ["e/400", 400, 1],
    ["f/302", 302, 1],
    ["g/200", 200, 1],
  ])("a call that the app answers %s: %i for the caller, and %i calls", async (path, status, count) => {
    expect(await called(path)).toMatchObject({ status, count });
  });

  test("a body of known length is sent with each, one in pieces is not sent again", async () => {
    const post = { method: "POST", body: "twelve bytes" };
    expect(await called("known/500", post)).toMatchObject({ status: 500, count: 3 });
    expect(await called("pieces/500", { ...post, streamed: true })).toMatchObject({ status: 500, count: 1 });
  });

  test("a circuit breaker counts each attempt, for each endpoint, and ends the retries", async () => {
    await called("broken/500");
    const open = { status: 500, count: 6, message: failed("circuit breaker is open") };
    expect(await called("broken/500")).toMatchObject({ status: 500, count: 6 });
    expect(await called("broken/500")).toEqual(open);
    expect(await called("whole/500")).toMatchObject({ count: 3 });
  });

  test("an app that is too slow is asked again, and the caller told", async () => {
    const { status, count, message } = await called("slow/200");
    expect([status, count]).toEqual([500, 3]);
    expect(message).toContain(expectedOn(kind.dialect, "resiliency.timeout-message"));
  });

  test("what an ETag refuses: whether it opens the circuit", async () => {
    const save = (etag: string) =>
      launched.fetch("/v1.0/state/kept", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify([{ key: "k", value: 1, etag }]),
      });
    for (let i = 0; i < 2; i++) expect((await save("12345")).status).toBe(409);
    const opens = expectedOn(kind.dialect, "resiliency.etag");
    expect((await launched.fetch("/v1.0/state/kept/k")).status).toBe(opens ? 500 : 204);
  });

  test("metadata name it", async () => {
    const { json } = await launched.fetch("/v1.0/metadata");
    expect(json).toMatchObject({ resiliencies: [{ name: "again" }] });
  });
});
