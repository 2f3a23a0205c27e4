import { describe, expect, it } from "vitest";
import { FencedError } from "../../host/actors/actor-store.ts";
import { NotOwnedError } from "../../host/actors/hosted-actors.ts";
import type { LocalActors } from "../../host/actors/local-actors.ts";
import { SoloMembership } from "../../host/actors/placement/solo-membership.ts";
import type { ListingStore, Operation } from "../../host/components/state/store.ts";
import { ComponentError } from "../../host/errors/component-error.ts";
import { FakeClock } from "../../host/fake-clock.ts";
import type { RuntimeRequest, RuntimeResponse } from "../../host/http.ts";
import { type Answer, HandMembership, memoryStore, startActors } from "./hand-membership.ts";

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

function calls({ actors }: { actors: LocalActors }, id = "1"): Promise<RuntimeResponse> {
  return actors.host.invoke({
    ...{ type: "Cat", id, method: "meow", query: "", headers: [], body: undefined, chain: undefined },
    caller: undefined,
  });
}

describe("who may write the state of actors", () => {
  it("is put out by no other one whose store was replaced", async () => {
    const store = await memoryStore();
    const [a, b] = [
      await startActors("a", () => new HandMembership(), { store }),
      await startActors("b", () => new HandMembership(), { store }),
    ];
    const given = { store: store as ListingStore | undefined };
    const c = await startActors("c", () => new HandMembership(), given);
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
    const store = await memoryStore();
    const a = await startActors("a", () => new HandMembership(), { store });
    await a.membership.round(1, ["a"]);
    const b = await startActors("b", () => new HandMembership(), { store });
    await b.membership.round(2, ["b"]);
    for (let i = 0; i < 2; i++) await expect(a.actors.store?.commit(write)).rejects.toThrow(FencedError);
    expect(a.membership.rejoined).toHaveLength(1);
    await a.membership.round(3, ["a", "b"]);
    for (const { actors } of [a, b]) await actors.store?.commit(write);
  });

  it("alone in its process comes back when it was put out by another such, and none is fenced for ever", async () => {
    const store = await memoryStore();
    const clock = new FakeClock();
    const a = await startActors("a", (platform) => new SoloMembership(platform), { store }, clock);
    await calls(a);
    await startActors("b", (platform) => new SoloMembership(platform), { store }, clock);
    await expect(eats(a)).rejects.toThrow(FencedError);
    await clock.advance(100);
    expect(a.actors.host.active("Cat", "1")).toBe(false);
    await expect(calls(a)).rejects.toThrow(NotOwnedError);
    await clock.advance(5_000);
    await calls(a);
    await eats(a);
  });

  it("alone hosts its actors as soon as the store answers that did not at first", async () => {
    const store = await memoryStore();
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
    const a = await startActors("a", (platform) => new SoloMembership(platform), { store: flaky });
    await expect(calls(a)).rejects.toThrow(NotOwnedError);
    down = false;
    await a.clock.advance(1_000);
    await calls(a);
    await eats(a);
  });

  it("comes back where a new store did not answer at first", async () => {
    const given = { store: (await memoryStore()) as ListingStore | undefined };
    const a = await startActors("a", (platform) => new SoloMembership(platform), given);
    const store = await memoryStore();
    let down = true;
    given.store = {
      get: (key, consistency) => store.get(key, consistency),
      bulkGet: async (keys) => {
        if (down) throw new ComponentError("UNAVAILABLE", "connection refused");
        return await store.bulkGet(keys);
      },
      list: (from, to, limit) => store.list(from, to, limit),
      write: (batch) => store.write(batch),
      close: async () => undefined,
    };
    await a.actors.componentsChanged();
    down = false;
    await a.clock.advance(10_000);
    await calls(a);
    await eats(a);
  });

  it("keeps its right where the store gives all that is written a time to live", async () => {
    const store = await memoryStore();
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
    await startActors("a", (platform) => new SoloMembership(platform), { store: watched });
    expect(written).toEqual([0, 0]);
  });

  it("claims nothing by a table that it has lost meanwhile, since others may be in the next one", async () => {
    const store = await memoryStore();
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const answer: Answer = async ({ method }) => {
      if (method === "PUT") await held;
      return {};
    };
    const a = await startActors("a", () => new HandMembership(), { store, answer });
    await a.membership.round(1, ["a"]);
    const call = calls(a);
    const late = expect(a.membership.update(2, ["old"])).rejects.toThrow("given up");
    const lost = a.membership.follower?.lost();
    const b = await startActors("b", () => new HandMembership(), { store });
    await b.membership.round(3, ["b"]);
    release();
    await call;
    await late;
    await lost;
    await b.actors.store?.commit(write);
  });

  it("halts also while its claim is never answered", async () => {
    const store = await memoryStore();
    let hangs = false;
    const hanging: ListingStore = {
      get: (key, consistency) => store.get(key, consistency),
      bulkGet: (keys) => (hangs ? new Promise(() => undefined) : store.bulkGet(keys)),
      list: (from, to, limit) => store.list(from, to, limit),
      write: (batch) => store.write(batch),
      close: async () => undefined,
    };
    const a = await startActors("a", () => new HandMembership(), { store: hanging });
    await a.membership.round(1, ["a"]);
    await calls(a);
    hangs = true;
    void a.membership.update(2, ["a", "b"]);
    await a.clock.advance(1);
    await a.membership.follower?.lost();
    expect(a.actors.host.active("Cat", "1")).toBe(false);
  });
});

/** An app that answers neither calls nor that an actor is deactivated before it is let. */
function held(what: "PUT" | "DELETE") {
  const seen: string[] = [];
  const open = new Set<() => void>();
  const answer: Answer = async ({ method, path }) => {
    seen.push(`${method} ${path}`);
    if (method === what) await new Promise<void>((resolve) => open.add(resolve));
    return {};
  };
  const release = () => {
    for (const resolve of open) resolve();
    open.clear();
  };
  return { answer, seen, release };
}

async function settled(promise: Promise<unknown>): Promise<boolean> {
  const pending = Symbol();
  const first = await Promise.race([promise, new Promise((resolve) => setTimeout(resolve, 0, pending))]);
  return first !== pending;
}

describe("actors that are halted", () => {
  it("may be many: the app is told of the rest later, but of one that is called again before", async () => {
    const { answer, seen, release } = held("DELETE");
    const a = await startActors("a", () => new HandMembership(), { store: await memoryStore(), answer });
    await a.membership.round(1, ["a"]);
    for (let i = 0; i < 200; i++) await calls(a, String(i));
    const halted = a.membership.update(2, []);
    expect(await settled(halted)).toBe(false);
    await a.clock.advance(2_000);
    await halted;
    expect(a.actors.host.counts.get("Cat")).toBe(0);
    seen.splice(0);
    await a.membership.follower?.unlock(2);
    await a.membership.round(3, ["a"]);
    const again = calls(a, "199");
    expect(await settled(again)).toBe(false);
    release();
    await again;
    while (seen.length < 137) {
      release();
      await a.clock.advance(1);
    }
    const ofLast = seen.filter((line) => line.includes("/Cat/199"));
    expect(ofLast).toEqual(["DELETE /actors/Cat/199", "PUT /actors/Cat/199/method/meow"]);
  });

  it("while they are just being let go of end nothing else", async () => {
    const { answer, seen } = held("DELETE");
    const config = { actorIdleTimeout: "10s", drainOngoingCallTimeout: "1s" };
    const given = { store: await memoryStore(), answer, config };
    const a = await startActors("a", () => new HandMembership(), given);
    await a.membership.round(1, ["a"]);
    await calls(a);
    await a.clock.advance(10_000);
    expect(seen.at(-1)).toBe("DELETE /actors/Cat/1");
    const halted = a.membership.update(2, []);
    await a.clock.advance(5_000);
    await halted;
    expect(a.actors.host.active("Cat", "1")).toBe(false);
    expect(seen.filter((line) => line.startsWith("DELETE"))).toHaveLength(1);
    // Its timer still runs: the next one is let go of.
    await a.membership.follower?.unlock(2);
    await a.membership.round(3, ["a"]);
    await calls(a, "2");
    await a.clock.advance(10_000);
    expect(seen.at(-1)).toBe("DELETE /actors/Cat/2");
  });

  it("become idle while others drain, and that is no failure", async () => {
    const { answer, release } = held("PUT");
    const slow: Answer = async (request) => (request.path.includes("/2/") ? await answer(request) : {});
    let deletes = 0;
    const given = {
      store: await memoryStore(),
      answer: async (request: RuntimeRequest) => {
        if (request.method === "DELETE" && deletes++ === 0) await new Promise(() => undefined);
        return await slow(request);
      },
      config: { actorIdleTimeout: "1s", drainOngoingCallTimeout: "2s" },
    };
    const a = await startActors("a", () => new HandMembership(), given);
    await a.membership.round(1, ["a"]);
    await calls(a);
    const call = calls(a, "2");
    const halted = a.membership.update(2, []);
    await a.clock.advance(1_500);
    release();
    await call;
    await a.clock.advance(5_000);
    await halted;
    expect(a.actors.host.counts.get("Cat")).toBe(0);
  });

  it("have a second where the coordinator is lost, whatever they may have in a change that is under way", async () => {
    const { answer } = held("PUT");
    const config = { drainOngoingCallTimeout: "60s" };
    const a = await startActors("a", () => new HandMembership(), {
      store: await memoryStore(),
      answer,
      config,
    });
    await a.membership.round(1, ["a"]);
    const cut = expect(calls(a)).rejects.toThrow(NotOwnedError);
    const change = a.membership.update(2, ["b"]).catch(() => undefined);
    await a.clock.advance(500);
    const lost = a.membership.follower?.lost();
    await a.clock.advance(1_000);
    await cut;
    await lost;
    await change;
  });

  it("are cut off before the coordinator puts their instance out, however long they may drain", async () => {
    const { answer } = held("PUT");
    const config = { drainOngoingCallTimeout: "60s" };
    const a = await startActors("a", () => new HandMembership(), {
      store: await memoryStore(),
      answer,
      config,
    });
    await a.membership.round(1, ["a"]);
    const cut = expect(calls(a)).rejects.toThrow(NotOwnedError);
    const change = a.membership.update(2, ["b"]);
    await a.clock.advance(5_000);
    await cut;
    await change;
  });

  it("at the end of their instance are not called anew before it has left", async () => {
    const { answer, seen, release } = held("DELETE");
    const a = await startActors("a", () => new HandMembership(), { store: await memoryStore(), answer });
    await a.membership.round(1, ["a"]);
    await calls(a);
    const closed = a.actors.close();
    expect(await settled(closed)).toBe(false);
    await expect(calls(a, "2")).rejects.toThrow(NotOwnedError);
    release();
    await closed;
    expect(seen.filter((line) => line.startsWith("PUT"))).toHaveLength(1);
    expect(a.membership.left).toBe(true);
  });

  it("are idle by their type's new time at once", async () => {
    const given = { store: await memoryStore(), config: { actorIdleTimeout: "1h" } };
    const a = await startActors("a", () => new HandMembership(), given);
    await a.membership.round(1, ["a"]);
    await calls(a);
    given.config.actorIdleTimeout = "1s";
    await a.actors.start(new AbortController().signal);
    await a.clock.advance(1_000);
    expect(a.actors.host.active("Cat", "1")).toBe(false);
  });

  it("wait for an app no longer whose answer never ends", async () => {
    const answer: Answer = async ({ method }) =>
      method === "DELETE" ? { body: new ReadableStream<Uint8Array<ArrayBuffer>>() } : {};
    const given = { store: await memoryStore(), answer, config: { actorIdleTimeout: "1s" } };
    const a = await startActors("a", () => new HandMembership(), given);
    await a.membership.round(1, ["a"]);
    await calls(a);
    await a.clock.advance(1_000);
    const call = calls(a);
    await a.clock.advance(5_000);
    expect((await call).status).toBe(200);
  });
});
