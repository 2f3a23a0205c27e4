import { expect, it } from "vitest";
import { after, pass, town } from "./page-town.ts";

const components = (policies: string, cat: string) => `apiVersion: dapr.io/v1alpha1
kind: Component
metadata: { name: statestore }
spec: { type: state.in-memory, version: v1, metadata: [{ name: actorStateStore, value: "true" }] }
---
apiVersion: dapr.io/v1alpha1
kind: Resiliency
metadata: { name: policies }
spec: { policies: ${policies}, targets: { actors: { Cat: ${cat} } } }
`;

it("ends a turn in a page in the time that policies give it, also once they have changed", async () => {
  const cats = await town(components("{ timeouts: { short: 2s } }", "{ timeout: short }"));
  const hung = cats.call("hang");
  expect(await after(1000, hung)).toBe("none yet");
  expect(await after(1500, hung)).toMatchObject({
    status: 500,
    text: expect.stringContaining("actor type Cat did not answer within 2000 ms"),
  });
  const next = cats.call("meow");
  expect(await after(500, next)).toMatchObject({ status: 200, text: '"purr"' });

  await cats.update(components("{ timeouts: { long: 20s } }", "{ timeout: long }"));
  await pass(250);
  const longer = cats.call("hang");
  expect(await after(10_000, longer)).toBe("none yet");
  expect(await after(11_000, longer)).toMatchObject({ status: 500 });
});

it("tries an actor's call again that failed in its page, and says nothing of that to the caller", async () => {
  const often = "{ retries: { often: { duration: 1s, maxRetries: 2 } } }";
  const cats = await town(components(often, "{ retry: often }"));
  cats.fail(2);
  expect(await after(4000, cats.call("fail"))).toMatchObject({ status: 200, text: '"purr"' });
  cats.fail(3);
  const failed = await after(4000, cats.call("fail"));
  expect(failed).toMatchObject({ status: 500, text: expect.stringContaining("not now") });
  expect(failed === "none yet" || failed.headers).not.toContain("daprlet-actor");
  expect(cats.calls).toEqual(Array(6).fill("fail"));
});

it("breaks the circuit of a type whose calls fail in a page, and lets its own calls not slip by", async () => {
  const breaker = (trip: string) => `{ circuitBreakers: { b: { timeout: 5s, trip: "${trip}" } } }`;
  const target = "{ circuitBreaker: b, circuitBreakerScope: type }";
  const cats = await town(components(breaker("consecutiveFailures > 1"), target));
  cats.fail(2);
  for (let i = 0; i < 2; i++) expect(await after(500, cats.call("fail"))).toMatchObject({ status: 500 });
  const refused = expect.stringContaining("circuit breaker is open");
  expect(await after(500, cats.call("fail", "2"))).toMatchObject({ status: 500, text: refused });
  expect(cats.calls).toHaveLength(2);
  await pass(5000);
  expect(await after(500, cats.call("ask", "3"))).toMatchObject({ text: "by the worker" });
  await cats.update(components("{ timeouts: { t: 5s } }", "{ timeout: t }"));
  await pass(250);
  expect(await after(500, cats.call("ask", "3"))).toMatchObject({ text: "in the page" });
});
