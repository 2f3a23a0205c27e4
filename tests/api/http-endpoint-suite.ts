import { describe, expect, test } from "vitest";
import type { Subject } from "../hosts/subject.ts";

/** What every host has as HTTPEndpoints, led to `target`: `shadow` beside it, and one of another app. */
export const httpEndpoints = (target: string): readonly string[] =>
  [
    [
      "outside",
      `  baseUrl: ${target}/outside\n  headers:\n    - {name: X-Own, value: of the endpoint}\n    - {name: X-Number, value: 12}\n    - {name: X-Secret, secretKeyRef: {name: redisPassword, key: redisPassword}}\nauth:\n  secretStore: secrets`,
    ],
    ["shadow", `  baseUrl: ${target}/shadow`],
    ["unreachable", "  baseUrl: http://127.0.0.1:1/nowhere"],
    ["foreign-endpoint", `  baseUrl: ${target}/foreign\nscopes:\n  - somebody-else`],
  ].map(
    ([name, spec]) =>
      `apiVersion: dapr.io/v1alpha1\nkind: HTTPEndpoint\nmetadata:\n  name: ${name}\nspec:\n${spec}\n`,
  );

interface Reached {
  readonly method: string;
  readonly uri: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** HTTPEndpoint resources: dapr-http-api §4.6. */
export function httpEndpointSuite(on: Subject): void {
  describe("HTTPEndpoint resources", () => {
    test("are invoked by their name: path, query, body, and the endpoint's headers before the caller's", async () => {
      const answer = await on.fetch("/v1.0/invoke/outside/method/a/b?q=1", {
        method: "POST",
        headers: { "x-own": "of the caller", "x-other": "kept" },
        body: "the body",
      });
      const reached = answer.json as Reached;
      expect([answer.status, reached]).toMatchObject([
        200,
        {
          method: "POST",
          uri: "/outside/a/b?q=1",
          body: "the body",
          headers: {
            "x-own": "of the endpoint",
            "x-number": "12",
            "x-secret": "the password",
            "x-other": "kept",
          },
        },
      ]);
      expect(answer.header("x-custom")).toMatch(/^one/);
    });

    test.each([404, 500])("answers go through as they are: %i", async (status) => {
      const answer = await on.fetch(`/v1.0/invoke/outside/method/status/${status}`);
      expect([answer.status, (answer.json as Reached).uri]).toEqual([status, `/outside/status/${status}`]);
    });

    test("by the header, and with a namespace, as apps", async () => {
      const named = await on.fetch("/a", { headers: { "dapr-app-id": "outside" } });
      const spaced = await on.fetch("/v1.0/invoke/outside.anywhere/method/a");
      expect([named, spaced].map((answer) => (answer.json as Reached).uri)).toEqual([
        "/outside/a",
        "/outside/a",
      ]);
    });

    test("one that cannot be reached: 500, in Dapr's form", async () => {
      const answer = await on.fetch("/v1.0/invoke/unreachable/method/a");
      expect([answer.status, answer.errorCode]).toEqual([500, "ERR_DIRECT_INVOKE"]);
      expect(answer.message).toMatch(/^failed to invoke, id: unreachable, err: /);
    });

    test("another app's is none", async () => {
      const answer = await on.fetch("/v1.0/invoke/foreign-endpoint/method/a");
      expect([answer.status, answer.message]).toEqual([
        500,
        `failed to invoke, id: foreign-endpoint, err: ${on.expected("gateway.nobody")}`,
      ]);
    });

    test("metadata list them", async () => {
      const { httpEndpoints } = (await on.fetch("/v1.0/metadata")).json as { httpEndpoints: unknown };
      expect(httpEndpoints).toEqual([{ name: "outside" }, { name: "shadow" }, { name: "unreachable" }]);
    });
  });
}
