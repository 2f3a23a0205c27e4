import { CommunicationProtocolEnum, DaprClient, HttpMethod } from "@dapr/dapr";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { kinds, type Launched, temporaryFolder } from "./launch.ts";

interface Received {
  readonly topic: string;
  readonly data: unknown;
}

describe.each(kinds)("Dapr's own JavaScript SDK with $name", (kind) => {
  if (kind.missing !== undefined) {
    test.skip(kind.missing, () => undefined);
    return;
  }
  const { folder, remove } = temporaryFolder();
  const appId = `sdk-${Math.random().toString(36).slice(2, 8)}`;
  let launched: Launched;
  let client: DaprClient;

  beforeAll(async () => {
    launched = await kind.launch({ appId, app: "sdk.mjs", folder });
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

  const received = async (topic: string, mark: string) => {
    const all = (await client.invoker.invoke(appId, "received", HttpMethod.GET)) as Received[];
    return all.filter((one) => one.topic === topic && JSON.stringify(one.data).includes(mark));
  };

  test("health and metadata", async () => {
    expect(await client.health.isHealthy()).toBe(true);
    const metadata = (await client.metadata.get()) as { id: string; components: { name: string }[] };
    expect(metadata.id).toBe(appId);
    expect(metadata.components.map(({ name }) => name).sort()).toEqual(["pubsub", "statestore"]);
    expect(await client.metadata.set("from-the-sdk", "a value")).toBe(true);
    const { extended } = (await client.metadata.get()) as { extended: Record<string, string> };
    expect(extended["from-the-sdk"]).toBe("a value");
  });

  test("state: save, get, delete", async () => {
    const saved = await client.state.save("statestore", [
      { key: "one", value: { a: 1 } },
      { key: "two", value: "text" },
      { key: "three", value: 3 },
    ]);
    expect(saved.error).toBeUndefined();
    expect(await client.state.get("statestore", "one")).toEqual({ a: 1 });
    expect(await client.state.get("statestore", "two")).toBe("text");
    const deleted = await client.state.delete("statestore", "one");
    expect(deleted.error).toBeUndefined();
    expect(await client.state.get("statestore", "one")).toBe("");
  });

  test("state: bulk get", async () => {
    await client.state.save("statestore", [
      { key: "b-1", value: 1 },
      { key: "b-2", value: { two: 2 } },
    ]);
    const items = await client.state.getBulk("statestore", ["b-1", "b-2", "b-3"]);
    const data = new Map(items.map(({ key, data }) => [key, data]));
    expect([data.get("b-1"), data.get("b-2"), data.get("b-3")]).toEqual([1, { two: 2 }, undefined]);
  });

  test("state: transaction", async () => {
    await client.state.save("statestore", [{ key: "t-2", value: "goes" }]);
    await client.state.transaction("statestore", [
      { operation: "upsert", request: { key: "t-1", value: "comes" } },
      { operation: "delete", request: { key: "t-2" } },
    ]);
    expect(await client.state.get("statestore", "t-1")).toBe("comes");
    expect(await client.state.get("statestore", "t-2")).toBe("");
  });

  test("state: a stale ETag is an error, the current one is not", async () => {
    await client.state.save("statestore", [{ key: "e", value: 1 }]);
    const [item] = await client.state.getBulk("statestore", ["e"]);
    const write = (value: number) =>
      client.state.save("statestore", [
        {
          key: "e",
          value,
          etag: { value: item?.etag as string } as never,
          options: { concurrency: 1 } as never,
        },
      ]);
    // The SDK wraps an ETag in an object, which Dapr's HTTP API does not take: also an error, and nothing written.
    expect((await write(2)).error).toBeDefined();
    expect(await client.state.get("statestore", "e")).toBe(1);
  });

  test("invocation: verbs, body and query", async () => {
    const answer = await client.invoker.invoke(appId, "hello?from=sdk", HttpMethod.POST, { name: "World" });
    const { body, query } = answer as { body: string; query: string };
    expect(JSON.parse(body)).toEqual({ name: "World" });
    expect(query).toContain("from=sdk");
    await expect(client.invoker.invoke(appId, "absent", HttpMethod.GET)).rejects.toThrow(/404/);
    await expect(client.invoker.invoke("nobody-here", "x", HttpMethod.GET)).rejects.toThrow(
      /ERR_DIRECT_INVOKE/,
    );
  });

  test("publish and subscribe: JSON, text, and once more after RETRY", async () => {
    const mark = Math.random().toString(36).slice(2);
    const published = await client.pubsub.publish("pubsub", "orders", { mark });
    expect(published.error).toBeUndefined();
    await client.pubsub.publish("pubsub", "orders", `text ${mark}`);
    await expect.poll(async () => (await received("orders", mark)).length, { timeout: 8000 }).toBe(2);
    const data = (await received("orders", mark)).map((one) => one.data);
    expect(data).toContainEqual({ mark });
    expect(data).toContainEqual(`text ${mark}`);
    await client.pubsub.publish("pubsub", "refused-once", { mark });
    // daprd's pubsub.in-memory does not deliver again.
    const times = kind.dialect === "daprd" ? 1 : 2;
    await expect
      .poll(async () => (await received("refused-once", mark)).length, { timeout: 8000 })
      .toBe(times);
  });

  test("publishing to a pub/sub that is not there is an error", async () => {
    const published = await client.pubsub.publish("nowhere", "orders", {});
    expect(published.error?.message).toContain("ERR_PUBSUB_NOT_FOUND");
  });
});
