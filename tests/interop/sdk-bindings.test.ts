import { join } from "node:path";
import { CommunicationProtocolEnum, DaprClient, HttpMethod } from "@dapr/dapr";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { componentYaml } from "../hosts/components.ts";
import { startTarget, type Target } from "../hosts/target.ts";
import { kinds, type Launched, temporaryFolder } from "./launch.ts";

describe.each(kinds)("bindings by Dapr's own JavaScript SDK with $name", (kind) => {
  if (kind.missing !== undefined) {
    test.skip(kind.missing, () => undefined);
    return;
  }
  const { folder, remove } = temporaryFolder();
  const appId = `sdk-bindings-${Math.random().toString(36).slice(2, 8)}`;
  // daprd has no queue in memory.
  const queue = kind.dialect === "daprlet";
  let target: Target;
  let launched: Launched;
  let client: DaprClient;

  beforeAll(async () => {
    target = await startTarget();
    const components = [
      { name: "target", type: "bindings.http", metadata: { url: target.url } },
      { name: "files", type: "bindings.localstorage", metadata: { rootPath: join(folder, "files") } },
      { name: "tick", type: "bindings.cron", metadata: { schedule: "@every 1s" } },
      ...(queue ? [{ name: "queue", type: "bindings.in-memory", metadata: {} }] : []),
    ].map(componentYaml);
    launched = await kind.launch({ appId, app: "sdk-bindings.mjs", folder, components });
    const options = { daprHost: "127.0.0.1", daprPort: String(launched.port) };
    client = new DaprClient({ ...options, communicationProtocol: CommunicationProtocolEnum.HTTP });
  }, 60_000);
  afterAll(async () => {
    await client?.stop();
    await launched?.kill();
    await target?.close();
    remove();
  });

  const received = async (name: string) => {
    const all = (await client.invoker.invoke(appId, "received", HttpMethod.GET)) as {
      name: string;
      data: unknown;
    }[];
    return all.filter((one) => one.name === name).map(({ data }) => data);
  };

  test("output", async () => {
    expect(await client.binding.send("target", "create", { n: 1 }, { path: "/a" })).toMatchObject({
      method: "POST",
      uri: "/a",
      body: '{"n":1}',
    });
    await client.binding.send("files", "create", "the text", { fileName: "one" });
    expect(await client.binding.send("files", "get", undefined, { fileName: "one" })).toBe("the text");
    await expect(client.binding.send("nowhere", "create", 1)).rejects.toThrow(/ERR_INVOKE_OUTPUT_BINDING/);
  });

  test("input", async () => {
    await expect.poll(async () => (await received("tick")).length, { timeout: 5_000 }).toBeGreaterThan(0);
    if (!queue) return;
    await client.binding.send("queue", "create", { n: 2 });
    await expect.poll(() => received("queue")).toEqual([{ n: 2 }]);
  });
});
