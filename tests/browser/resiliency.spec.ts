import { expect, test } from "./fixtures.ts";

const statestore = `apiVersion: dapr.io/v1alpha1
kind: Component
metadata:
  name: statestore
spec:
  type: state.in-memory
  version: v1
`;
const resiliency = (trip: string, maxRetries: number) => `---
apiVersion: dapr.io/v1alpha1
kind: Resiliency
metadata:
  name: policies
spec:
  policies:
    timeouts: {short: 300ms}
    retries: {often: {duration: 10ms, maxRetries: ${maxRetries}}}
    circuitBreakers: {breaker: {timeout: 60s, trip: "${trip}"}}
  targets:
    apps:
      shop: {timeout: short, retry: often, circuitBreaker: breaker}
`;

test("a page's own app is called under its policies, which change while it runs", async ({ page, site }) => {
  await page.goto(site.url);
  await page.waitForFunction(() => window.daprlet !== undefined);
  const seen = await page.evaluate(
    async ({ first, second, wrong }) => {
      const registered = await window.daprlet.register({ appId: "shop", components: first });
      const calls: string[] = [];
      await window.daprlet.serve({
        appId: "shop",
        fetch: async (request) => {
          const name = new URL(request.url).pathname.slice(1);
          const count = calls.filter((call) => call.startsWith(name)).length + 1;
          calls.push(`${name} ${await request.text()}`);
          if (name === "hangs") await new Promise(() => undefined);
          return new Response(`${count}`, { status: name === "recovers" && count === 3 ? 200 : 503 });
        },
      });
      const call = async (name: string) => {
        const init = { method: "POST", body: "body" };
        const answer = await fetch(`/v1.0/invoke/shop/method/${name}`, init);
        return [answer.status, await answer.text()] as const;
      };
      const recovered = await call("recovers");
      const hung = await call("hangs");
      await registered.update(second);
      const broken = await call("breaks");
      const refused = await registered.update(wrong).then(
        () => "taken",
        (error: Error) => error.message,
      );
      return { recovered, hung, broken, refused, calls };
    },
    {
      first: statestore + resiliency("consecutiveFailures > 5", 2),
      second: statestore + resiliency("totalFailures * 2 > requests", 9),
      wrong: statestore + resiliency("requests > 1", 2).replace("retry: often", "retry: seldom"),
    },
  );
  expect(seen.recovered).toEqual([200, "3"]);
  expect(seen.calls.filter((call) => call === "recovers body")).toHaveLength(3);
  expect(seen.hung[0]).toBe(500);
  expect(seen.hung[1]).toContain("did not answer within 300 ms");
  expect(seen.calls.filter((call) => call === "hangs body")).toHaveLength(3);
  expect(seen.broken[1]).toContain("circuit breaker is open");
  expect(seen.calls.filter((call) => call === "breaks body")).toHaveLength(1);
  expect(seen.refused).toMatch(/apps\.shop\.retry names seldom/);
});
