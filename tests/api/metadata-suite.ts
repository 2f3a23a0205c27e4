import { describe, expect, test } from "vitest";
import type { Subject } from "../hosts/subject.ts";

interface Metadata {
  readonly id: string;
  readonly runtimeVersion: string;
  readonly enabledFeatures: readonly string[];
  readonly extended: Record<string, string>;
  readonly components: { name: string; type: string; version: string; capabilities?: string[] }[];
  readonly subscriptions: Record<string, unknown>[];
}

/** Contract of metadata, health and of what every endpoint has in common: dapr-http-api §1.0 and §1.13. */
export function metadataSuite(on: Subject): void {
  const metadata = async () => {
    const answer = await on.fetch("/v1.0/metadata");
    expect([answer.status, answer.header("content-type")]).toEqual([200, "application/json"]);
    return answer.json as Metadata;
  };
  const unaddressed = {
    errorCode: "ERR_DIRECT_INVOKE",
    message: "failed getting app id either from the URL path or the header dapr-app-id",
  };

  describe("health", () => {
    test.each(["/v1.0/healthz", "/v1.0/healthz/", "/v1.0/healthz/outbound", "/v1.0//healthz"])(
      "%s is 204",
      async (path) => {
        const answer = await on.fetch(path);
        expect([answer.status, answer.text]).toEqual([204, ""]);
      },
    );

    test("asks for this app id", async () => {
      expect((await on.fetch(`/v1.0/healthz?appid=${on.host.appId}`)).status).toBe(204);
      const other = await on.fetch("/v1.0/healthz?appid=another");
      expect([other.status, other.errorCode]).toEqual([500, "ERR_HEALTH_APPID_NOT_MATCH"]);
      expect(other.message).toBe("dapr app-id does not match");
    });
  });

  describe("metadata", () => {
    test("tells the id, the version and the components", async () => {
      const found = await metadata();
      expect(found.id).toBe(on.host.appId);
      expect(found.runtimeVersion).toEqual(expect.any(String));
      if (on.has("sidecar")) expect(found.enabledFeatures).toContain("HotReload");
      expect(found.extended.daprRuntimeVersion).toEqual(expect.any(String));
      const byName = new Map(found.components.map((component) => [component.name, component]));
      const all = ["memory", "messagebus", "named", "scoped", "secrets", "statestore", "unprefixed"];
      expect([...byName.keys()]).toEqual(expect.arrayContaining(all));
      expect([...byName.keys()]).not.toContain("foreign");
      expect(byName.get("memory")).toMatchObject({
        type: on.has("sidecar") ? "state.in-memory" : "state.dapr",
        version: "v1",
        capabilities: expect.arrayContaining(["ETAG", "TRANSACTIONAL", "TTL"]),
      });
      expect(byName.get("statestore")?.capabilities).toEqual(
        expect.arrayContaining(["ETAG", "TRANSACTIONAL", "TTL"]),
      );
    });

    test.runIf(on.has("sidecar"))("tells the subscriptions", async () => {
      const { subscriptions } = await metadata();
      expect(subscriptions).toContainEqual({
        pubsubname: "messagebus",
        topic: "plain",
        rules: [{ path: "/events/plain" }],
        deadLetterTopic: "",
        type: "PROGRAMMATIC",
      });
      expect(subscriptions).toContainEqual(
        expect.objectContaining({ topic: "lettered", deadLetterTopic: "letters" }),
      );
      expect(subscriptions.map(({ topic }) => topic)).not.toContain("no-route");
    });

    test.runIf(on.has("sidecar")).each(["extra", "__proto__", "constructor", "with space"])(
      "keeps the value put at %j",
      async (name) => {
        const value = on.key("value");
        const put = await on.fetch(`/v1.0/metadata/${encodeURIComponent(name)}`, {
          method: "PUT",
          body: value,
        });
        expect([put.status, put.text]).toEqual([204, ""]);
        const text = (await on.fetch("/v1.0/metadata")).text;
        const { extended } = JSON.parse(text) as Metadata;
        expect(Object.getOwnPropertyDescriptor(extended, name)?.value).toBe(value);
      },
    );
  });

  describe("what is no endpoint", () => {
    test.each([
      ["GET", "/"],
      ["GET", "/v1.0"],
      ["GET", "/v1.0/nothing"],
      ["GET", "/v2.0/state/statestore/k"],
      ["GET", "/V1.0/healthz"],
      ["GET", "/v1.0/State/statestore/k"],
      ["GET", "/v1.0/state"],
      ["GET", "/v1.0/state/"],
      ["GET", "/v1.0/state/statestore"],
      ["GET", "/v1.0/state/statestore/"],
      ["POST", "/v1.0/state/statestore/k"],
      ["PATCH", "/v1.0/state/statestore"],
      ["DELETE", "/v1.0/state/statestore"],
      ["OPTIONS", "/v1.0/state/statestore"],
      ["GET", "/v1.0/state/statestore/a/b"],
      ["DELETE", "/v1.0/state/statestore/bulk/x"],
      ["GET", "/v1.0/publish/messagebus/plain"],
      ["DELETE", "/v1.0/publish/messagebus/plain"],
      ["POST", "/v1.0/healthz"],
      ["DELETE", "/v1.0/metadata"],
      ["POST", "/v1.0/metadata/key"],
      ["GET", "/v1.0/metadata/key"],
      ["GET", "/v1.0/shutdown"],
    ])("%s %s is 404", async (method, path) => {
      const answer = await on.fetch(path, { method });
      expect([answer.status, answer.json]).toEqual([404, unaddressed]);
      expect(answer.header("content-type")).toBe("application/json");
    });

    test.each(["PROPFIND", "REPORT"])("the verb %s", async (method) => {
      const answer = await on.fetch("/v1.0/healthz", { method });
      expect([answer.status, answer.json]).toEqual([404, unaddressed]);
    });
  });

  test.runIf(on.has("sidecar")).each([
    ["PUT", "/v1.0-alpha1/crypto/name/encrypt"],
    ["POST", "/v1.0/workflows/dapr/name/start"],
    ["POST", "/v1.0-beta1/workflows/dapr/id/terminate"],
    ["DELETE", "/v1.0/jobs/name"],
    ["POST", "/v1.0-alpha2/conversation/name/converse"],
  ])("%s %s is known, and says where it is not there yet", async (method, path) => {
    // What daprd makes of these, without their components and its control plane, is not compared here.
    if (on.expected("api.not-yet") === "served") return;
    const answer = await on.fetch(path, method === "GET" ? {} : { method, body: "{}" });
    expect([answer.status, answer.errorCode]).toEqual([501, "ERR_API_UNIMPLEMENTED"]);
    expect(answer.message).toMatch(/ API of Dapr is not supported yet/);
  });

  describe.runIf(on.has("processes"))("a browser's page on this machine", () => {
    test.each([
      ["a foreign origin", { origin: "https://evil.example" }],
      ["an opaque origin", { origin: "null" }],
      ["a foreign host, as by DNS rebinding", { host: "evil.example" }],
      ["a foreign host with our port", { host: "localhost.evil.example:3500" }],
      [
        "a foreign page without an origin",
        { "sec-fetch-site": "cross-site", referer: "https://evil.example/" },
      ],
    ])("%s", async (_, headers) => {
      const key = on.key();
      const answer = await on.post("/v1.0/state/memory", [{ key, value: 1 }], {
        ...headers,
        "content-type": "text/plain",
      });
      const stored = (await on.fetch(`/v1.0/state/memory/${key}`)).status === 200;
      if (on.expected("host.foreign-page") === "carried out") {
        expect([answer.status, stored]).toEqual([204, true]);
        return;
      }
      expect([answer.status, stored]).toEqual([403, false]);
      expect(answer.message).toEqual(expect.any(String));
      expect(answer.header("access-control-allow-origin")).toBeUndefined();
    });

    test("no preflight is answered with leave", async () => {
      const answer = await on.fetch("/v1.0/state/memory", {
        method: "OPTIONS",
        headers: { origin: "https://evil.example", "access-control-request-method": "POST" },
      });
      expect(answer.status).toBe(on.expected("host.preflight"));
      expect(answer.header("access-control-allow-origin")).toBeUndefined();
    });

    test("who asks for HTTP/2 without TLS", async () => {
      const headers = { connection: "Upgrade, HTTP2-Settings", upgrade: "h2c", "http2-settings": "" };
      // The client of these tests goes along with no change of protocols.
      const answer = await on.fetch("/v1.0/healthz", { headers }).catch(() => undefined);
      const upgraded = "spoken, where a client asks for it";
      const stayed = "HTTP/1.1, to who asks for the upgrade as well";
      expect(answer?.status === 204 ? stayed : upgraded).toBe(on.expected("host.h2c"));
    });
  });

  describe.runIf(on.has("verbatim"))("paths are cleaned before they are routed", () => {
    test.each([
      "//v1.0//state//memory//",
      "/v1.0/./state/memory/",
      "/v1.0/x/../state/memory/",
      "/x/../../v1.0/state/memory/",
    ])("%s", async (prefix) => {
      const key = on.key();
      await on.post("/v1.0/state/memory", [{ key, value: 7 }]);
      const answer = await on.fetch(prefix + key);
      expect([answer.status, answer.text]).toEqual([200, "7"]);
    });
  });

  test("a trailing slash after a key is not part of it", async () => {
    const key = on.key();
    await on.post("/v1.0/state/memory/", [{ key, value: 7 }]);
    expect((await on.fetch(`/v1.0/state/memory/${key}/`)).text).toBe("7");
  });

  test.each(["/v1.0/state/memory/%zz", "/v1.0/state/memory/%", "/v1.0/state/memory/a%2"])(
    "%s is a malformed escape",
    async (path) => {
      const answer = await on.fetch(path);
      expect(answer.status).toBe(400);
      expect(answer.header("content-type")).toMatch(/^text\/plain/);
    },
  );
}
