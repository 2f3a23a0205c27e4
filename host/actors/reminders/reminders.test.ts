import { beforeEach, describe, expect, it } from "vitest";
import { type Instance, ReminderFleet, settings } from "../../../tests/actors/reminder-fleet.ts";
import { AppUnreachableError } from "../../channel/app-channel.ts";
import { ComponentError } from "../../errors/component-error.ts";
import { NotOwnedError } from "../hosted-actors.ts";
import { dropPolicy } from "./failure-policy.ts";

let fleet: ReminderFleet;
let a: Instance;

beforeEach(async () => {
  fleet = await ReminderFleet.start();
  a = fleet.instance("a");
  a.reminders.start(["T"]);
});

/** Until it is told to answer. */
function held() {
  let release = () => {};
  const answer = new Promise<undefined>((resolve) => {
    release = () => resolve(undefined);
  });
  return { answer, release: () => release() };
}

describe("a reminder", () => {
  it("fires on the next owner when its host is killed, each period once: T50", async () => {
    const b = fleet.instance("b");
    a.reminders.start(["stormtrooper"]);
    const book = settings({ data: "someData", dueTime: "1m", period: "20s" });
    await a.reminders.register("stormtrooper", "50", "checkRebels", book);
    await fleet.clock.advance(70_000);
    a.killed = true;
    b.reminders.start(["stormtrooper"]);
    await fleet.clock.advance(40_000);
    expect(fleet.times).toEqual(["a 60", "b 80", "b 100"]);
    expect(fleet.fired[2]).toMatchObject({
      ...{ type: "stormtrooper", id: "50", method: "remind/checkRebels" },
      body: '{"data":"someData","dueTime":"1m","period":"20s"}',
    });
  });

  it("fires once more where its host was killed after the callback and before that was written", async () => {
    const b = fleet.instance("b");
    await a.reminders.register("T", "1", "n", settings({ period: "20s", dueTime: "10s" }));
    a.onCommit = () => {
      a.killed = true;
    };
    await fleet.clock.advance(15_000);
    b.reminders.start(["T"]);
    await fleet.clock.advance(40_000);
    expect(fleet.times).toEqual(["a 10", "b 15", "b 30", "b 50"]);
  });

  it.each([
    ["once", {}, [0], []],
    ["as often as it says", { period: "R3/PT10S" }, [0, 10, 20], []],
    ["until its ttl", { dueTime: "5s", period: "10s", ttl: "25s" }, [5, 15, 25], []],
    ["never where its ttl leaves no time", { dueTime: "5s", period: "10s", ttl: "0s" }, [], []],
    ["more than once a second", { period: "R3/PT1S", dueTime: "250ms" }, [0.25, 1.25, 2.25], []],
  ])("fires %s, and is gone then", async (_, given, at, left) => {
    await a.reminders.register("T", "1", "n", settings(given));
    await fleet.clock.advance(100_000);
    expect(fleet.times).toEqual(at.map((second) => `a ${second}`));
    expect(await fleet.keys()).toEqual(left);
  });

  it("fires once for all that nobody was there for, and goes on where the grid is", async () => {
    await a.reminders.register("T", "1", "n", settings({ period: "R4/PT10S", dueTime: "10s" }));
    await a.reminders.register("T", "2", "once", settings({ dueTime: "10s" }));
    await a.reminders.register("T", "3", "over", settings({ dueTime: "10s", ttl: "20s" }));
    await a.reminders.stop();
    await fleet.clock.advance(35_000);
    const b = fleet.instance("b");
    b.reminders.start(["T"]);
    await fleet.clock.advance(100_000);
    const of = (id: string) => fleet.fired.filter((fired) => fired.id === id).map(({ at }) => at);
    expect([of("1"), of("2"), of("3")]).toEqual([[35, 40, 50, 60], [35], []]);
    expect(await fleet.keys()).toEqual([]);
  });

  it("ends when the app says so", async () => {
    fleet.respond = () => ({ headers: ["x-daprremindercancel", "true"] });
    await a.reminders.register("T", "1", "n", settings({ period: "10s" }));
    await fleet.clock.advance(100_000);
    expect(fleet.times).toEqual(["a 0"]);
    expect(await fleet.keys()).toEqual([]);
  });

  it("is found by its actor, whatever it is named, and by its type", async () => {
    const odd = [
      ["1||2", "n"],
      ["1", "2||n"],
      ["é/%", "a b"],
      ["1", "n"],
    ] as const;
    for (const [id, name] of odd) {
      await a.reminders.register(
        "T",
        id,
        name,
        settings({ dueTime: "1h", period: "PT5S", data: { big: 1 } }),
      );
    }
    await a.reminders.register("T||1", "2", "n", settings({ dueTime: "1h" }));
    const list = async (type: string, id: string | undefined, limit = 99) =>
      (await a.reminders.list(type, id, limit)).map(({ id, name }) => [id, name]);
    expect(await list("T", "1")).toEqual([
      ["1", "2||n"],
      ["1", "n"],
    ]);
    expect(new Set(await list("T", undefined))).toEqual(new Set(odd.map((one) => [...one])));
    expect(await list("T", undefined, 2)).toHaveLength(2);
    expect(await list("T||1", "2")).toEqual([["2", "n"]]);
    const found = await a.reminders.get("T", "1", "2||n");
    expect(found?.record).toMatchObject({ dueTime: "1h", period: "PT5S", data: '{"big":1}' });
    await a.reminders.delete("T", "1", "2||n");
    await a.reminders.delete("T", "1", "2||n");
    expect(await a.reminders.get("T", "1", "2||n")).toBeUndefined();
    expect(await fleet.keys()).toHaveLength(8);
  });
});

describe("while a callback is under way", () => {
  it.each([
    [
      "overwriting",
      (i: Instance) => i.reminders.register("T", "1", "n", settings({ dueTime: "1m" })),
      [0, 65],
    ],
    ["deleting", (i: Instance) => i.reminders.delete("T", "1", "n"), [0]],
  ] as const)("%s wins", async (_, change, at) => {
    const { answer, release } = held();
    fleet.respond = () => answer;
    await a.reminders.register("T", "1", "n", settings({ period: "10s" }));
    await fleet.clock.advance(5000);
    await change(a);
    release();
    await fleet.clock.advance(100_000);
    expect(fleet.fired.map((fired) => fired.at)).toEqual(at);
    expect(await fleet.keys()).toEqual([]);
  });

  it("overwriting wins also over what would have ended", async () => {
    const { answer, release } = held();
    fleet.respond = () => answer;
    await a.reminders.register("T", "1", "n", settings({}));
    await fleet.clock.advance(5000);
    await a.reminders.register("T", "1", "n", settings({ dueTime: "2026-01-01T00:00:00Z", period: "10s" }));
    release();
    await fleet.clock.advance(16_000);
    expect(fleet.fired.map((fired) => fired.at)).toEqual([0, 5, 10, 20]);
  });

  it("a change of owner waits until it is written down, and the next owner fires it not again", async () => {
    const b = fleet.instance("b");
    b.owns = () => false;
    b.reminders.start(["T"]);
    const { answer, release } = held();
    fleet.respond = () => answer;
    await a.reminders.register("T", "1", "n", settings({ period: "10s" }));
    await fleet.clock.advance(1000);
    let drained = false;
    const pausing = a.reminders.pause("T").then(() => {
      drained = true;
    });
    await fleet.clock.advance(1000);
    expect(drained).toBe(false);
    release();
    await pausing;
    a.owns = () => false;
    b.owns = () => true;
    a.reminders.changed();
    b.reminders.changed();
    await fleet.clock.advance(18_500);
    expect(fleet.times).toEqual(["a 0", "b 10", "b 20"]);
  });

  it("a change of owner waits also where the type is hosted no more", async () => {
    const { answer, release } = held();
    fleet.respond = () => answer;
    await a.reminders.register("T", "1", "n", settings({ period: "10s" }));
    await fleet.clock.advance(1000);
    let drained = false;
    a.reminders.start([]);
    const pausing = a.reminders.pause("T").then(() => {
      drained = true;
    });
    await fleet.clock.advance(1000);
    expect(drained).toBe(false);
    release();
    await pausing;
  });

  it("others of its actor wait, and those of other actors do not", async () => {
    const { answer, release } = held();
    fleet.respond = ({ id }) => (id === "slow" ? answer : undefined);
    for (let i = 0; i < 250; i++) await a.reminders.register("T", "slow", `n${i}`, settings({}));
    for (let i = 0; i < 250; i++) await a.reminders.register("T", `${i}`, "n", settings({ dueTime: "1s" }));
    await fleet.clock.advance(1000);
    expect(fleet.fired.filter(({ id }) => id === "slow")).toHaveLength(1);
    expect(fleet.fired).toHaveLength(251);
    release();
    await fleet.clock.advance(0);
    expect(fleet.fired).toHaveLength(500);
    expect(await fleet.keys()).toEqual([]);
  });

  it("no more than so many are", async () => {
    const few = fleet.instance("few", 3);
    await a.reminders.stop();
    few.reminders.start(["T"]);
    const { answer, release } = held();
    fleet.respond = () => answer;
    for (let i = 0; i < 10; i++) await few.reminders.register("T", `${i}`, "n", settings({}));
    await fleet.clock.advance(60_000);
    expect(fleet.fired).toHaveLength(3);
    release();
    await fleet.clock.advance(0);
    expect(fleet.fired).toHaveLength(10);
  });
});

describe("a callback that fails", () => {
  it("is tried four times in all, a second apart; then that tick is dropped", async () => {
    fleet.respond = ({ at }) => ({ status: at < 20 ? 500 : 200 });
    await a.reminders.register("T", "1", "n", settings({ period: "R3/PT10S" }));
    await a.reminders.register("T", "2", "once", settings({ data: "secret" }));
    await fleet.clock.advance(100_000);
    const of = (id: string) => fleet.fired.filter((fired) => fired.id === id).map(({ at }) => at);
    expect([of("1"), of("2")]).toEqual([
      [0, 1, 2, 3, 10, 11, 12, 13, 20],
      [0, 1, 2, 3],
    ]);
    expect(await fleet.keys()).toEqual([]);
    expect(a.warnings.join()).not.toContain("secret");
    expect(a.warnings).toContain(
      'a tick of a reminder is dropped {"actorType":"T","actorId":"2","reminder":"once","attempts":4}',
    );
  });

  it.each([
    ["drop", dropPolicy, [0, 10]],
    ["constant", { intervalMs: 3000, maxRetries: 1 }, [0, 3, 10, 13]],
    ["without end", { intervalMs: 7000, maxRetries: undefined }, [0, 7, 14, 21]],
  ])("is followed by what its policy says: %s", async (_, failurePolicy, at) => {
    fleet.respond = () => ({ status: 500 });
    await a.reminders.register("T", "1", "n", settings({ period: "R2/PT10S", failurePolicy }));
    await fleet.clock.advance(25_000);
    expect(fleet.fired.map((fired) => fired.at)).toEqual(at);
  });

  it("does not hold up the other reminders of its actor", async () => {
    fleet.respond = ({ method }) => ({ status: method.endsWith("bad") ? 500 : 200 });
    await a.reminders.register("T", "1", "bad", settings({}));
    await a.reminders.register("T", "1", "good", settings({ dueTime: "500ms" }));
    await fleet.clock.advance(600);
    expect(fleet.fired.map(({ method }) => method)).toEqual(["remind/bad", "remind/good"]);
  });

  it("begins its attempts anew once the reminder is overwritten", async () => {
    fleet.respond = () => ({ status: 500 });
    await a.reminders.register("T", "1", "n", settings({}));
    await fleet.clock.advance(2500);
    await a.reminders.register("T", "1", "n", settings({}));
    await fleet.clock.advance(10_000);
    expect(fleet.fired.map((fired) => fired.at)).toEqual([0, 1, 2, 2.5, 3.5, 4.5, 5.5]);
  });

  it("begins them anew also where it is overwritten with the same due time", async () => {
    fleet.respond = () => ({ status: 500 });
    const same = settings({ dueTime: "2026-01-01T00:00:00Z" });
    await a.reminders.register("T", "1", "n", same);
    await fleet.clock.advance(2500);
    await a.reminders.register("T", "1", "n", same);
    await fleet.clock.advance(60_000);
    expect(fleet.fired).toHaveLength(3 + 4);
  });
});

describe("a tick stays due", () => {
  it("while the app cannot be reached, which is no attempt, and few ask", async () => {
    let away = true;
    fleet.respond = () => {
      if (away) throw new AppUnreachableError("nobody there");
      return undefined;
    };
    for (let i = 0; i < 500; i++) await a.reminders.register("T", `${i}`, "n", settings({ period: "1h" }));
    await fleet.clock.advance(600_000);
    expect(fleet.fired.length).toBeLessThan(100 * 30);
    away = false;
    fleet.fired.length = 0;
    await fleet.clock.advance(30_000);
    expect(new Set(fleet.fired.map(({ id }) => id)).size).toBe(500);
    expect(fleet.fired).toHaveLength(500);
  });

  it("while its actor is moving, and the next owner has it at once", async () => {
    fleet.respond = ({ by }) => {
      if (by === "a") throw new NotOwnedError("T", "1");
      return undefined;
    };
    const b = fleet.instance("b");
    b.owns = () => false;
    b.reminders.start(["T"]);
    await a.reminders.register("T", "1", "n", settings({}));
    await fleet.clock.advance(2500);
    a.owns = () => false;
    b.owns = () => true;
    a.reminders.changed();
    b.reminders.changed();
    await fleet.clock.advance(60_000);
    expect(fleet.times).toEqual(["a 0", "a 1", "a 2", "b 2.5"]);
  });

  it("and is called about at once when ownership has settled", async () => {
    let moving = true;
    fleet.respond = () => {
      if (moving) throw new NotOwnedError("T", "1");
      return undefined;
    };
    await a.reminders.register("T", "1", "n", settings({}));
    await fleet.clock.advance(500);
    moving = false;
    a.reminders.changed();
    await fleet.clock.advance(60_000);
    expect(fleet.times).toEqual(["a 0", "a 0.5"]);
  });

  it("where its instance was taken over, which writes and fires nothing more", async () => {
    await a.reminders.register("T", "1", "n", settings({ period: "10s" }));
    a.fenced = true;
    await fleet.clock.advance(60_000);
    expect(fleet.times).toEqual(["a 0"]);
    const b = fleet.instance("b");
    b.reminders.start(["T"]);
    await fleet.clock.advance(1000);
    expect(fleet.times).toEqual(["a 0", "b 60"]);
    await expect(a.reminders.register("T", "1", "n", settings({}))).rejects.toThrow("taken over");
  });

  it("where the store cannot be read; and is not repeated where it cannot be written", async () => {
    const down = () => {
      throw new ComponentError("UNAVAILABLE", "the store is away");
    };
    await a.reminders.register("T", "1", "n", settings({ period: "20s", dueTime: "10s" }));
    a.onRead = down;
    await fleet.clock.advance(11_000);
    expect(fleet.fired).toEqual([]);
    a.onRead = () => undefined;
    a.onCommit = down;
    await fleet.clock.advance(5_000);
    expect(fleet.fired).toHaveLength(1);
    a.onCommit = () => undefined;
    await fleet.clock.advance(30_000);
    expect(fleet.fired).toHaveLength(2);
    expect(fleet.fired[1]?.at).toBe(30);
  });
});

it("is found within half a minute where another instance registered it, however long ago it was due", async () => {
  const b = fleet.instance("b");
  await a.reminders.register("T", "2", "n", settings({ dueTime: "5s" }));
  await fleet.clock.advance(10_000);
  await b.reminders.register("T", "1", "n", settings({ dueTime: "2026-01-01T00:00:00Z" }));
  await fleet.clock.advance(30_000);
  expect(fleet.times).toEqual(["a 5", "a 30"]);
});

it("is found at once where it is registered while others are being looked at", async () => {
  const few = fleet.instance("few", 1);
  await a.reminders.stop();
  few.reminders.start(["T"]);
  const { answer, release } = held();
  fleet.respond = () => answer;
  for (const id of ["1", "2"]) await few.reminders.register("T", id, "n", settings({}));
  await fleet.clock.advance(1000);
  await few.reminders.register("T", "3", "n", settings({ dueTime: "2020-01-01T00:00:00Z" }));
  release();
  await fleet.clock.advance(1000);
  expect(fleet.fired).toHaveLength(3);
});

it("is told of one that exists where it is not to be overwritten", async () => {
  const { reminders } = a;
  await reminders.register("T", "1", "n", settings({ dueTime: "1h", overwrite: false }));
  await expect(reminders.register("T", "1", "n", settings({ overwrite: false }))).rejects.toThrow(
    "exists already",
  );
  const both = [1, 2].map(() =>
    reminders.register("T", "1", "m", settings({ dueTime: "1h", overwrite: false })),
  );
  const outcomes = (await Promise.allSettled(both)).map(({ status }) => status);
  expect(outcomes.sort()).toEqual(["fulfilled", "rejected"]);
  expect(await fleet.keys()).toHaveLength(4);
});

it("stops once what is under way has ended, and leaves no timer behind", async () => {
  const { answer, release } = held();
  fleet.respond = () => answer;
  await a.reminders.register("T", "1", "n", settings({ period: "1s" }));
  await fleet.clock.advance(100);
  let stopped = false;
  const stopping = a.reminders.stop().then(() => {
    stopped = true;
  });
  await fleet.clock.advance(100);
  expect(stopped).toBe(false);
  release();
  await stopping;
  await fleet.clock.advance(10_000);
  expect(fleet.times).toEqual(["a 0"]);
  expect(fleet.clock.pending).toBe(0);
});

it("stops while its store cannot be written", async () => {
  await a.reminders.register("T", "1", "n", settings({ period: "1s" }));
  a.onCommit = () => {
    throw new ComponentError("UNAVAILABLE", "the store is away");
  };
  await fleet.clock.advance(5000);
  await a.reminders.stop();
  expect(fleet.times).toEqual(["a 0"]);
  expect(fleet.clock.pending).toBe(0);
});
