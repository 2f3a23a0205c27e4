import { AbstractActor, ActorId, ActorProxyBuilder, CommunicationProtocolEnum, DaprClient } from "@dapr/dapr";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { componentYaml } from "../hosts/components.ts";
import { kinds, type Launched, temporaryFolder } from "./launch.ts";

/** What `apps/sdk-actors.mjs` hosts. */
class Trooper extends AbstractActor {
  watch = () => Promise.resolve();
  stopWatching = () => Promise.resolve();
  told = (): Promise<readonly (readonly [string, unknown])[]> => Promise.resolve([]);
}

describe.each(kinds)("actors of Dapr's own JavaScript SDK with $name", (kind) => {
  if (kind.missing !== undefined) {
    test.skip(kind.missing, () => undefined);
    return;
  }
  // daprd needs its services of placement and of schedules.
  if (kind.dialect === "daprd") {
    test.skip("daprd has no actors without further services", () => undefined);
    return;
  }
  const { folder, remove } = temporaryFolder();
  let launched: Launched;
  let client: DaprClient;

  beforeAll(async () => {
    const metadata = { actorStateStore: "true" };
    launched = await kind.launch({
      ...{ appId: "sdk-actors", app: "sdk-actors.mjs", folder },
      components: [componentYaml({ name: "statestore", type: "state.in-memory", metadata })],
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

  test("timers and reminders are called with what was given, until they are taken back", async () => {
    const trooper = new ActorProxyBuilder<Trooper>(Trooper, client).build(new ActorId("50"));
    await trooper.watch();
    await expect
      .poll(async () => {
        const told = await trooper.told();
        return ["timer", "reminder"].map((from) => told.filter(([kind]) => kind === from).length >= 2);
      })
      .toEqual([true, true]);
    await trooper.stopWatching();
    const told = await trooper.told();
    expect(told).toContainEqual(["timer", "of the timer"]);
    expect(told).toContainEqual(["reminder", "of the reminder"]);
    const shown = await launched.fetch("/v1.0/actors/Trooper/50/reminders");
    expect(shown.json).toMatchObject({
      reminders: [{ name: "later", dueTime: "1m20s", period: "@every 1m20s", data: 17 }],
    });
  });
});
