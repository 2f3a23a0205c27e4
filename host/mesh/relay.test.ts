import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MemorySockets } from "../../tests/mesh/memory-sockets.ts";
import { AppUnreachableError } from "../channel/app-channel.ts";
import type { Message, PublishRequest } from "../components/pubsub/pubsub.ts";
import { FakeClock } from "../fake-clock.ts";
import { type RuntimeRequest, type RuntimeResponse, readBody } from "../http.ts";
import type { Socket, SocketEvents } from "../platform.ts";
import { Mesh } from "./mesh.ts";
import { ByteBudget, MemoryRelayLog } from "./relay/memory-relay-log.ts";
import { Relay, type RelayConfiguration } from "./relay.ts";
import { RelayClient } from "./relay-client.ts";
import type { RelayConnection } from "./relay-connection.ts";
import { closeCodes, decodeFrame, encodeFrame, type Frame, window } from "./relay-protocol.ts";
import type { Receiver } from "./transport.ts";

const encoder = new TextEncoder();
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const delivery = { concurrency: 10, backOff: { initialMs: 1_000, maxMs: 30_000 } };
const request = (path: string, rest: Partial<RuntimeRequest> = {}): RuntimeRequest => ({
  method: "GET",
  path,
  query: "",
  headers: [],
  body: undefined,
  ...rest,
});
const say = (words: string): RuntimeResponse => ({ status: 200, headers: [], body: encoder.encode(words) });
const event = (topic: string, words: string, extra: Partial<PublishRequest> = {}): PublishRequest => ({
  topic,
  data: encoder.encode(words),
  contentType: undefined,
  metadata: new Map(),
  requestId: undefined,
  ...extra,
});

function room(configuration: Partial<RelayConfiguration> = {}) {
  const clock = new FakeClock();
  const sockets = new MemorySockets(clock);
  const platform = sockets.platform();
  const relay = new Relay({ platform, grants: [], ...configuration });
  sockets.relay = relay;
  let instances = 0;

  async function open(appId: string, token?: string, roomName = "default", namespace = "default") {
    const client = new RelayClient(platform);
    return await client.open({ url: "ws://relay.example", room: roomName, token, appId, namespace });
  }
  async function member(appId: string, receive: Receiver = async () => say(appId)) {
    const connection = await open(appId);
    const instance = `${appId}-${++instances}`;
    await connection.transport.join({ appId, namespace: "default", instance }, receive);
    await clock.advance(0);
    return { ...connection, instance, mesh: new Mesh([connection.transport], platform) };
  }
  /** A socket that says what it likes, and what it hears. */
  async function stranger() {
    const heard: Frame[] = [];
    let closed: number | undefined;
    const socket = relay.accept(
      {
        send: (data) => heard.push(decodeFrame(data as Uint8Array, 1 << 20).frame),
        buffered: 0,
        close: (code) => {
          closed = code;
        },
      },
      "192.0.2.66",
    );
    return {
      heard,
      closed: () => closed,
      async say(frame: unknown, body?: Uint8Array) {
        socket.message(encodeFrame(frame as Frame, body));
        await clock.advance(0);
      },
      raw: (data: string | Uint8Array) => socket.message(data),
      async hello(appId: string, more: Record<string, unknown> = {}) {
        socket.message(
          encodeFrame({ t: "hello", v: 1, room: "default", appId, namespace: "default", ...more } as Frame),
        );
        await clock.advance(0);
      },
    };
  }
  return { clock, sockets, platform, relay, open, member, stranger };
}

function collector(connection: RelayConnection, topic: string, consumerId: string) {
  const got: string[] = [];
  const subscribed = connection.subscribe(
    { topic, consumerId, metadata: new Map() },
    async (message: Message) => void got.push(text(message.data)),
    delivery,
  );
  return { got, subscribed };
}

describe("calls through a relay", () => {
  it("carry everything both ways, and say who calls", async () => {
    const { member } = room();
    const a = await member("a");
    const got: unknown[] = [];
    await member("b", async ({ method, path, query, headers, body }, caller) => {
      got.push({ method, path, query, headers, body: text(await readBody(body)) }, caller);
      return { status: 418, headers: ["x-two", "a", "x-two", "b"], body: encoder.encode("teapot") };
    });
    const headers = ["x-m", "1", "x-m", "2", "dapr-caller-app-id", "evil"];
    const response = await a.mesh.invoke(
      "b",
      "default",
      request("/p", { method: "PUT", query: "q=1", headers, body: encoder.encode("body") }),
    );
    expect(response).toMatchObject({ status: 418, headers: ["x-two", "a", "x-two", "b"] });
    expect(text(await readBody(response.body))).toBe("teapot");
    expect(got).toEqual([
      { method: "PUT", path: "/p", query: "q=1", headers, body: "body" },
      { appId: "a", namespace: "default", address: "192.0.2.1" },
    ]);
  });

  it("find nobody who is not there, and nobody in another namespace or room", async () => {
    const { member, open } = room();
    const a = await member("a");
    const elsewhere = await open("b", undefined, "other");
    await elsewhere.transport.join({ appId: "b", namespace: "default", instance: "b-x" }, async () =>
      say("wrong"),
    );
    await expect(a.mesh.invoke("b", "default", request("/"))).rejects.toThrow("couldn't find service: b");
    await member("b");
    await expect(a.mesh.invoke("b", "other", request("/"))).rejects.toThrow("couldn't find service: b");
    expect((await a.mesh.invoke("b", "default", request("/"))).status).toBe(200);
  });

  it("are shared evenly, and go on when one leaves", async () => {
    const { member, clock } = room();
    const a = await member("a");
    const counts = [0, 0];
    const bs = await Promise.all(
      counts.map((_, i) =>
        member("b", async () => {
          counts[i] = (counts[i] as number) + 1;
          return say("b");
        }),
      ),
    );
    for (let i = 0; i < 10; i++) await a.mesh.invoke("b", "default", request("/"));
    expect(counts).toEqual([5, 5]);
    await bs[0]?.transport.close();
    await clock.advance(0);
    for (let i = 0; i < 10; i++) await a.mesh.invoke("b", "default", request("/"));
    expect(counts).toEqual([5, 15]);
  });

  it("stream large bodies both ways, never further ahead than the reader lets them", async () => {
    const { member, clock } = room();
    const a = await member("a");
    await member("echo", async ({ body }) => ({ status: 200, headers: [], body }));
    let produced = 0;
    const size = 40;
    const body = new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          if (produced === size) return controller.close();
          controller.enqueue(new Uint8Array(100_000).fill(++produced));
        },
      },
      { highWaterMark: 0 },
    );
    const response = await a.mesh.invoke("echo", "default", request("/", { method: "POST", body }));
    await clock.advance(1000);
    const ahead = produced * 100_000;
    expect(ahead).toBeLessThan(4 * window + 1_000_000);
    expect(ahead).toBeLessThan(size * 100_000);
    const back = await readBody(response.body);
    expect([back.byteLength, back[0], back[150_000], back.at(-1)]).toEqual([4_000_000, 1, 2, 40]);
  });

  it("carry large bytes", async () => {
    const { member } = room();
    const a = await member("a");
    await member("echo", async ({ body }) => ({ status: 200, headers: [], body: await readBody(body) }));
    const bytes = new Uint8Array(3_000_001).map((_, i) => i % 251);
    const response = await a.mesh.invoke("echo", "default", request("/", { method: "POST", body: bytes }));
    expect(Buffer.compare(await readBody(response.body), bytes)).toBe(0);
  });

  it("hand over a first chunk before the last is there, and end the source when the reader leaves", async () => {
    const { member, clock } = room();
    const a = await member("a");
    let cancelled = false;
    await member("b", async () => ({
      status: 200,
      headers: [],
      body: new ReadableStream<Uint8Array>({
        async pull(controller) {
          controller.enqueue(encoder.encode("data\n\n"));
          await new Promise<void>((resolve) => void clock.after(100, resolve));
        },
        cancel() {
          cancelled = true;
        },
      }),
    }));
    const { body } = await a.mesh.invoke("b", "default", request("/"));
    const reader = (body as ReadableStream<Uint8Array>).getReader();
    expect(text((await reader.read()).value as Uint8Array)).toBe("data\n\n");
    await reader.cancel();
    await clock.advance(1000);
    expect(cancelled).toBe(true);
  });

  it("tell the callee that the caller has gone, also when its connection is lost", async () => {
    for (const how of ["aborts", "is cut"] as const) {
      const { member, clock, sockets } = room();
      const a = await member("a");
      let gone = 0;
      await member("b", ({ signal }) => {
        return new Promise((_, reject) => {
          signal?.addEventListener("abort", () => {
            gone++;
            reject(signal.reason);
          });
        });
      });
      const caller = new AbortController();
      const call = a.mesh.invoke("b", "default", request("/", { signal: caller.signal }));
      call.catch(() => undefined);
      await clock.advance(10);
      if (how === "aborts") caller.abort(new Error("left"));
      else sockets.cut();
      await clock.advance(10);
      expect(gone).toBe(1);
      await expect(call).rejects.toThrow(how === "aborts" ? "left" : "connection to the relay was lost");
    }
  });

  it("fail as sent when the callee is lost, and a streaming answer fails its reader", async () => {
    const { member, clock } = room();
    const a = await member("a");
    const b = await member("b", () => new Promise(() => undefined));
    const call = a.mesh.invoke("b", "default", request("/"));
    call.catch(() => undefined);
    await clock.advance(10);
    await b.release();
    await expect(call).rejects.toMatchObject({ name: "UnavailableError", sent: true });
    const c = await member("c", async () => ({ status: 200, headers: [], body: new ReadableStream() }));
    const { body } = await a.mesh.invoke("c", "default", request("/"));
    await c.release();
    await clock.advance(10);
    await expect(readBody(body)).rejects.toThrow("lost");
  });

  it("under way are answered before a member has left, and later ones go elsewhere", async () => {
    const { member, clock } = room();
    const a = await member("a");
    let finish: (response: RuntimeResponse) => void = () => undefined;
    const leaving = await member("b", () => {
      return new Promise((resolve) => {
        finish = resolve;
      });
    });
    const call = a.mesh.invoke("b", "default", request("/"));
    await clock.advance(10);
    let left = false;
    const closing = leaving.transport.close().then(() => {
      left = true;
    });
    await member("b", async () => say("other"));
    expect(text(await readBody((await a.mesh.invoke("b", "default", request("/"))).body))).toBe("other");
    expect(left).toBe(false);
    finish(say("late"));
    expect(text(await readBody((await call).body))).toBe("late");
    await closing;
  });

  it("tell apart an app that is gone from one that was lost", async () => {
    const { member } = room();
    const a = await member("a");
    let sent = false;
    await member("b", async () => {
      throw new AppUnreachableError("no app here", { sent });
    });
    for (sent of [false, true]) {
      await expect(a.mesh.invoke("b", "default", request("/"))).rejects.toMatchObject({
        name: "AppUnreachableError",
        message: "no app here",
        sent,
      });
    }
  });

  it("pass on a request's own failure, and tell the callee", async () => {
    const { member, clock } = room();
    const a = await member("a");
    let ended = "";
    await member("b", async ({ body }) => {
      await readBody(body).catch((error: Error) => {
        ended = error.name;
      });
      return say("late");
    });
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(new Uint8Array(10));
        controller.error(new Error("the source broke"));
      },
    });
    await expect(a.mesh.invoke("b", "default", request("/", { method: "POST", body }))).rejects.toThrow(
      "the source broke",
    );
    await clock.advance(10);
    expect(ended).toBe("AbortError");
  });
});

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

describe("who may join", () => {
  const grants = [
    { token: "all" },
    { token: "only-b", appId: "b" },
    { token: "only-room", room: "attic" },
    { token: "only-ns", namespace: "prod" },
  ];
  const cases: [
    string,
    { token?: string; appId?: string; room?: string; namespace?: string },
    number | undefined,
  ][] = [
    ["a token for all", { token: "all" }, undefined],
    ["no token", {}, closeCodes.token],
    ["an empty token", { token: "" }, closeCodes.token],
    ["a wrong token", { token: "alL" }, closeCodes.token],
    ["a token with more behind it", { token: "all!" }, closeCodes.token],
    ["a token of this app", { token: "only-b", appId: "b" }, undefined],
    ["a token of another app", { token: "only-b" }, closeCodes.identity],
    ["a token of this room", { token: "only-room", room: "attic" }, undefined],
    ["a token of another room", { token: "only-room" }, closeCodes.identity],
    ["a token of another namespace", { token: "only-ns" }, closeCodes.identity],
    ["an app id with a slash", { token: "all", appId: "a/b" }, closeCodes.identity],
    ["an empty app id", { token: "all", appId: "" }, closeCodes.identity],
    ["an app id with a control character", { token: "all", appId: "a\nb" }, closeCodes.identity],
    ["an app id of the prototype", { token: "all", appId: "__proto__" }, undefined],
  ];
  for (const [name, { appId = "a", ...rest }, code] of cases) {
    it(`${name}: ${code ?? "welcome"}`, async () => {
      const { stranger } = room({ grants });
      const one = await stranger();
      await one.hello(appId, rest);
      expect(one.closed()).toBe(code);
      expect(one.heard.map(({ t }) => t)).toEqual([code === undefined ? "welcome" : "refused"]);
      const before = one.heard.length;
      if (code !== undefined) {
        await one.hello(appId, { ...rest, token: "all" });
        expect(one.heard.length).toBe(before);
      }
    });
  }

  it("tells the member why, for good", async () => {
    const { open, clock, sockets } = room({ grants });
    await expect(open("a", "wrong")).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
    await clock.advance(60_000);
    expect(sockets.connected).toBe(1);
  });

  it("refuses another version, naming both", async () => {
    const { stranger } = room();
    const one = await stranger();
    await one.hello("a", { v: 2 });
    expect(one.closed()).toBe(closeCodes.protocol);
    expect(JSON.stringify(one.heard)).toContain("version 1 of the protocol, the member 2");
  });

  it("ends a socket that says nothing", async () => {
    const { stranger, clock } = room();
    const one = await stranger();
    await clock.advance(10_000);
    expect(one.closed()).toBe(closeCodes.protocol);
  });

  it("takes no more connections than it bears", async () => {
    const { stranger } = room({ limits: { connections: 2 } });
    const all = [await stranger(), await stranger(), await stranger()];
    expect(all.map((each) => each.closed())).toEqual([undefined, undefined, 1013]);
  });

  it("does not give a session to another app that has its secret", async () => {
    const { stranger } = room();
    const one = await stranger();
    await one.hello("a");
    const [welcome] = one.heard;
    if (welcome?.t !== "welcome") throw new Error("not welcome");
    expect(welcome.session).toMatch(/^[0-9a-f]{64}$/);
    const two = await stranger();
    await two.hello("b", { session: welcome.session });
    expect(two.heard[0]).toMatchObject({ t: "welcome", resumed: false });
    expect(one.closed()).toBeUndefined();
    const three = await stranger();
    await three.hello("a", { session: welcome.session });
    expect(three.heard[0]).toMatchObject({ t: "welcome", resumed: true });
    expect(one.closed()).toBe(closeCodes.replaced);
  });
});

describe("a hostile member", () => {
  for (const [name, bytes] of [
    ["text", "hello"],
    ["noise", new Uint8Array([1, 2, 3, 4, 5])],
    ["nothing", new Uint8Array(0)],
  ] as const) {
    it(`is put out for ${name}`, async () => {
      const { stranger } = room();
      const one = await stranger();
      await one.hello("a");
      one.raw(bytes);
      expect(one.closed()).toBe(closeCodes.protocol);
    });
  }

  it("is put out for what only a relay says", async () => {
    for (const frame of [
      { t: "welcome", v: 1, session: "s", resumed: false },
      {
        t: "request",
        call: -1,
        appId: "x",
        namespace: "y",
        method: "GET",
        path: "/",
        query: "",
        headers: [],
        more: false,
      },
      { t: "presence", joined: ["i", "bank", "default"], left: [] },
      { t: "hello", v: 1, room: "default", appId: "bank", namespace: "default" },
    ]) {
      const { stranger } = room();
      const one = await stranger();
      await one.hello("a");
      await one.say(frame);
      expect(one.closed()).toBe(closeCodes.protocol);
    }
  });

  it("cannot take an instance's name, nor another app's consumer, nor its publish keys", async () => {
    const { stranger, member, clock } = room();
    const bank = await member("bank");
    const { got } = collector(bank, "t", "bank");
    await clock.advance(0);
    const evil = await stranger();
    await evil.hello("evil");
    await evil.say({ t: "join", id: 1, instance: bank.instance });
    expect(evil.heard.at(-1)).toMatchObject({ t: "refused", id: 1, code: "ALREADY_EXISTS" });
    const subscribe = {
      topic: "t",
      consumer: "bank",
      concurrency: 10,
      redeliverMs: 100,
      maxRedeliverMs: 100,
    };
    await evil.say({ t: "subscribe", id: 2, subscription: 1, ...subscribe });
    await evil.say({ t: "publish", id: 3, key: "r/pay-1", topic: "t", metadata: [] });
    await bank.publish(event("t", "paid", { requestId: "pay-1" }));
    await clock.advance(10);
    // Both apps got both: neither competes with the other nor stands in its way.
    expect(got).toEqual(["", "paid"]);
    expect(evil.heard.filter(({ t }) => t === "deliver")).toHaveLength(2);
  });

  it("cannot answer, chunk, cancel or credit calls that are not its own", async () => {
    const { stranger, member, clock } = room();
    const a = await member("a");
    let finish: (response: RuntimeResponse) => void = () => undefined;
    await member("b", () => {
      return new Promise((resolve) => {
        finish = resolve;
      });
    });
    const evil = await stranger();
    await evil.hello("evil");
    const call = a.mesh.invoke("b", "default", request("/"));
    await clock.advance(10);
    for (const number of [1, -1]) {
      await evil.say(
        { t: "answer", call: number, status: 200, headers: [], more: false },
        encoder.encode("forged"),
      );
      await evil.say({ t: "chunk", call: number, more: false });
      await evil.say({ t: "cancel", call: number });
      await evil.say({ t: "fail", call: number, kind: "unsent", message: "forged" });
      await evil.say({ t: "credit", call: number, bytes: 1e9 });
    }
    finish(say("true"));
    expect(text(await readBody((await call).body))).toBe("true");
  });

  it("cannot answer its own call in the callee's place", async () => {
    const { stranger, member, clock } = room();
    const b = await member("b", () => new Promise(() => undefined));
    const evil = await stranger();
    await evil.hello("evil");
    const invoke = { call: 7, to: b.instance, method: "GET", path: "/", query: "", headers: [], more: false };
    await evil.say({ t: "invoke", ...invoke });
    await evil.say({ t: "answer", call: 7, status: 200, headers: [], more: false });
    await clock.advance(10);
    expect(evil.heard.filter(({ t }) => t === "answer")).toEqual([]);
  });

  it("loses a call whose body runs ahead of its reader", async () => {
    const { stranger, member, clock } = room();
    let ended = false;
    const b = await member("b", ({ signal }) => {
      return new Promise((_, reject) => {
        signal?.addEventListener("abort", () => {
          ended = true;
          reject(signal.reason);
        });
      });
    });
    const evil = await stranger();
    await evil.hello("evil");
    const invoke = { call: 1, to: b.instance, method: "POST", path: "/", query: "", headers: [], more: true };
    await evil.say({ t: "invoke", ...invoke });
    await evil.say({ t: "chunk", call: 1, more: true }, new Uint8Array(window));
    expect(ended).toBe(false);
    await evil.say({ t: "chunk", call: 1, more: true }, new Uint8Array(1));
    await clock.advance(10);
    expect(ended).toBe(true);
    expect(evil.heard.at(-1)).toMatchObject({ t: "fail", call: 1 });
  });

  it("is refused publishes above the rate, then put out", async () => {
    const { stranger, clock } = room({ limits: { framesPerSecond: 10 } });
    const one = await stranger();
    await one.hello("a");
    const publish = (id: number) => one.say({ t: "publish", id, key: `k${id}`, topic: "t", metadata: [] });
    for (let id = 1; id <= 20; id++) await publish(id);
    expect(one.heard.filter(({ t }) => t === "refused")).toEqual([]);
    await publish(21);
    expect(one.heard.at(-1)).toMatchObject({ t: "refused", id: 21, code: "RESOURCE_EXHAUSTED" });
    await clock.advance(1_000);
    await publish(22);
    expect(one.heard.at(-1)).toMatchObject({ t: "done", id: 22 });
    for (let id = 23; id <= 60; id++) await publish(id);
    expect(one.closed()).toBe(closeCodes.tooFast);
  });

  it("holds no more subscriptions and calls than allowed", async () => {
    const { stranger, member } = room({ limits: { subscriptionsPerMember: 2, callsPerMember: 2 } });
    const b = await member("b", () => new Promise(() => undefined));
    const one = await stranger();
    await one.hello("a");
    const rest = { consumer: "c", concurrency: 1, redeliverMs: 100, maxRedeliverMs: 100 };
    for (let n = 1; n <= 3; n++)
      await one.say({ t: "subscribe", id: n, subscription: n, topic: "t", ...rest });
    expect(one.heard.filter(({ t }) => t === "refused")).toMatchObject([
      { id: 3, code: "RESOURCE_EXHAUSTED" },
    ]);
    const call = { to: b.instance, method: "GET", path: "/", query: "", headers: [], more: false };
    for (let n = 1; n <= 3; n++) await one.say({ t: "invoke", call: n, ...call });
    expect(one.heard.filter(({ t }) => t === "fail")).toMatchObject([{ call: 3, kind: "unsent" }]);
  });

  it("does nobody else any harm, whatever well-formed frames it sends", async () => {
    const small = fc.integer({ min: -3, max: 3 });
    const word = fc.constantFrom("", "a", "b", "b-1", "t", "__proto__", "default", "x".repeat(300));
    const texts = fc.array(fc.tuple(word, word), { maxLength: 2 }).map((pairs) => pairs.flat());
    const fields = {
      id: small,
      call: small,
      subscription: small,
      delivery: fc.nat(3),
      bytes: fc.integer(),
      more: fc.boolean(),
    };
    const names = {
      topic: word,
      consumer: word,
      key: word,
      instance: word,
      to: word,
      method: word,
      path: word,
      query: word,
    };
    const numbers = {
      concurrency: small,
      redeliverMs: fc.nat(100),
      maxRedeliverMs: fc.nat(1000),
      status: fc.integer(),
    };
    const rest = { kind: word, message: word, headers: texts, metadata: texts };
    const type = fc.constantFrom(
      ...([
        "publish",
        "subscribe",
        "unsubscribe",
        "consumed",
        "rejected",
        "join",
        "leave",
        "invoke",
      ] as const),
      ...(["answer", "chunk", "credit", "cancel", "fail", "ping", "pong"] as const),
    );
    const frame = fc.record({ t: type, ...fields, ...names, ...numbers, ...rest });
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(frame, fc.uint8Array({ maxLength: 20 })), { maxLength: 60 }),
        async (frames) => {
          const errors: string[] = [];
          const { stranger, member, clock, platform } = room();
          Object.assign(platform, {
            log: { ...platform.log, error: (message: string) => errors.push(message) },
          });
          const a = await member("a");
          const b = await member("b");
          const { got, subscribed } = collector(b, "own", "b");
          await subscribed;
          const evil = await stranger();
          await evil.hello("evil");
          for (const [each, body] of frames) {
            evil.raw(encodeFrame(each as never, body));
            await clock.advance(1);
          }
          expect(text(await readBody((await a.mesh.invoke("b", "default", request("/"))).body))).toBe("b");
          await a.publish(event("own", "1"));
          await clock.advance(10);
          expect(got).toEqual(["1"]);
          expect(errors).toEqual([]);
        },
      ),
      { numRuns: 150 },
    );
  }, 30_000);

  it("is put out when it does not read", async () => {
    const { relay, clock } = room({ limits: { buffer: 1_000 } });
    let closed: number | undefined;
    const socket: Socket = { send: () => undefined, buffered: 2_000, close: (code) => (closed = code) };
    const events: SocketEvents = relay.accept(socket, undefined);
    events.message(encodeFrame({ t: "hello", v: 1, room: "r", appId: "a", namespace: "n" }));
    await clock.advance(0);
    expect(closed).toBe(closeCodes.tooSlow);
  });
});

describe("what the relay keeps", () => {
  it("is refused above the bound while a consumer has not had it, and all of it arrives", async () => {
    const clock = new FakeClock();
    const sockets = new MemorySockets(clock);
    const platform = sockets.platform();
    const log = new MemoryRelayLog(platform, { maxWaiting: 5 });
    const got: string[] = [];
    const subscriber = {
      options: delivery,
      deliver: async (event: { data: Uint8Array }) => void got.push(text(event.data)),
    };
    const first = await log.subscribe("t", "c", subscriber);
    await first.leave();
    const publish = (n: number) =>
      log.publish("t", `k${n}`, { type: undefined, metadata: [], data: encoder.encode(String(n)) });
    for (let n = 0; n < 5; n++) await publish(n);
    await expect(publish(5)).rejects.toMatchObject({ code: "RESOURCE_EXHAUSTED" });
    await log.subscribe("t", "c", subscriber);
    await clock.advance(10);
    expect(got).toEqual(["0", "1", "2", "3", "4"]);
    await publish(5);
    await clock.advance(10);
    expect(got.at(-1)).toBe("5");
  });

  it("forgets a consumer that stays away for a day, and then takes events again", async () => {
    const clock = new FakeClock();
    const platform = new MemorySockets(clock).platform();
    const log = new MemoryRelayLog(platform, { maxWaiting: 1 });
    const subscription = await log.subscribe("t", "c", { options: delivery, deliver: async () => undefined });
    await subscription.leave();
    const publish = (n: number) =>
      log.publish("t", `k${n}`, { type: undefined, metadata: [], data: new Uint8Array(1) });
    await publish(1);
    await expect(publish(2)).rejects.toMatchObject({ code: "RESOURCE_EXHAUSTED" });
    await clock.advance(24 * 3600_000);
    await publish(2);
  });

  it("stays within the memory of the relay: what nobody waits for goes first, and what is waited for is refused", async () => {
    const clock = new FakeClock();
    const platform = new MemorySockets(clock).platform();
    const budget = new ByteBudget(10_000);
    const [one, two] = [new MemoryRelayLog(platform, { budget }), new MemoryRelayLog(platform, { budget })];
    const publish = (log: MemoryRelayLog, topic: string, n: number) =>
      log.publish(topic, `${topic}${n}`, { type: undefined, metadata: [], data: new Uint8Array(744) });
    for (let n = 0; n < 50; n++) await publish(one, "nobody", n);
    let consumed = 0;
    const subscriber = { options: delivery, deliver: async () => void consumed++ };
    const subscription = await two.subscribe("t", "c", subscriber);
    await subscription.leave();
    let kept = 0;
    const fill = async () => {
      for (let n = 0; n < 50; n++, kept++) await publish(two, "t", n);
    };
    await expect(fill()).rejects.toMatchObject({ code: "RESOURCE_EXHAUSTED" });
    expect(kept).toBeGreaterThan(0);
    await two.subscribe("t", "c", subscriber);
    await clock.advance(10);
    expect(consumed).toBe(kept);
    // All is given back: as much fits again.
    await one.close();
    await publish(two, "t", 100);
    await two.close();
    expect(budget.exceeded).toBe(false);
    for (let n = 0; n < 9; n++) await publish(one, "nobody", 1000 + n);
    expect(budget.exceeded).toBe(false);
  });

  it("is bounded for those who never came, the oldest going first", async () => {
    const clock = new FakeClock();
    const platform = new MemorySockets(clock).platform();
    const log = new MemoryRelayLog(platform, { maxHistory: 3 });
    for (let n = 0; n < 10; n++) {
      await log.publish("t", `k${n}`, { type: undefined, metadata: [], data: encoder.encode(String(n)) });
    }
    const got: string[] = [];
    await log.subscribe("t", "c", {
      options: delivery,
      deliver: async ({ data }) => void got.push(text(data)),
    });
    await clock.advance(10);
    expect(got).toEqual(["7", "8", "9"]);
  });
});
