import { afterAll, describe, expect, test } from "vitest";
import { component, kinds, type Launched, temporaryFolder } from "./launch.ts";

const resiliency = `apiVersion: dapr.io/v1alpha1
kind: Resiliency
metadata:
  name: again
spec:
  policies:
    retries:
      twice:
        policy: constant
        duration: 200ms
        maxRetries: 2
  targets:
    components:
      pubsub:
        inbound:
          retry: twice
`;

describe.each(kinds)("the retries of a Resiliency with $name", (kind) => {
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
    const components = [component("pubsub", "pubsub.in-memory"), resiliency];
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
});
