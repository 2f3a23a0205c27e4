import { afterEach, describe, expect, it } from "vitest";
import type { ActorContext } from "../../host/actors/classes/actor-context.ts";
import { ActorError } from "../../host/actors/classes/actor-error.ts";
import { createRuntime, type LocalRuntime } from "../../host/node/create-runtime.ts";

const started: LocalRuntime[] = [];
afterEach(async () => {
  for (const runtime of started.splice(0)) await runtime.stop();
});

/** What actors have told, in order. */
const told: string[] = [];

class Counter {
  static readonly actor = { idleTimeout: "10m" };
  readonly #self: ActorContext;

  constructor(self: ActorContext) {
    this.#self = self;
  }
  async onActivate() {
    told.push(`${this.#self.id} is awake`);
  }
  onDeactivate() {
    told.push(`${this.#self.id} sleeps`);
  }
  async increment(by = 1): Promise<number> {
    const { state } = this.#self;
    const value = ((await state.get<number>("value")) ?? 0) + by;
    if (value > 10) throw Object.assign(new Error("ten at most"), { status: 409 });
    state.set("value", value);
    return value;
  }
  async every(period: string) {
    await this.#self.timers.set("tick", { dueTime: period, period, data: 2, callback: this.increment });
    await this.#self.reminders.set("wake", { dueTime: "1h" });
  }
  async wait() {
    await new Promise(() => undefined);
  }
  onReminder(name: string) {
    told.push(`${this.#self.id}: ${name}`);
  }
}

class Pair {
  static readonly actor = { reentrancy: { maxStackDepth: 4 } };
  constructor(readonly self: ActorContext) {}

  async ping(left: number): Promise<string> {
    const other = this.self.id === "a" ? "b" : "a";
    return left === 0
      ? this.self.id
      : this.self.id + (await this.self.actor<Pair>("Pair", other).ping(left - 1));
  }
}

const elsewhere = ({ method }: Request) =>
  method === "GET" ? new Response(null, { status: 404 }) : new Response("else");

async function runtimeOf(): Promise<LocalRuntime> {
  told.length = 0;
  const runtime = await createRuntime({ actors: { Counter, Pair }, app: elsewhere });
  started.push(runtime);
  return runtime;
}

describe("classes as actors, in a test", () => {
  it("keep their state over their lives, and tell their callers why not", async () => {
    const runtime = await runtimeOf();
    const one = runtime.actor<Counter>("Counter", "1");
    expect([await one.increment(2), await one.increment()]).toEqual([2, 3]);
    const refused = await one.increment(50).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(ActorError);
    expect(refused).toMatchObject({ status: 409, message: "ten at most" });
    expect(await runtime.deactivate("Counter", "1")).toBe(true);
    expect(await runtime.deactivate("Counter", "1")).toBe(false);
    expect(await one.increment()).toBe(4);
    await runtime.advance(11 * 60_000);
    expect(told).toEqual(["1 is awake", "1 sleeps", "1 is awake", "1 sleeps"]);
    expect(await (await runtime.fetch("/v1.0/actors/Counter/1/state/value")).text()).toBe("4");
    expect(await (await runtime.fetch("/v1.0/invoke/app/method/x", { method: "POST" })).text()).toBe("else");
  });

  it("have timers that end with them, and reminders that wake them", async () => {
    const runtime = await runtimeOf();
    const one = runtime.actor<Counter>("Counter", "1");
    await one.every("20s");
    await runtime.advance(60_000);
    expect(await one.increment(0)).toBe(6);
    await runtime.deactivate("Counter", "1");
    await runtime.advance(60_000);
    expect(await (await runtime.fetch("/v1.0/actors/Counter/1/state/value")).text()).toBe("6");
    await runtime.advance(3_600_000);
    expect(told.filter((one) => one.includes(":"))).toEqual(["1: wake"]);
  });

  it("call each other, and come back where they are reentrant", async () => {
    const runtime = await runtimeOf();
    expect(await runtime.actor<Pair>("Pair", "a").ping(5)).toBe("ababab");
    const tooDeep = await runtime
      .actor<Pair>("Pair", "a")
      .ping(30)
      .catch((error: unknown) => error);
    expect(tooDeep).toBeInstanceOf(ActorError);
    expect(await runtime.actor<Pair>("Pair", "a").ping(1)).toBe("ab");
  });

  it("leave the next turn in peace when a caller goes away during one that never ends", async () => {
    const runtime = await runtimeOf();
    const abort = new AbortController();
    const hanging = runtime.fetch("/v1.0/actors/Counter/1/method/wait", {
      method: "POST",
      signal: abort.signal,
    });
    const next = runtime.actor<Counter>("Counter", "1").increment();
    await runtime.advance(0);
    abort.abort();
    expect((await hanging).status).toBe(500);
    expect(await next).toBe(1);
  });

  it("are refused beside a channel, which has an app of its own", async () => {
    const app = {
      invoke: () => Promise.reject(),
      ready: async () => undefined,
      properties: {},
      close: async () => undefined,
    };
    await expect(createRuntime({ actors: { Counter }, app })).rejects.toThrow("beside a handler");
  });
});
