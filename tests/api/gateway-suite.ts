import { describe, expect, test } from "vitest";
import type { Subject } from "../hosts/subject.ts";
import { isError } from "./answers.ts";

/** What a gateway alone answers: what it leaves to the sidecars behind it, and what it tells of the actors of others. */
export function gatewaySuite(on: Subject): void {
  describe.runIf(on.definition.dialect === "gateway")("a gateway", () => {
    test.each([
      ["POST", "/v1.0/bindings/target"],
      ["GET", "/v1.0/configuration/settings?key=a"],
      ["GET", "/v1.0/configuration/settings/subscribe?key=a"],
      ["GET", "/v1.0/configuration/settings/some-id/unsubscribe"],
      ["POST", "/v1.0-alpha1/lock/locks"],
      ["POST", "/v1.0-alpha1/unlock/locks"],
      ["POST", "/v1.0-alpha1/subscribe/messagebus"],
      ["PUT", "/v1.0/metadata/name"],
      ["POST", "/v1.0/shutdown"],
      ["PUT", "/v1.0-alpha1/crypto/name/encrypt"],
      ["POST", "/v1.0/workflows/dapr/name/start"],
      ["DELETE", "/v1.0/jobs/name"],
    ])("%s %s is a sidecar's", async (method, path) => {
      const answer = await on.fetch(path, method === "GET" ? {} : { method, body: "{}" });
      isError(answer, 501, "ERR_GATEWAY_UNSERVED");
      expect(on.expected("gateway.unserved")).toBe("501 `ERR_GATEWAY_UNSERVED`");
    });

    test("metadata tell that it leads to actors, and hosts none", async () => {
      const { actorRuntime, enabledFeatures, subscriptions } = (await on.fetch("/v1.0/metadata"))
        .json as Record<string, unknown>;
      expect(actorRuntime).toEqual({
        runtimeStatus: "RUNNING",
        activeActors: [],
        hostReady: false,
        placement: "placement: connected",
      });
      expect([enabledFeatures, subscriptions]).toEqual([undefined, undefined]);
    });

    test("publishing without the name of a pub/sub, where there are two", async () => {
      isError(await on.post("/v1.0/publish/plain", "{}"), 404, "ERR_PUBSUB_EMPTY");
    });
  });
}
