import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { collector, encoder, event, request, room, say, text } from "../../tests/mesh/relay-room.ts";
import { type RuntimeResponse, readBody } from "../http.ts";
import type { Socket, SocketEvents } from "../platform.ts";
import { closeCodes, encodeFrame, window } from "./relay-protocol.ts";

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

  it("takes an instance's name over from a connection before by its secret alone, and is told when it is taken", async () => {
    const { stranger, member } = room();
    const caller = await member("caller");
    const join = { t: "join", id: 1, instance: "shop-1", secret: "s" };
    const outcomes: unknown[] = [];
    const first = await stranger();
    for (const [who, frame] of [
      [first, join],
      [await stranger(), { ...join, secret: undefined }],
      [await stranger(), { ...join, secret: "t" }],
      [await stranger(), join],
    ] as const) {
      await who.hello("shop");
      await who.say(frame);
      outcomes.push(who.heard.at(-1)?.t, first.closed());
    }
    const other = await stranger();
    await other.hello("other");
    await other.say(join);
    outcomes.push(other.heard.at(-1)?.t);
    expect(outcomes).toEqual([
      ...["done", undefined, "refused", undefined, "refused", undefined],
      ...["done", closeCodes.replaced, "refused"],
    ]);
    expect(await caller.transport.instances("shop", "default")).toHaveLength(1);
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
