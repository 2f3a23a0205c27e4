/** Placement through a relay: sockets in memory and a clock that is told to move; at last the relay of Node. */
import { afterEach, describe, expect, it } from "vitest";
import { PlacementClient } from "../../host/actors/placement/placement-client.ts";
import { Relay } from "../../host/mesh/relay.ts";
import { RelayClient } from "../../host/mesh/relay-client.ts";
import type { RelayConnection } from "../../host/mesh/relay-connection.ts";
import { nodePlatform } from "../../host/node/node-platform.ts";
import { startRelay } from "../../host/node/relay-server.ts";
import type { Platform } from "../../host/platform.ts";

import { silent } from "../mesh/memory-sockets.ts";
import { room } from "../mesh/relay-room.ts";
import { RecordingFollower } from "./recording-follower.ts";

function host(
  connection: RelayConnection,
  platform: Platform,
  name: string,
  types: readonly string[] = ["A"],
) {
  const follower = new RecordingFollower();
  const client = new PlacementClient(connection.placement, platform);
  const known = client.join({ name, appId: "as it says", namespace: "as it says", types }, follower);
  return { client, follower, known, name };
}

/** A relay that has run for long enough to know of everybody. */
async function settled() {
  const relays = room();
  await relays.clock.advance(7_000);
  return relays;
}

describe("members of a relay", () => {
  it("have one table, in which app ids are those that the relay knows; a connection may have several", async () => {
    const { clock, platform, member, relay } = await settled();
    const [a, b] = [await member("app-a"), await member("app-b")];
    const pages = ["1", "2"].map((page) => host(a, platform, `${a.instance}/${page}`));
    const node = host(b, platform, b.instance, ["A", "B"]);
    await clock.advance(100);
    for (const { follower, client } of [...pages, node]) {
      expect(follower.hosts("A")).toEqual([`${a.instance}/1`, `${a.instance}/2`, b.instance]);
      expect(follower.appsOf("A")).toEqual(["app-a", "app-a", "app-b"]);
      expect([client.valid, client.name]).toEqual([true, "relay ws://relay.example"]);
    }
    expect(relay.placement("default")).toMatchObject({
      hostList: [{ namespace: "default", appId: "app-a" }, {}, { appId: "app-b", actorTypes: ["A", "B"] }],
    });
    await node.client.leave();
    await clock.advance(10);
    expect(pages[0]?.follower.hosts("A")).toHaveLength(2);
  });

  it("keep what they have over a lost socket, and over a relay that starts anew", async () => {
    const { clock, platform, member, sockets } = await settled();
    const [a, b] = [await member("a"), await member("b")];
    const hosts = [host(a, platform, a.instance), host(b, platform, b.instance)];
    await clock.advance(1_000);
    sockets.cut();
    await clock.advance(8_000);
    const before = hosts[0]?.follower.term as number;
    expect(hosts.map(({ follower }) => follower.hosts("A").length)).toEqual([2, 2]);
    sockets.relay = new Relay({ platform, grants: [] });
    sockets.cut();
    await clock.advance(5_000);
    // Others may be at work by the tables of the relay before: these go on with theirs meanwhile.
    expect(hosts.map(({ follower }) => [follower.term, follower.hosts("A").length])).toEqual([
      [before, 2],
      [before, 2],
    ]);
    await clock.advance(5_000);
    for (const { follower, client } of hosts) {
      expect(follower.term).toBeGreaterThan(before);
      expect([follower.losses, client.valid, follower.hosts("A").length]).toEqual([0, true, 2]);
    }
  });

  it("lose their actors before others own them, while no relay answers", async () => {
    const { clock, platform, member, sockets } = await settled();
    const [a, b] = [await member("a"), await member("b")];
    const hosts = [host(a, platform, a.instance), host(b, platform, b.instance)];
    await clock.advance(1_000);
    sockets.up = false;
    sockets.cut();
    await clock.advance(4_500);
    expect(hosts.map(({ follower, client }) => [follower.losses, client.valid])).toEqual([
      [1, false],
      [1, false],
    ]);
    sockets.up = true;
    await clock.advance(15_000);
    expect(hosts.map(({ follower }) => follower.hosts("A").length)).toEqual([2, 2]);
  });

  it("take no part under the name of another instance, nor in another namespace, nor by saying nonsense", async () => {
    const { clock, platform, member, open, stranger } = await settled();
    const [a, evil] = [await member("a"), await member("evil")];
    const { follower } = host(a, platform, a.instance);
    const impostor = host(evil, platform, a.instance);
    const elsewhere = await open("c", undefined, "default", "other");
    await elsewhere.transport.join({ appId: "c", namespace: "other", instance: "c-1" }, async () => {
      throw new Error("nothing is called");
    });
    const other = host(elsewhere, platform, "c-1");
    const { hello, say, closed } = await stranger();
    await hello("s");
    const encoder = new TextEncoder();
    for (const text of ["", "null", "[]", "{", '{"t":"join"}', `{"t":"leave","key":"k","incarnation":1e99}`])
      await say({ t: "placement" }, encoder.encode(text));
    await clock.advance(3_000);
    expect([follower.hosts("A"), impostor.client.valid, other.follower.hosts("A"), closed()]).toEqual([
      [a.instance],
      false,
      ["c-1"],
      undefined,
    ]);
  });
});

describe("the relay of Node", () => {
  const running: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const stop of running.splice(0).reverse()) await stop();
  });

  it("tells by HTTP who hosts what, to those who have a token", async () => {
    const times = { leaseMs: 500, takeOverMs: 1_000, phaseMs: 2_000, pingMs: 50 };
    const relay = await startRelay({ port: 0, token: "t", log: silent, placementTimes: times });
    running.push(() => relay.close());
    const platform = nodePlatform(silent);
    const { url } = relay;
    const connection = await new RelayClient(platform).open({
      url,
      room: "default",
      token: "t",
      appId: "cars",
      namespace: "default",
    });
    running.push(() => connection.release());
    await connection.transport.join({ appId: "cars", namespace: "default", instance: "i-1" }, async () => {
      throw new Error("nothing is called");
    });
    const { client, follower } = host(connection, platform, "i-1", ["Car"]);
    await expect.poll(() => follower.hosts("Car"), { interval: 20 }).toEqual(["i-1"]);
    const ask = (token: string) =>
      fetch(`${url.replace("ws:", "http:")}/placement/state`, { headers: { "dapr-api-token": token } });
    await expect
      .poll(async () => (await ask("t")).json(), { interval: 20 })
      .toEqual({
        hostList: [
          {
            name: "i-1",
            namespace: "default",
            appId: "cars",
            actorTypes: ["Car"],
            updatedAt: expect.any(Number),
          },
        ],
        replicationFactor: 100,
        tableVersion: expect.any(Number),
      });
    expect((await ask("other")).status).toBe(401);
    await client.leave();
  });
});
