import { join } from "node:path";
import { ActorId, ActorProxyBuilder, CommunicationProtocolEnum, DaprClient, HttpMethod } from "@dapr/dapr";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { component, daprletRun, type Launched, temporaryFolder } from "./launch.ts";

interface Counted {
  readonly n: number;
}

interface CounterActor {
  add(count: number, by: number): Promise<void>;
  addAndFail(): Promise<void>;
  count(): Promise<Counted & { readonly activations: number }>;
  forget(): Promise<boolean>;
  has(): Promise<boolean>;
}

interface SpeakerActor {
  text(text: string): Promise<string>;
  object(object: unknown): Promise<unknown>;
  many(...args: unknown[]): Promise<unknown>;
  nothing(): Promise<unknown>;
  absent(): Promise<void>;
  ask(other: string, text: string, hops: number): Promise<string>;
}

/** Of `Clock`, whose timer ticks, and `Reminded`. Milliseconds. */
interface TimedActor {
  start(due?: number, period?: number, ttl?: number, by?: number): Promise<void>;
  stop(): Promise<void>;
  count(): Promise<Counted>;
}

// The proxies take only the name of a class.
const classes = { Counter: class Counter {}, Speaker: class Speaker {}, Clock: class Clock {} };
const reminded = { Reminded: class Reminded {}, Deaf: class Deaf {} };
const types = { ...classes, ...reminded };

const { missing } = daprletRun;

describe.skipIf(missing !== undefined)("actors of Dapr's own JavaScript SDK with daprlet run", () => {
  const { folder, remove } = temporaryFolder();
  let launched: Launched;
  let client: DaprClient;
  let ids = 0;

  beforeAll(async () => {
    const metadata = { connectionString: join(folder, "state.db"), actorStateStore: "true" };
    const components = [component("statestore", "state.sqlite", metadata)];
    launched = await daprletRun.launch({
      appId: "sdk-actors",
      app: "sdk-actors.mjs",
      folder,
      components,
      env: { NAMESPACE: "sdk-actors" },
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

  const actor = <T>(type: keyof typeof types, id = `${type}-${ids++}`) =>
    new ActorProxyBuilder<T>(types[type] as never, client).build(new ActorId(id));
  const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
  /** Waits until it has counted so far. */
  const counted = async (timed: TimedActor, n: number) => {
    const end = Date.now() + 8000;
    for (;;) {
      const count = (await timed.count()).n;
      if (count >= n) return count;
      if (Date.now() > end) throw new Error(`${count} of ${n}\n${launched.output()}`);
      await pause(30);
    }
  };
  /** What it has counted in the end: it has stopped. */
  const settled = async (timed: TimedActor) => {
    await pause(300);
    const { n } = await timed.count();
    await pause(500);
    expect((await timed.count()).n).toBe(n);
    return n;
  };

  describe("calls", () => {
    test("of text, objects, several arguments, nothing", async () => {
      const speaker = actor<SpeakerActor>("Speaker");
      expect(await speaker.text("é 1")).toBe("said: é 1");
      expect(await speaker.object({ a: [1, null] })).toEqual({ said: { a: [1, null] } });
      expect(await speaker.many(1, "1", { a: 1 }, [2])).toEqual([
        { value: 1, type: "number" },
        { value: "1", type: "string" },
        { value: { a: 1 }, type: "object" },
        { value: [2], type: "object" },
      ]);
      expect(await speaker.nothing()).toBe("undefined");
    });

    test("by the client's own factory, which makes an id", async () => {
      const speaker = client.actor.create<SpeakerActor>(types.Speaker as never);
      expect(await speaker.text("x")).toBe("said: x");
    });

    test("of a method that is not there, or throws: an error, and nothing is stored", async () => {
      await expect(actor<SpeakerActor>("Speaker").absent()).rejects.toThrow(/ERR_ACTOR_INVOKE_METHOD/);
      const counter = actor<CounterActor>("Counter", "fails");
      await expect(counter.addAndFail()).rejects.toThrow(/"status":500/);
      expect((await launched.fetch("/v1.0/actors/Counter/fails/state/count")).status).toBe(204);
    });

    test("of one actor by another, and on to a third", async () => {
      const id = `asks-${ids++}`;
      expect(await actor<SpeakerActor>("Speaker", id).ask("other", "hi", 3)).toBe("said: hi!!!");
    });

    test("of ids that a path cannot hold as they are", async () => {
      for (const id of ["a b", "é", "a+b", "100 €", "a:b@c"]) {
        expect(await actor<SpeakerActor>("Speaker", id).text(id)).toBe(`said: ${id}`);
      }
    });

    test("many at once lose nothing", async () => {
      const counter = actor<CounterActor>("Counter");
      await Promise.all(Array.from({ length: 30 }, () => counter.add(1, 2)));
      expect((await counter.count()).n).toBe(60);
    });
  });

  test("state is kept, removed, and read by the sidecar's API", async () => {
    const id = `kept-${ids++}`;
    const counter = actor<CounterActor>("Counter", id);
    const raw = () => launched.fetch(`/v1.0/actors/Counter/${id}/state/count`);
    await counter.add(2, 10);
    expect([(await counter.count()).n, (await raw()).text]).toEqual([20, '{"n":20}']);
    expect([await counter.forget(), await counter.has()]).toEqual([true, false]);
    expect((await raw()).status).toBe(204);
  });

  // They wait side by side.
  describe.concurrent("in time", () => {
    test("a timer ticks with its data until it is removed", async () => {
      const clock = actor<TimedActor>("Clock");
      await clock.start(100, 200, undefined, 100);
      expect((await counted(clock, 300)) % 100).toBe(0);
      await clock.stop();
      await settled(clock);
    });

    test("a timer without a period ticks once; one with a ttl ends", async () => {
      const [once, brief] = [actor<TimedActor>("Clock"), actor<TimedActor>("Clock")];
      await once.start(100, undefined, undefined, 7);
      await brief.start(100, 300, 700, 1);
      await Promise.all([counted(once, 7), counted(brief, 1)]);
      expect(await settled(once)).toBe(7);
      // Ticks of a machine that stood still are one.
      expect(await settled(brief)).toBeLessThanOrEqual(3);
    });

    test("a reminder calls receiveReminder with its data until it is removed", async () => {
      const one = actor<TimedActor>("Reminded");
      await one.start(100, 300, undefined, 123);
      expect((await counted(one, 246)) % 123).toBe(0);
      await one.stop();
      await settled(one);
    });

    test("a reminder that waits is listed with what it was given", async () => {
      const id = `listed-${ids++}`;
      const one = actor<TimedActor>("Reminded", id);
      const listed = async () => (await launched.fetch(`/v1.0/actors/Reminded/${id}/reminders`)).json;
      await one.start(80_000, 90_000, undefined, 17);
      expect(await listed()).toMatchObject({
        reminders: [{ name: "ring", dueTime: "80s", period: "@every 1m30s", data: 17 }],
      });
      await one.stop();
      expect(await listed()).toEqual({ reminders: [] });
    });

    test("a reminder without a period rings once; one with a ttl ends", async () => {
      const [once, brief] = [actor<TimedActor>("Reminded"), actor<TimedActor>("Reminded")];
      await once.start(100, undefined, undefined, 7);
      await brief.start(100, 300, 700, 1);
      await Promise.all([counted(once, 7), counted(brief, 1)]);
      expect(await settled(once)).toBe(7);
      // Ticks of a machine that stood still are one.
      expect(await settled(brief)).toBeLessThanOrEqual(3);
    });

    test("a reminder of a class that does not receive it is a warning of the SDK", async () => {
      const deaf = actor<TimedActor>("Deaf", "the-deaf");
      await deaf.start();
      const end = Date.now() + 8000;
      while (!/ACTOR_METHOD_NOT_IMPLEMENTED.*the-deaf/.test(launched.output()) && Date.now() < end)
        await pause(50);
      expect(launched.output()).toMatch(/ACTOR_METHOD_NOT_IMPLEMENTED.*the-deaf/);
      await deaf.stop();
    });

    test("an idle actor is deactivated, and finds its state when it is called again", async () => {
      const counter = actor<CounterActor>("Counter", "idle");
      await counter.add(1, 5);
      const gone = async () =>
        (await client.invoker.invoke("sdk-actors", "deactivated", HttpMethod.GET)) as string[];
      const end = Date.now() + 8000;
      while (!(await gone()).includes("idle") && Date.now() < end) await pause(100);
      expect((await gone()).filter((id) => id === "idle")).toHaveLength(1);
      expect(await counter.count()).toEqual({ n: 5, activations: 1 });
    });
  });

  test("what is kept and what is to come survive the death of both", async () => {
    const counter = actor<CounterActor>("Counter", "survivor");
    await counter.add(1, 3);
    const one = actor<TimedActor>("Reminded", "survivor");
    await one.start(300, undefined, undefined, 11);
    await launched.kill();
    await launched.again();
    const kept = () => launched.fetch("/v1.0/actors/Reminded/survivor/state/rung");
    const end = Date.now() + 10_000;
    while ((await kept()).status !== 200 && Date.now() < end) await pause(50);
    expect((await kept()).json).toEqual({ n: 11 });
    expect((await counter.count()).n).toBe(3);
  }, 40_000);
});
