import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { expectedOn } from "../api/differences.ts";
import { describeWithRedis, type RedisServer, startRedis } from "../redis-server.ts";
import { type Kind, kinds, type Launched, temporaryFolder } from "./launch.ts";

/** The book's chapter on secrets (T45): the files as it prints them, but for the store's type. */

const password = "c0rrect-h0rse";

const keyVault = (file: string) => `apiVersion: dapr.io/v1alpha1
kind: Component
metadata:
  name: azurekeyvault
  namespace: default
spec:
  type: secretstores.local.file
  metadata:
  - name: secretsFile
    value: ${file}
`;

const statestore = (redisHost: string, secret = "redisPassword") => `apiVersion: dapr.io/v1alpha1
kind: Component
metadata:
  name: statestore
  namespace: default
spec:
  type: state.redis
  metadata:
  - name: redisHost
    value: ${redisHost}
  - name: redisPassword
    secretKeyRef:
      name: ${secret}
auth:
  secretStore: azurekeyvault
`;

describeWithRedis("the book's secrets", () => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await startRedis({ password });
  });
  afterAll(() => redis.stop());

  for (const kind of kinds) {
    if (kind.missing === undefined) walk(kind, () => redis);
    else test.skip(kind.missing, () => undefined);
  }
});

function walk(kind: Kind, redis: () => RedisServer): void {
  const { folder, remove } = temporaryFolder();
  const file = join(folder, "secrets.json");
  let launched: Launched;
  const get = (name: string) => launched.fetch(`/v1.0/secrets/azurekeyvault/${name}`);
  const expected = <Id extends Parameters<typeof expectedOn>[1]>(id: Id) => expectedOn(kind.dialect, id);

  beforeAll(async () => {
    writeFileSync(file, JSON.stringify({ redisPassword: password, pin: 5 }));
    launched = await kind.launch({
      appId: "secretive",
      folder,
      components: [statestore(redis().address), keyVault(file)],
    });
  }, 60_000);
  afterAll(async () => {
    await launched?.kill();
    remove();
  });

  test(`${kind.name}: a secret, one that is missing, and none that is written`, async () => {
    const found = await get("redisPassword");
    expect([found.status, found.json]).toEqual([200, { redisPassword: password }]);
    const missing = await get("nothing");
    expect([missing.status, missing.errorCode]).toEqual([500, "ERR_SECRET_GET"]);
    for (const method of ["POST", "PUT"]) {
      const path = "/v1.0/secrets/azurekeyvault/redisPassword";
      expect((await launched.fetch(path, { method, body: '{"redisPassword":"mine"}' })).status).toBe(404);
    }
    expect((await get("redisPassword")).json).toEqual({ redisPassword: password });
  });

  test(`${kind.name}: a component opens with a secret that is named without a key`, async () => {
    const saved = await launched.fetch("/v1.0/state/statestore", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: '[{"key":"order","value":1}]',
    });
    expect(saved.status).toBe(204);
    expect((await launched.fetch("/v1.0/state/statestore/order")).text).toBe("1");
    expect(await redis().client.hget("secretive||order", "data")).toBe("1");
  });

  test(`${kind.name}: no output, error or metadata tells it`, async () => {
    const answers = await Promise.all(
      ["/v1.0/metadata", "/v1.0/secrets/azurekeyvault/nothing", "/v1.0/secrets/nowhere/redisPassword"].map(
        (path) => launched.fetch(path),
      ),
    );
    const told = [...answers.map(({ text }) => text), launched.output()].join("\n");
    expect(told).toContain("azurekeyvault");
    expect(told).not.toContain(password);
    expect(readFileSync(file, "utf8")).toContain(password);
  });

  test(`${kind.name}: a number, and a file that has changed`, async () => {
    expect((await get("pin")).json).toEqual({ pin: expected("secrets.number") });
    writeFileSync(file, JSON.stringify({ redisPassword: password, pin: 5, later: "x" }));
    expect((await get("later")).status).toBe(expected("secrets.changed-file"));
  });

  test(`${kind.name}: a component whose secret is not there`, async () => {
    const other = temporaryFolder();
    const opening = kind.launch({
      appId: "lost",
      folder: other.folder,
      components: [memory("nothing"), keyVault(file)],
    });
    const outcome = await opening.then(
      async (open) => {
        await open.kill();
        return "open, with an empty value";
      },
      (error: Error) => error.message,
    );
    if (expected("components.missing-secret") !== "refused by name") {
      expect(outcome).toBe(expected("components.missing-secret"));
    } else {
      expect(outcome).toContain("component statestore");
      expect(outcome).toContain("secret nothing of secret store azurekeyvault cannot be read");
      expect(outcome).not.toContain(password);
    }
    other.remove();
  });
}

/** A store that does not need the secret it refers to. */
const memory = (secret: string) => statestore("unused", secret).replace("state.redis", "state.in-memory");
