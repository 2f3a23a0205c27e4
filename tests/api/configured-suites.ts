import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Host, HostDefinition, StartOptions } from "../hosts/host.ts";
import { Subject } from "../hosts/subject.ts";

function started(definition: HostDefinition, options: StartOptions): Subject {
  let host: Host | undefined;
  beforeAll(async () => {
    host = await definition.start(options);
  }, 60_000);
  afterAll(() => host?.stop());
  return new Subject(definition, () => {
    if (host === undefined) throw new Error(`${definition.name} is not running`);
    return host;
  });
}

/** A sidecar with `DAPR_API_TOKEN` and `APP_API_TOKEN`: dapr-http-api §1.0 and §2.0. */
export function tokenSuite(definition: HostDefinition): void {
  const on = started(definition, { apiToken: "the-secret", appApiToken: "the-app-secret" });
  const token = { "dapr-api-token": "the-secret" };

  test.each([
    ["GET", "/v1.0/metadata"],
    ["GET", "/v1.0/state/memory/key"],
    ["POST", "/v1.0/publish/messagebus/plain"],
    ["GET", "/v1.0/nothing"],
    ["POST", "/v1.0/healthz"],
    ["GET", "/v1.0/healthz/nothing"],
    ["GET", "/v1.0/healthz/../state/memory/key"],
    ["GET", "//v1.0/metadata"],
    ["POST", "/v1.0/shutdown"],
  ])("%s %s is refused without it, with a wrong one, and with half of it", async (method, path) => {
    for (const headers of [
      {},
      { "dapr-api-token": "wrong" },
      { "dapr-api-token": "the-sec" },
      { "dapr-api-token": "" },
    ]) {
      const answer = await on.fetch(path, { method, headers });
      expect([answer.status, answer.text.trim()]).toEqual([401, "invalid api token"]);
      expect(answer.header("content-type")).toMatch(/^text\/plain/);
    }
  });

  test.each(["/v1.0/healthz", "/v1.0/healthz/outbound"])("%s needs none", async (path) => {
    expect((await on.fetch(path)).status).toBe(204);
  });

  test("the right one opens the API and is not passed on", async () => {
    for (const id of [on.host.appId, on.host.peer.appId]) {
      const answer = await on.fetch(`/v1.0/invoke/${id}/method/headers`, { headers: token });
      expect(answer.status).toBe(200);
      const { headers } = answer.json as { headers: Record<string, string> };
      expect(headers["dapr-api-token"]).not.toBe("the-secret");
      expect(JSON.stringify(headers)).not.toContain("the-secret");
    }
  });

  test.runIf(on.has("appToken"))("calls, events and questions to the app carry its token", async () => {
    const id = on.key();
    const path = `/v1.0/publish/messagebus/plain?metadata.cloudevent.id=${id}`;
    expect((await on.post(path, "{}", token)).status).toBe(204);
    const recorded = async (path: string) => {
      const answer = await on.fetch(`/v1.0/invoke/${on.host.appId}/method/control/recorded?path=${path}`, {
        headers: token,
      });
      return answer.json as { headers: Record<string, string> }[];
    };
    await expect.poll(async () => (await recorded("/events/plain")).length).toBe(1);
    await on.fetch(`/v1.0/invoke/${on.host.appId}/method/called`, { headers: token });
    for (const path of ["/events/plain", "/dapr/subscribe", "/called"]) {
      expect((await recorded(path))[0]?.headers["dapr-api-token"]).toBe("the-app-secret");
    }
    expect((await recorded("/dapr/subscribe"))[0]?.headers["dapr-app-id"]).toBe(on.host.appId);
  });
}

/** A sidecar without any component. */
export function bareSuite(definition: HostDefinition): void {
  const on = started(definition, { components: false });

  test("no state store: 500, in Dapr's rich form", async () => {
    const answers = [
      await on.fetch("/v1.0/state/statestore/k"),
      await on.post("/v1.0/state/statestore", [{ key: "k", value: 1 }]),
      await on.fetch("/v1.0/state/statestore/k", { method: "DELETE" }),
      await on.post("/v1.0/state/statestore/bulk", { keys: ["k"] }),
      await on.post("/v1.0/state/statestore/transaction", { operations: [] }),
    ];
    for (const answer of answers) {
      expect([answer.status, answer.errorCode]).toEqual([500, "ERR_STATE_STORE_NOT_CONFIGURED"]);
      expect(answer.json).toMatchObject({
        message: "state store statestore is not configured",
        details: [{ domain: "dapr.io", reason: "DAPR_STATE_NOT_CONFIGURED" }],
      });
    }
  });

  test("no pub/sub", async () => {
    const answer = await on.post("/v1.0/publish/messagebus/A", "{}");
    expect([answer.status, answer.errorCode]).toEqual([404, "ERR_PUBSUB_NOT_FOUND"]);
  });

  test.each(["key", "bulk"])("no secret store: %s", async (key) => {
    const answer = await on.fetch(`/v1.0/secrets/secrets/${key}`);
    expect([answer.status, answer.json]).toEqual([
      500,
      { errorCode: "ERR_SECRET_STORES_NOT_CONFIGURED", message: "secret store is not configured" },
    ]);
  });

  test.runIf(on.has("sidecar")).each(["?key=a", "/subscribe?key=a", "/some-id/unsubscribe"])(
    "no configuration store: %s",
    async (path) => {
      const answer = await on.fetch(`/v1.0/configuration/settings${path}`);
      expect([answer.status, answer.json]).toEqual([
        500,
        {
          errorCode: "ERR_CONFIGURATION_STORE_NOT_CONFIGURED",
          message: "configuration stores not configured",
        },
      ]);
    },
  );

  describe.runIf(on.has("sidecar"))("no lock store", () => {
    const call = (operation: string, body: string) => on.post(`/v1.0-alpha1/${operation}/locks`, body);
    const whole = '{"resourceId":"r","lockOwner":"o","expiryInSeconds":60}';

    test.each([
      ["lock", whole],
      ["lock", '{"expiryInSeconds":"1e1"}'],
      ["lock", '{"expiry_in_seconds":2.0,"unknown":{}}'],
      ["unlock", whole],
      ["unlock", ""],
    ])("%s %s", async (operation, body) => {
      const answer = await call(operation, body);
      expect([answer.status, answer.json]).toEqual([
        500,
        { errorCode: "ERR_LOCK_STORE_NOT_CONFIGURED", message: "lock store is not configured" },
      ]);
    });

    test.each(["{}", "", '{"expiryInSeconds":-1}', '{"expiryInSeconds":null}', '{"ExpiryInSeconds":5}'])(
      "an expiry that is not above zero is told first: %s",
      async (body) => {
        const answer = await call("lock", body);
        expect([answer.status, answer.json]).toEqual([
          400,
          {
            errorCode: "ERR_MALFORMED_REQUEST",
            message: "ExpiryInSeconds is not positive in lock store locks",
          },
        ]);
      },
    );

    test("a member that stands twice", async () => {
      const answer = await call("lock", '{"expiryInSeconds":5,"expiryInSeconds":6}');
      expect(answer.status).toBe(on.expected("lock.duplicate-member"));
    });

    test.each([
      "[]",
      "null",
      "x",
      '{"resourceId":5}',
      '{"storeName":5}',
      '{"expiryInSeconds":"x"}',
      '{"expiryInSeconds":1.5}',
      '{"expiryInSeconds":true}',
      '{"expiryInSeconds":99999999999}',
      "{} {}",
      '{"resourceId":"r","resource_id":"q"}',
    ])("what is no message: %s", async (body) => {
      const answer = await call("lock", body);
      expect([answer.status, answer.errorCode]).toEqual([400, "ERR_MALFORMED_REQUEST"]);
      expect(answer.message).toMatch(/^failed deserializing HTTP body: /);
    });
  });

  test("healthy, and metadata list no component", async () => {
    expect((await on.fetch("/v1.0/healthz")).status).toBe(204);
    const { components, id } = (await on.fetch("/v1.0/metadata")).json as {
      components?: unknown[];
      id: string;
    };
    expect([id, components ?? []]).toEqual([on.host.appId, []]);
  });

  test("invocation needs none", async () => {
    const answer = await on.fetch(`/v1.0/invoke/${on.host.peer.appId}/method/greeting`);
    expect([answer.status, answer.text]).toEqual([200, "Hello, World!"]);
  });
}

/** What actors keep for a time, where Dapr's feature for it is on; and actors that nobody hosts, which takes its time. */
export function actorFeatureSuite(definition: HostDefinition): void {
  const on = started(definition, { features: ["ActorStateTTL"] });
  const actor = "/v1.0/actors/Plain/1";
  const keep = (key: string, ttlInSeconds: string) => {
    const request = { key, value: 1, metadata: { ttlInSeconds } };
    return on.post(`${actor}/state`, [{ operation: "upsert", request }]);
  };
  const call = (type: string) => on.fetch(`/v1.0/actors/${type}/1/method/meow`, { method: "POST", body: "" });

  test("state goes when its time is over", async () => {
    await call("Plain");
    expect([(await keep("brief", "1")).status, (await keep("kept", "-1")).status]).toEqual([204, 204]);
    const [brief, kept] = ["brief", "kept"].map((key) => () => on.fetch(`${actor}/state/${key}`));
    await expect.poll(async () => (await brief?.())?.status, { timeout: 5000 }).toBe(204);
    expect((await kept?.())?.text).toBe("1");
    const refused = await keep("kept", "soon");
    expect([refused.status, refused.errorCode]).toEqual([500, "ERR_ACTOR_STATE_TRANSACTION_SAVE"]);
    const lasting = await keep("lasting", "100");
    const found = await on.fetch(`${actor}/state/lasting`);
    expect([lasting.status, found.header("metadata.ttlexpiretime")]).toEqual([
      204,
      expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/),
    ]);
  });

  test("types that nobody hosts", async () => {
    const [unknown, barred] = await Promise.all([call("Nobody"), call("No||body")]);
    expect([unknown.status, unknown.errorCode]).toEqual([500, "ERR_ACTOR_INVOKE_METHOD"]);
    expect(unknown.message).toMatch(/did not find address for actor 'Nobody\W+1'$/);
    expect(barred.errorCode).toBe(on.expected("actors.bars-in-type"));
  });
}

/** Declares the suites that need a start of their own. */
export function configuredSuites(definition: HostDefinition): void {
  describe.runIf(definition.features.has("configurable"))("with tokens", () => tokenSuite(definition));
  const actors = definition.features.has("configurable") && definition.features.has("actors");
  describe.runIf(actors)("with features of actors", () => actorFeatureSuite(definition));
  describe.runIf(definition.features.has("configurable"))("without components", () => bareSuite(definition));
}
