import { beforeAll, describe, expect, it } from "vitest";
import { FencedError } from "../../host/actors/actor-store.ts";
import { NotOwnedError } from "../../host/actors/hosted-actors.ts";
import { LocalActors, type OpenActorStore } from "../../host/actors/local-actors.ts";
import type { Follower, HostReport, Membership } from "../../host/actors/placement/membership.ts";
import { SoloMembership } from "../../host/actors/placement/solo-membership.ts";
import type { AppChannel } from "../../host/channel/app-channel.ts";
import { inMemoryStore } from "../../host/components/state/in-memory.ts";
import type { ListingStore, Operation } from "../../host/components/state/store.ts";
import type { Core } from "../../host/core/core.ts";
import { ComponentError } from "../../host/errors/component-error.ts";
import { FakeClock } from "../../host/fake-clock.ts";
import type { RuntimeRequest, RuntimeResponse } from "../../host/http.ts";
import { nodeCore } from "../../host/node/core-module.ts";
import type { Log, Platform } from "../../host/platform.ts";
import { Resiliency } from "../../host/resiliency/resiliency.ts";
import { webPlatform } from "../../host/web-platform.ts";
import { openWith, testContext } from "../conformance/test-context.ts";

const silent: Log = { debug() {}, info() {}, warn() {}, error() {} };

let core: Core;
beforeAll(async () => {
  core = await nodeCore();
});

/** Its rounds are begun by the test, as those of a coordinator are. */
class HandMembership implements Membership {
  readonly name = "hand";
  valid = true;
  left = false;
  readonly rejoined: string[] = [];
  follower: Follower | undefined;

  async join(_report: HostReport, follower: Follower): Promise<void> {
    this.follower = follower;
  }
  async report(): Promise<void> {}
  rejoin(reason: string): void {
    this.rejoined.push(reason);
  }
  async leave(): Promise<void> {
    this.left = true;
  }

  update(version: number, hosts: readonly string[]): Promise<void> {
    const types = new Map([["Cat", hosts.map((name) => ({ name, appId: "app" }))]]);
    return this.follower?.update({ version, term: 1, types }) ?? Promise.resolve();
  }

  async round(version: number, hosts: readonly string[]): Promise<void> {
    await this.update(version, hosts);
    await this.follower?.unlock(version);
  }
}

type Answer = (request: RuntimeRequest) => Promise<Partial<RuntimeResponse>>;

async function start<M extends Membership>(
  name: string,
  membership: (platform: Platform) => M,
  open: { store: ListingStore | undefined; answer?: Answer; idle?: string },
  clock = new FakeClock(),
) {
  const platform: Platform = { ...webPlatform(silent), clock };
  const app: AppChannel = {
    invoke: async (request) => {
      const plain = { status: 200, headers: [], body: undefined };
      if (request.path !== "/dapr/config") return { ...plain, ...(await open.answer?.(request)) };
      const config = JSON.stringify({ entities: ["Cat"], actorIdleTimeout: open.idle ?? "1h" });
      return { ...plain, body: new TextEncoder().encode(config) };
    },
    ready: async () => undefined,
    properties: {},
    close: async () => undefined,
  };
  const context = { appId: "app", namespace: "default", core, platform, rules: undefined };
  const resiliency = await Resiliency.of([], context);
  let opened: OpenActorStore | undefined;
  const store = () => {
    if (open.store !== opened?.component) opened = open.store && { name: "store", component: open.store };
    return opened;
  };
  const own = membership(platform);
  const actors = new LocalActors({
    ...{ appId: "app", namespace: "default", name, platform, core, app, store, membership: own },
    resiliency: () => resiliency,
    remote: () => Promise.reject(new Error("nothing is handed on here")),
  });
  await actors.start(new AbortController().signal);
  return { actors, membership: own, clock };
}

const memory = () => openWith(inMemoryStore, testContext("store", new FakeClock())) as Promise<ListingStore>;

const write: readonly Operation[] = [
  {
    ...{ kind: "upsert", key: "app||Cat||1||meals", value: new Uint8Array([49]) },
    ...{ etag: undefined, concurrency: undefined, ttlInSeconds: undefined, contentType: undefined },
  },
];

/** Calls the actor, which writes in its turn. */
function eats({ actors }: { actors: LocalActors }): Promise<unknown> {
  const { store } = actors;
  return actors.host.commit("Cat", "1", async () => await store?.commit(write));
}

function calls({ actors }: { actors: LocalActors }, signal?: AbortSignal): Promise<RuntimeResponse> {
  return actors.host.invoke({
    ...{ type: "Cat", id: "1", method: "meow", query: "", headers: [], body: undefined, chain: undefined },
    signal,
  });
}

describe("who may write the state of actors", () => {
  it("is put out by no other one whose store was replaced", async () => {
    const store = await memory();
    const [a, b] = [
      await start("a", () => new HandMembership(), { store }),
      await start("b", () => new HandMembership(), { store }),
    ];
    const given = { store: store as ListingStore | undefined };
    const c = await start("c", () => new HandMembership(), given);
    const hosts = ["a", "b", "c"];
    for (const { membership } of [a, b, c]) await membership.update(1, hosts);
    for (const { membership } of [a, b, c]) await membership.follower?.unlock(1);
    await calls(a)
      .catch(() => calls(b))
      .catch(() => calls(c));
    const owner = [a, b, c].find(({ actors }) => actors.host.active("Cat", "1"));
    // The same items, by a component that was opened anew.
    given.store = new Proxy(store, { get: (of, name) => Reflect.get(of, name).bind?.(of) });
    await c.actors.componentsChanged();
    if (owner !== c) await eats(owner as typeof a);
    await expect(a.actors.store?.commit(write)).resolves.toBeUndefined();
    await expect(b.actors.store?.commit(write)).resolves.toBeUndefined();
    await expect(c.actors.store?.commit(write)).resolves.toBeUndefined();
  });

  it("is told where another one has taken over, and takes part anew", async () => {
    const store = await memory();
    const a = await start("a", () => new HandMembership(), { store });
    await a.membership.round(1, ["a"]);
    const b = await start("b", () => new HandMembership(), { store });
    await b.membership.round(2, ["b"]);
    for (let i = 0; i < 2; i++) await expect(a.actors.store?.commit(write)).rejects.toThrow(FencedError);
    expect(a.membership.rejoined).toHaveLength(1);
    await a.membership.round(3, ["a", "b"]);
    for (const { actors } of [a, b]) await actors.store?.commit(write);
  });

  it("alone in its process comes back when it was put out by another such, and none is fenced for ever", async () => {
    const store = await memory();
    const clock = new FakeClock();
    const a = await start("a", (platform) => new SoloMembership(platform), { store }, clock);
    await calls(a);
    await start("b", (platform) => new SoloMembership(platform), { store }, clock);
    await expect(eats(a)).rejects.toThrow(FencedError);
    await clock.advance(100);
    expect(a.actors.host.active("Cat", "1")).toBe(false);
    await expect(calls(a)).rejects.toThrow(NotOwnedError);
    await clock.advance(5_000);
    await calls(a);
    await eats(a);
  });

  it("alone hosts its actors as soon as the store answers that did not at first", async () => {
    const store = await memory();
    let down = true;
    const flaky: ListingStore = {
      get: (key, consistency) => store.get(key, consistency),
      bulkGet: (keys) => store.bulkGet(keys),
      list: (from, to, limit) => store.list(from, to, limit),
      write: async (batch) => {
        if (down) throw new ComponentError("UNAVAILABLE", "connection refused");
        return await store.write(batch);
      },
      close: async () => undefined,
    };
    const a = await start("a", (platform) => new SoloMembership(platform), { store: flaky });
    await expect(calls(a)).rejects.toThrow(NotOwnedError);
    down = false;
    await a.clock.advance(1_000);
    await calls(a);
    await eats(a);
  });

  it("keeps its right where the store gives all that is written a time to live", async () => {
    const store = await memory();
    const written: (number | undefined)[] = [];
    const watched: ListingStore = new Proxy(store, {
      get: (of, name) => {
        const member = Reflect.get(of, name);
        if (name !== "write") return member.bind?.(of);
        return (batch: Parameters<ListingStore["write"]>[0]) => {
          for (const each of batch.operations) if (each.kind === "upsert") written.push(each.ttlInSeconds);
          return of.write(batch);
        };
      },
    });
    await start("a", (platform) => new SoloMembership(platform), { store: watched });
    expect(written).toEqual([0, 0]);
  });

  it("claims nothing by a table that it has lost meanwhile, since others may be in the next one", async () => {
    const store = await memory();
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const answer: Answer = async ({ method }) => {
      if (method === "PUT") await held;
      return {};
    };
    const a = await start("a", () => new HandMembership(), { store, answer });
    await a.membership.round(1, ["a"]);
    const call = calls(a);
    const late = expect(a.membership.update(2, ["old"])).rejects.toThrow("given up");
    const lost = a.membership.follower?.lost();
    const b = await start("b", () => new HandMembership(), { store });
    await b.membership.round(3, ["b"]);
    release();
    await call;
    await late;
    await lost;
    await b.actors.store?.commit(write);
  });

  it("halts also while its claim is never answered", async () => {
    const store = await memory();
    let hangs = false;
    const hanging: ListingStore = {
      get: (key, consistency) => store.get(key, consistency),
      bulkGet: (keys) => (hangs ? new Promise(() => undefined) : store.bulkGet(keys)),
      list: (from, to, limit) => store.list(from, to, limit),
      write: (batch) => store.write(batch),
      close: async () => undefined,
    };
    const a = await start("a", () => new HandMembership(), { store: hanging });
    await a.membership.round(1, ["a"]);
    await calls(a);
    hangs = true;
    void a.membership.update(2, ["a", "b"]);
    await a.clock.advance(1);
    await a.membership.follower?.lost();
    expect(a.actors.host.active("Cat", "1")).toBe(false);
  });
});
