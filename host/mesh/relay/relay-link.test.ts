import { describe, expect, it } from "vitest";
import { collector, delivery, event, request, room } from "../../../tests/mesh/relay-room.ts";
import { RelayClient } from "../relay-client.ts";
import { closeCodes } from "../relay-protocol.ts";

describe("a lost connection", () => {
  it("comes back, is known again and goes on receiving", async () => {
    const { member, sockets, clock } = room();
    const a = await member("a");
    const b = await member("b");
    const { got } = collector(b, "t", "b");
    await clock.advance(0);
    sockets.cut();
    await clock.advance(500);
    expect(sockets.connected).toBe(4);
    await a.publish(event("t", "after"));
    await clock.advance(10);
    expect(got).toEqual(["after"]);
    expect((await a.mesh.invoke("b", "default", request("/"))).status).toBe(200);
    expect((await b.mesh.invoke("a", "default", request("/"))).status).toBe(200);
  });

  it("publishes once what was sent again because its answer was lost", async () => {
    const { member, sockets, clock } = room();
    const a = await member("a");
    const b = await member("b");
    const { got } = collector(b, "t", "b");
    await clock.advance(0);
    sockets.deaf = true;
    let published = false;
    void a.publish(event("t", "once")).then(() => {
      published = true;
    });
    await clock.advance(10);
    expect(published).toBe(false);
    sockets.cut();
    await clock.advance(500);
    expect(published).toBe(true);
    expect(got).toEqual(["once"]);
  });

  it("hands out once what a handler was still at, when the session comes back in time", async () => {
    const { member, sockets, clock } = room();
    const a = await member("a");
    const b = await member("b");
    const attempts: number[] = [];
    let finish: () => void = () => undefined;
    await b.subscribe(
      { topic: "t", consumerId: "b", metadata: new Map() },
      ({ attempt }) => {
        attempts.push(attempt);
        return new Promise((resolve) => {
          finish = resolve;
        });
      },
      delivery,
    );
    await a.publish(event("t", "1"));
    await clock.advance(10);
    sockets.cut();
    await clock.advance(1_000);
    finish();
    await clock.advance(60_000);
    expect(attempts).toEqual([1]);
  });

  it("does not hand out again what was consumed while away", async () => {
    const { member, sockets, clock } = room();
    const a = await member("a");
    const b = await member("b");
    let finish: () => void = () => undefined;
    let calls = 0;
    await b.subscribe(
      { topic: "t", consumerId: "b", metadata: new Map() },
      () => {
        calls++;
        return new Promise((resolve) => {
          finish = resolve;
        });
      },
      delivery,
    );
    await a.publish(event("t", "1"));
    await clock.advance(10);
    sockets.up = false;
    sockets.cut();
    await clock.advance(100);
    finish();
    await clock.advance(100);
    sockets.up = true;
    await clock.advance(60_000);
    expect(calls).toBe(1);
  });

  it("that does not come back leaves its events to others", async () => {
    const { member, open, sockets, clock, relay } = room();
    const a = await member("a");
    const stuck = await open("b");
    let held = 0;
    await stuck.subscribe(
      { topic: "t", consumerId: "b", metadata: new Map() },
      () => {
        held++;
        return new Promise(() => undefined);
      },
      delivery,
    );
    for (let i = 0; i < 5; i++) await a.publish(event("t", String(i)));
    await clock.advance(10);
    expect(held).toBe(5);
    // All are cut, and from here on only new members reach the relay.
    sockets.relay = undefined;
    sockets.cut();
    await clock.advance(3_500);
    sockets.relay = relay;
    const other = collector(await open("b"), "t", "b");
    await clock.advance(10);
    expect(other.got).toEqual(["0", "1", "2", "3", "4"]);
  });

  it("makes publishing wait for some seconds, and then say that no relay answers", async () => {
    const { member, sockets, clock } = room();
    const a = await member("a");
    sockets.up = false;
    sockets.cut();
    await clock.advance(10);
    const waiting = a.publish(event("t", "1"));
    waiting.catch(() => undefined);
    await clock.advance(4_100);
    await expect(waiting).rejects.toMatchObject({
      code: "UNAVAILABLE",
      message: expect.stringContaining("daprlet relay"),
    });
    await expect(a.publish(event("t", "2"))).rejects.toMatchObject({ code: "UNAVAILABLE" });
    sockets.up = true;
    await clock.advance(10_000);
    await a.publish(event("t", "3"));
  });

  it("refuses more publishes than may wait", async () => {
    const { member, sockets, clock } = room();
    const a = await member("a");
    sockets.up = false;
    sockets.cut();
    await clock.advance(10);
    const waiting = Array.from({ length: 1_024 }, () => a.publish(event("t", "x")));
    for (const publish of waiting) publish.catch(() => undefined);
    await expect(a.publish(event("t", "one more"))).rejects.toMatchObject({ code: "RESOURCE_EXHAUSTED" });
    sockets.up = true;
    await clock.advance(1_000);
    await Promise.all(waiting);
    await a.publish(event("t", "one more"));
  });

  it("is noticed by the member and by the relay when nothing is heard", async () => {
    const { member, sockets, clock, stranger } = room();
    await member("a");
    const quiet = await stranger();
    await quiet.hello("q");
    await clock.advance(59_000);
    expect(quiet.closed()).toBeUndefined();
    await clock.advance(2_000);
    expect(quiet.closed()).toBe(closeCodes.silent);
    expect(sockets.connected).toBe(1);
    sockets.deaf = true;
    await clock.advance(70_000);
    sockets.deaf = false;
    await clock.advance(20_000);
    expect(sockets.connected).toBeGreaterThan(1);
  });
});

describe("opening", () => {
  it("says that no relay answers", async () => {
    const { open, sockets, clock } = room();
    sockets.up = false;
    const opening = open("a");
    opening.catch(() => undefined);
    await clock.advance(4_100);
    await expect(opening).rejects.toMatchObject({
      code: "UNAVAILABLE",
      message: expect.stringContaining("daprlet relay"),
    });
    // Given up: it does not go on trying.
    expect(clock.pending).toBe(0);
  });

  it("waits for a relay that starts a moment later", async () => {
    const { open, sockets, clock } = room();
    sockets.up = false;
    const opening = open("a");
    await clock.advance(1_000);
    sockets.up = true;
    await clock.advance(2_000);
    await (await opening).publish(event("t", "1"));
  });

  it("refuses what is no address of a relay", async () => {
    const { platform } = room();
    const rest = { room: "r", token: undefined, appId: "a", namespace: "default" };
    for (const url of ["http://localhost:1", "localhost:1", "", "nonsense", "ws://u:p@localhost"]) {
      await expect(new RelayClient(platform).open({ url, ...rest })).rejects.toMatchObject({
        code: "INVALID_ARGUMENT",
      });
    }
  });

  it("shares a socket among those who ask for the same, until the last has released it", async () => {
    const { platform, sockets, clock } = room();
    const client = new RelayClient(platform);
    const options = { url: "ws://r", room: "r", token: undefined, appId: "a", namespace: "default" };
    const [one, two] = await Promise.all([client.open(options), client.open(options)]);
    expect(sockets.connected).toBe(1);
    expect(one.transport).toBe(two.transport);
    await one.release();
    await one.release();
    await two.publish(event("t", "1"));
    await two.release();
    await expect(two.publish(event("t", "2"))).rejects.toMatchObject({ code: "UNAVAILABLE" });
    expect(clock.pending).toBe(0);
  });
});
