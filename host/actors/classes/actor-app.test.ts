import { describe, expect, it } from "vitest";
import { ActorApp } from "./actor-app.ts";
import type { ActorClasses, ActorSettings } from "./actor-class.ts";
import type { ActorContext } from "./actor-context.ts";
import { ActorError } from "./actor-error.ts";
import { actorProxy } from "./actor-proxy.ts";
import type { ActorSidecar, StateChange } from "./actor-sidecar.ts";
import { apiActorSidecar } from "./api-actor-sidecar.ts";
import { fetchApiCall } from "./fetch-api-call.ts";

interface World {
  readonly app: ActorApp;
  /** What reached the sidecar, in order. */
  readonly seen: string[];
  /** JSON texts by `type/id/key`. */
  readonly stored: Map<string, string>;
  /** One callback of the sidecar. */
  call(
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
    signal?: AbortSignal,
  ): Promise<{ readonly status: number; readonly headers: Headers; readonly text: string }>;
}

/** A sidecar that keeps state in a Map and hands calls of actors straight to the app. */
function world(
  classes: ActorClasses,
  settings: ActorSettings & { commit?: () => Promise<void> } = {},
): World {
  const seen: string[] = [];
  const stored = new Map<string, string>();
  const note = async (what: string) => void seen.push(what);
  const api = apiActorSidecar(
    fetchApiCall({
      base: "http://localhost",
      fetch: (url, init) => app.fetch(new Request(url.replace("/v1.0/", "/"), init)),
    }),
  );
  const sidecar: ActorSidecar = {
    async getState(type, id, key) {
      seen.push(`get ${type}/${id}/${key}`);
      const text = stored.get(`${type}/${id}/${key}`);
      return text === undefined ? undefined : new TextEncoder().encode(text);
    },
    async transact(type, id, changes) {
      await settings.commit?.();
      seen.push(`commit ${changes.map(summary).join(" ")}`);
      for (const { operation, request } of changes) {
        const key = `${type}/${id}/${request.key}`;
        if (operation === "delete") stored.delete(key);
        else stored.set(key, JSON.stringify((request as { value: unknown }).value));
      }
    },
    schedule: (kind, type, id, name, body) => note(`${kind} ${type}/${id}/${name} ${JSON.stringify(body)}`),
    unschedule: (kind, type, id, name) => note(`no ${kind} ${type}/${id}/${name}`),
    reminder: async () => undefined,
    invoke: (...call) => api.invoke(...call),
  };
  const app = new ActorApp(classes, {
    ...settings,
    sidecar,
    failed: (message) => void seen.push(message),
    fetch: ({ url }) => new Response(`else: ${new URL(url).pathname}`),
  });
  return {
    app,
    seen,
    stored,
    async call(method, path, body, headers = {}, signal) {
      const content = body instanceof Uint8Array || body === undefined ? body : JSON.stringify(body);
      const init = { method, headers, body: (content ?? null) as BodyInit | null, signal: signal ?? null };
      const answer = await app.fetch(new Request(`http://localhost${path}`, init));
      return { status: answer.status, headers: answer.headers, text: await answer.text() };
    },
  };
}

function summary({ operation, request }: StateChange): string {
  const ttl = "metadata" in request ? `~${request.metadata?.ttlInSeconds}` : "";
  return operation === "delete" ? `-${request.key}` : `${request.key}=${JSON.stringify(request.value)}${ttl}`;
}

class Base {
  protected readonly self: ActorContext;
  constructor(self: ActorContext) {
    this.self = self;
  }
}

class Counter extends Base {
  static readonly actor = { idleTimeout: 90_000, reentrancy: { maxStackDepth: 5 } };
  readonly notAMethod = () => "an own property";

  get value() {
    return "an accessor";
  }
  async increment(by = 1): Promise<number> {
    const value = ((await this.self.state.get<number>("value")) ?? 0) + by;
    this.self.state.set("value", value);
    return value;
  }
  async fail(status: number) {
    this.self.state.set("value", "never");
    throw Object.assign(new Error("it may not be"), status > 0 && { status });
  }
  echo(...args: unknown[]) {
    return args.length === 1 ? args[0] : args;
  }
  nothing() {}
  _hidden() {}
  override toString() {
    return "what Object has";
  }
}

describe("what can be called", () => {
  const put = (path: string) => world({ Counter }).call("PUT", `/actors/Counter/1/method/${path}`);

  it.each([
    "constructor",
    "onActivate",
    "onDeactivate",
    "onReminder",
    "_hidden",
    "__proto__",
    "hasOwnProperty",
    "toString",
    "value",
    "notAMethod",
    "valueOf",
    "self",
    "missing",
    "increment/more",
    "timer/increment/more",
  ])("is not %s", async (name) => {
    expect((await put(name)).status).toBe(name.endsWith("/more") ? 200 : 404);
    // What is no callback of an actor goes to the rest of the app.
    if (name.endsWith("/more")) expect((await put(name)).text).toMatch(/^else: /);
  });

  it("is every method of the class and of those that it extends", async () => {
    class Twice extends Counter {
      override async increment(by = 1) {
        return await super.increment(2 * by);
      }
    }
    const { call } = world([Twice]);
    expect(await call("PUT", "/actors/Twice/a%2Fb/method/increment", 4)).toMatchObject({
      status: 200,
      text: "8",
    });
    expect(await call("PUT", "/actors/Twice/a%2Fb/method/echo", [1, 2])).toMatchObject({ text: "[1,2]" });
  });

  it("answers bytes with bytes, JSON with JSON, nothing with nothing", async () => {
    const { call } = world({ Counter });
    const echo = async (body: unknown, type: string) => {
      const answer = await call("PUT", "/actors/Counter/1/method/echo", body, { "content-type": type });
      return [answer.status, answer.headers.get("content-type"), answer.text];
    };
    const bytes = new TextEncoder().encode("{raw");
    expect(await echo(bytes, "application/octet-stream")).toEqual([200, "application/octet-stream", "{raw"]);
    expect(await echo(bytes, "text/plain;charset=UTF-8")).toEqual([200, "application/json", '"{raw"']);
    expect(await echo({ a: 1 }, "application/x-www-form-urlencoded")).toEqual([
      200,
      "application/json",
      '{"a":1}',
    ]);
    expect(await echo([[1, 2]], "application/json")).toEqual([200, "application/json", "[1,2]"]);
    expect((await echo(bytes, "application/json"))[0]).toBe(400);
    const nothing = await call("PUT", "/actors/Counter/1/method/nothing");
    expect([nothing.status, nothing.headers.get("content-type"), nothing.text]).toEqual([200, null, ""]);
    expect((await call("PUT", "/actors/Other/1/method/echo")).status).toBe(404);
    expect((await call("PUT", "/actors/Counter/%ff/method/echo")).status).toBe(500);
  });

  it("is told by /dapr/config, with the settings of each type", async () => {
    class Plain {}
    const { call } = world({ Counter, Plain }, { idleTimeout: "10m", drainTimeout: 5000, drain: true });
    expect(JSON.parse((await call("GET", "/dapr/config")).text)).toEqual({
      entities: ["Counter", "Plain"],
      actorIdleTimeout: "10m",
      drainOngoingCallTimeout: "5000ms",
      drainRebalancedActors: true,
      entitiesConfig: [
        {
          entities: ["Counter"],
          actorIdleTimeout: "90000ms",
          drainOngoingCallTimeout: "5000ms",
          drainRebalancedActors: true,
          reentrancy: { enabled: true, maxStackDepth: 5 },
        },
      ],
    });
    expect((await call("GET", "/else")).text).toBe("else: /else");
    expect(() => world([class {}])).toThrow("has no name");
  });
});

describe("state", () => {
  class Cat extends Base {
    async eat(meal: string) {
      const { state } = this.self;
      const before = [await state.get("meal"), await state.get("meal"), await state.has("color")];
      state.set("meal", meal);
      state.set("sleeping", true, { ttlInSeconds: 60 });
      state.delete("hungry");
      return [...before, await state.get("meal"), await state.has("hungry")];
    }
    async color() {
      return await this.self.state.get("color");
    }
    bad(value: unknown) {
      this.self.state.set("k", value === "none" ? undefined : 10n);
    }
  }

  it("is read key by key, kept for a turn, and written once at its end, before the answer", async () => {
    const { call, seen, stored } = world({ Cat });
    stored.set("Cat/1/color", '"grey"');
    expect((await call("PUT", "/actors/Cat/1/method/eat", "fish")).text).toBe(
      '[null,null,true,"fish",false]',
    );
    expect(seen).toEqual([
      "get Cat/1/meal",
      "get Cat/1/color",
      'commit meal="fish" sleeping=true~60 -hungry',
    ]);
    seen.length = 0;
    expect((await call("PUT", "/actors/Cat/1/method/color")).text).toBe('"grey"');
    expect(seen).toEqual(["get Cat/1/color"]);
  });

  it("is as it was after a method that threw, and the error says so to its caller", async () => {
    const { call, seen, stored, app } = world({ Counter, Cat });
    await call("PUT", "/actors/Counter/1/method/increment", 5);
    const refused = await call("PUT", "/actors/Counter/1/method/fail", 409);
    expect(refused.status).toBe(409);
    expect(refused.headers.get("x-daprerrorresponseheader")).toBe("true");
    expect(JSON.parse(refused.text)).toEqual({
      errorCode: "ERR_ACTOR_INVOKE_METHOD",
      message: "it may not be",
    });
    expect((await call("PUT", "/actors/Counter/1/method/fail", 0)).status).toBe(500);
    expect(seen.at(-1)).toBe("daprlet: actor Counter||1: fail failed");
    expect(stored.get("Counter/1/value")).toBe("5");
    expect((await call("PUT", "/actors/Counter/1/method/increment", 1)).text).toBe("6");
    for (const value of ["none", "big"]) {
      expect((await call("PUT", "/actors/Cat/1/method/bad", value)).status).toBe(500);
    }
    const api = apiActorSidecar(
      fetchApiCall({
        base: "http://localhost",
        fetch: (url, init) => app.fetch(new Request(url.replace("/v1.0/", "/"), init)),
      }),
    );
    const proxy = actorProxy<Counter>(api, "Counter", "1", () => undefined);
    const error = await proxy.fail(404).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ActorError);
    expect(error).toMatchObject({ status: 404, message: "it may not be" });
    expect(await proxy.echo(1, [2])).toEqual([1, [2]]);
  });

  it("is not written by a commit that fails: the caller hears of it, and the next turn starts from the store", async () => {
    let fails = true;
    const commit = async () => {
      if (fails) throw new ActorError("the store is away", 500, "ERR_ACTOR_STATE_TRANSACTION_SAVE");
    };
    const { call } = world({ Counter }, { commit });
    const answer = await call("PUT", "/actors/Counter/1/method/increment", 5);
    expect([answer.status, JSON.parse(answer.text).message]).toEqual([500, "the store is away"]);
    fails = false;
    expect((await call("PUT", "/actors/Counter/1/method/increment", 5)).text).toBe("5");
  });

  it("is not its caller's mistake where the actor has moved meanwhile", async () => {
    const moved = async () => {
      throw new ActorError("actor instance is missing", 400, "ERR_ACTOR_INSTANCE_MISSING");
    };
    const { call } = world({ Counter }, { commit: moved });
    const answer = await call("PUT", "/actors/Counter/1/method/increment", 2);
    expect([answer.status, JSON.parse(answer.text).errorCode]).toEqual([500, "ERR_ACTOR_INSTANCE_MISSING"]);
  });

  it("is gone after the turn, and for a turn whose caller gave up", async () => {
    const later: (() => unknown)[] = [];
    let go: () => void = () => undefined;
    class Slow extends Base {
      made = Math.random();
      start() {
        later.push(() => this.self.state.set("k", "late"));
        return this.made;
      }
      async hang() {
        await new Promise<void>((resolve) => {
          go = resolve;
        });
        this.self.state.set("k", "late");
      }
    }
    const { call, stored } = world({ Slow });
    const first = (await call("PUT", "/actors/Slow/1/method/start")).text;
    expect(() => later[0]?.()).toThrow("only during a turn");
    const abort = new AbortController();
    const hanging = call("PUT", "/actors/Slow/1/method/hang", undefined, {}, abort.signal);
    await expect.poll(() => go.length === 0 && String(go) !== "() => void 0").toBe(true);
    abort.abort();
    const second = (await call("PUT", "/actors/Slow/1/method/start")).text;
    expect(second).not.toBe(first);
    go();
    expect((await hanging).status).toBe(500);
    expect(stored.size).toBe(0);
  });
});

describe("the life of an actor", () => {
  class Lived extends Base {
    runs = 0;
    async onActivate() {
      const lives = ((await this.self.state.get<number>("lives")) ?? 0) + 1;
      if (lives === 2) throw Object.assign(new Error("not today"), { status: 503 });
      this.self.state.set("lives", lives);
    }
    run() {
      return ++this.runs;
    }
    onDeactivate() {
      this.self.state.set("runs", this.runs);
    }
  }

  it("begins before the first turn and ends with what it wrote last", async () => {
    const { call, stored } = world({ Lived });
    const run = () => call("PUT", "/actors/Lived/1/method/run");
    expect([(await run()).text, (await run()).text]).toEqual(["1", "2"]);
    expect(stored.get("Lived/1/lives")).toBe("1");
    expect((await call("DELETE", "/actors/Lived/1")).status).toBe(200);
    expect((await call("DELETE", "/actors/Lived/1")).status).toBe(200);
    expect(stored.get("Lived/1/runs")).toBe("2");
    // One that cannot wake fails its call, and the next call tries again.
    expect(await run()).toMatchObject({ status: 503, text: expect.stringContaining("not today") });
    stored.set("Lived/1/lives", "7");
    expect((await run()).text).toBe("1");
  });

  it("has timers and reminders", async () => {
    class Camp extends Base {
      async start() {
        const { timers, reminders } = this.self;
        await timers.set("check", { dueTime: "1m", period: 20_000, data: { at: 1 }, callback: this.look });
        await reminders.set("wake", { dueTime: 500, ttl: "1h", overwrite: false });
        await timers.delete("check");
        expect(() => timers.set("bad", { callback: "_private" })).toThrow("no method _private");
        return await reminders.get("wake");
      }
      look(data: unknown) {
        this.self.state.set("looked", data);
      }
      onReminder(name: string, data: unknown) {
        this.self.state.set(name, data);
      }
    }
    const { call, seen } = world({ Camp, Counter });
    expect(await call("PUT", "/actors/Camp/1/method/start")).toMatchObject({ status: 200, text: "" });
    const fired = { data: "someData", callback: "look", dueTime: "1m", period: "20s" };
    expect((await call("PUT", "/actors/Camp/1/method/timer/check", fired)).status).toBe(200);
    expect((await call("PUT", "/actors/Camp/1/method/remind/wake", { data: 1 })).status).toBe(200);
    expect((await call("PUT", "/actors/Camp/1/method/timer/look", {})).status).toBe(500);
    expect(seen.slice(0, 5)).toEqual([
      'timers Camp/1/check {"dueTime":"1m","period":"20000ms","data":{"at":1},"callback":"look"}',
      'reminders Camp/1/wake {"dueTime":"500ms","overwrite":false}'.replace(
        '"overwrite"',
        '"ttl":"1h","overwrite"',
      ),
      "no timers Camp/1/check",
      'commit looked="someData"',
      "commit wake=1",
    ]);
    for (const path of ["timer/t", "timer/_hidden", "remind/r"]) {
      expect((await call("PUT", `/actors/Counter/1/method/${path}`, { callback: "toString" })).status).toBe(
        404,
      );
    }
  });

  it("lets a call that comes back see what the call around it has changed, and keeps what it commits", async () => {
    class Knot extends Base {
      async outer(fails: boolean) {
        const { state } = this.self;
        state.set("a", 1);
        const seen = await this.self.actor<Knot>("Knot", this.self.id).inner();
        const after = await state.get("b");
        if (fails) throw new Error("after the inner call");
        state.set("a", 3);
        return [seen, after];
      }
      async inner() {
        const { state } = this.self;
        const seen = await state.get("a");
        state.set("b", 2);
        return seen;
      }
    }
    const { call, stored, seen } = world({ Knot });
    const chain = { "dapr-reentrancy-id": "chain" };
    expect((await call("PUT", "/actors/Knot/1/method/outer", false, chain)).text).toBe("[1,2]");
    expect(seen.filter((one) => one.startsWith("commit"))).toEqual(["commit b=2", "commit a=3"]);
    stored.clear();
    expect((await call("PUT", "/actors/Knot/1/method/outer", true, chain)).status).toBe(500);
    expect([...stored]).toEqual([["Knot/1/b", "2"]]);
  });
});
