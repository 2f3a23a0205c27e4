import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { CommunicationProtocolEnum, DaprClient } from "@dapr/dapr";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { componentYaml } from "../hosts/components.ts";
import { kinds, type Launched, temporaryFolder } from "./launch.ts";

/** What the SDK calls the numbers of an unlock; it does not export them. */
const [released, missing, foreign] = [0, 1, 2];

/** Secrets and locks; configuration the SDK speaks by gRPC only. */
describe.each(kinds)("Dapr's own JavaScript SDK with $name", (kind) => {
  if (kind.missing !== undefined) {
    test.skip(kind.missing, () => undefined);
    return;
  }
  const { folder, remove } = temporaryFolder();
  // The build of daprd that the tests run against has no lock store.
  const locks = kind.dialect === "daprlet";
  let launched: Launched;
  let client: DaprClient;

  beforeAll(async () => {
    const secretsFile = join(folder, "secrets.json");
    writeFileSync(secretsFile, JSON.stringify({ redisPassword: "pw", nested: { user: "u" } }));
    const secrets = { name: "secrets", type: "secretstores.local.file", metadata: { secretsFile } };
    launched = await kind.launch({
      appId: "sdk-blocks",
      folder,
      components: [
        componentYaml(secrets),
        ...(locks ? [componentYaml({ name: "locks", type: "lock.in-memory", metadata: {} })] : []),
      ],
    });
    client = new DaprClient({
      daprHost: "127.0.0.1",
      daprPort: String(launched.port),
      communicationProtocol: CommunicationProtocolEnum.HTTP,
    });
  }, 60_000);
  afterAll(async () => {
    await client?.stop();
    await launched?.kill();
    remove();
  });

  test("a secret, and all of them", async () => {
    expect(await client.secret.get("secrets", "redisPassword")).toEqual({ redisPassword: "pw" });
    expect(await client.secret.getBulk("secrets")).toEqual({
      redisPassword: { redisPassword: "pw" },
      "nested:user": { "nested:user": "u" },
    });
    await expect(client.secret.get("secrets", "nothing")).rejects.toThrow(/ERR_SECRET_GET/);
    await expect(client.secret.get("nowhere", "redisPassword")).rejects.toThrow(/ERR_SECRET_STORE_NOT_FOUND/);
  });

  test.runIf(locks)("a lock, and its release", async () => {
    const lock = (owner: string) => client.lock.lock("locks", "resource", owner, 60);
    const unlock = async (owner: string) => (await client.lock.unlock("locks", "resource", owner)).status;
    expect(await lock("a")).toEqual({ success: true });
    expect(await lock("b")).toEqual({ success: false });
    expect(await unlock("b")).toBe(foreign);
    expect(await unlock("a")).toBe(released);
    expect(await unlock("a")).toBe(missing);
    await expect(client.lock.lock("nowhere", "resource", "a", 60)).rejects.toThrow(
      /ERR_LOCK_STORE_NOT_FOUND/,
    );
  });
});
