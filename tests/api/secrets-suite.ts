import { describe, expect, test } from "vitest";
import { secrets } from "../hosts/components.ts";
import type { Subject } from "../hosts/subject.ts";
import { isError } from "./answers.ts";

/** Contract of the secrets API: dapr-http-api §1.5. */
export function secretsSuite(on: Subject): void {
  const get = (name: string, store = "secrets", query = "") =>
    on.fetch(`/v1.0/secrets/${store}/${encodeURIComponent(name)}${query}`);
  const readable = Object.entries(secrets).filter(([name]) => name !== "hidden");

  test.each(readable)("the secret %j", async (name, value) => {
    const answer = await get(name);
    expect([answer.status, answer.header("content-type")]).toEqual([200, "application/json"]);
    expect(Object.entries(answer.json as object)).toEqual([[name, value]]);
  });

  test("with metadata that the store does not know", async () => {
    const answer = await get("redisPassword", "secrets", "?metadata.version_id=15&metadata.b=");
    expect([answer.status, answer.json]).toEqual([200, { redisPassword: secrets.redisPassword }]);
  });

  test("all that may be read", async () => {
    const answer = await on.fetch("/v1.0/secrets/secrets/bulk");
    expect([answer.status, answer.header("content-type")]).toEqual([200, "application/json"]);
    const expected = readable.map(([name, value]) => [name, { [name]: value }] as const);
    expect(new Map(Object.entries(answer.json as object))).toEqual(new Map(expected));
  });

  test("one that is not there", async () => {
    const answer = await get("nope");
    if (on.expected("gateway.missing-secret") === 200) {
      expect([answer.status, answer.json]).toEqual([200, { nope: "" }]);
      return;
    }
    isError(answer, 500, "ERR_SECRET_GET");
    expect(answer.message).toBe(
      "failed getting secret with key nope from secret store secrets: secret nope not found",
    );
  });

  test.each(["key", "bulk"])("a store that is not there: %s", async (name) => {
    const answer = await get(name, "nowhere");
    isError(answer, 401, "ERR_SECRET_STORE_NOT_FOUND");
    expect(answer.message).toBe("failed finding secret store with key nowhere");
  });

  test.each(["hidden", "hidden-and-missing"])("what the scopes deny, there or not: %s", async (name) => {
    const answer = await get(name);
    isError(answer, 403, "ERR_PERMISSION_DENIED");
    expect(answer.message).toBe(`access denied by policy to get "${name}" from "secrets"`);
  });

  test.each(["POST", "PUT", "DELETE"])("%s writes nothing", async (method) => {
    isError(await on.send(method, "/v1.0/secrets/secrets/redisPassword", "{}"), 404, "ERR_DIRECT_INVOKE");
    expect((await get("redisPassword")).json).toEqual({ redisPassword: secrets.redisPassword });
  });

  test("none is in the metadata", async () => {
    const { text } = await on.fetch("/v1.0/metadata");
    for (const value of Object.values(secrets)) expect(text).not.toContain(JSON.stringify(value));
  });

  test.runIf(on.has("processes") && on.has("sidecar"))(
    "what the store is said to be capable of",
    async () => {
      const { components } = (await on.fetch("/v1.0/metadata")).json as {
        components: { name: string; capabilities?: string[] }[];
      };
      const { capabilities = [] } = components.find(({ name }) => name === "secrets") ?? {};
      expect(capabilities.join() || "none").toBe(on.expected("secrets.capabilities"));
    },
  );

  describe.runIf(on.has("processes") && on.has("sidecar"))("of the environment", () => {
    test("a variable", async () => {
      expect((await get("API_SUITE_SECRET", "environment")).json).toEqual({
        API_SUITE_SECRET: "of the environment",
      });
    });

    test.each(["DAPR_SUITE_SECRET", "dapr_suite_secret", "APP_API_TOKEN", "API_SUITE_MISSING", "API SUITE"])(
      "what is not there or nobody's business is empty: %s",
      async (name) => {
        const answer = await get(name, "environment");
        expect([answer.status, answer.json]).toEqual([200, { [name]: "" }]);
      },
    );

    test("all of them", async () => {
      const found = (await on.fetch("/v1.0/secrets/environment/bulk")).json as Record<string, unknown>;
      expect(found.API_SUITE_SECRET).toEqual({ API_SUITE_SECRET: "of the environment" });
      expect(Object.keys(found).filter((name) => /^dapr_|^app_api_token$/i.test(name))).toEqual([]);
    });
  });
}
