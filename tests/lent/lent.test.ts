import { describe, expect, it } from "vitest";
import { toBase64 } from "../../host/base64.ts";
import { quorum, type SidecarFetch } from "../../host/lent/index.ts";
import { Crowd, leaseMs, square } from "./crowd.ts";

const done = (units: number) => (shown: { accepted: number }) => shown.accepted === units;
const bytes = (text: string) => toBase64(new TextEncoder().encode(text));

/** Never comes to an end by itself. */
const stuck = () => new Promise<Uint8Array>(() => undefined);

describe("lent work", () => {
  it("is done by two visitors each, who get credit once it is compared", async () => {
    const crowd = await (await Crowd.of(5)).start();
    crowd.visitor("ada");
    const one = await crowd.until(({ results }) => results === 5);
    expect(one).toMatchObject({
      accepted: 0,
      states: "vvvvv",
      workers: [{ worker: "ada", units: 0 }],
    });
    crowd.visitor("bob");
    expect(await crowd.until(done(5))).toMatchObject({
      disagreements: 0,
      results: 10,
      perMinute: 5,
      states: "aaaaa",
    });
    expect((await crowd.audit()).credits).toEqual(
      new Map([
        ["ada", 5],
        ["bob", 5],
      ]),
    );
  });

  it("is nobody's who lies: what it forged is outvoted, and known of it", async () => {
    const crowd = await (await Crowd.of(6)).start();
    crowd.visitor("liar", { compute: async (path) => new TextEncoder().encode(`forged ${path}`) });
    await crowd.until(({ results }) => results === 6);
    crowd.visitor("ada");
    crowd.visitor("bob");
    const { workers, disagreements } = await crowd.until(done(6));
    expect(disagreements).toBe(6);
    expect(workers).toContainEqual(expect.objectContaining({ worker: "liar", units: 0, disagreed: 6 }));
    await crowd.audit();
  });

  it("of a visitor who goes is another one's at once, not only when its lease ends", async () => {
    const crowd = await (await Crowd.of(1, { validator: quorum(1) })).start();
    // It is gone without a word: nothing that it asks for gets through any more.
    let gone = false;
    const fetch: SidecarFetch = (path, init) =>
      gone ? Promise.reject(new Error("gone")) : crowd.fetch(path, init);
    const leaving = crowd.visitor("leaving", { compute: stuck, fetch });
    await crowd.until(({ states }) => states === "l");
    crowd.visitor("staying");
    gone = true;
    void leaving.stop();
    await crowd.soon(done(1));
    expect((await crowd.audit()).credits).toEqual(new Map([["staying", 1]]));
  });

  it("is free again when the only visitor stops, before there is another one", async () => {
    const crowd = await (await Crowd.of(1)).start();
    const visitor = crowd.visitor("ada", { compute: stuck });
    await crowd.until(({ states }) => states === "l");
    await visitor.stop();
    await crowd.soon(({ states }) => states === "o");
  });

  it("of a visitor who stands still is another one's when its lease ends; what it still brings counts", async () => {
    const crowd = await (await Crowd.of(1)).start();
    let wake = (_: Uint8Array) => {};
    const waking = new Promise<Uint8Array>((resolve) => {
      wake = resolve;
    });
    crowd.visitor("asleep", { compute: () => waking });
    await crowd.until(({ states }) => states === "l");
    crowd.visitor("ada");
    crowd.visitor("bob");
    await crowd.until(done(1));
    wake(square("=0"));
    const { workers } = await crowd.until(({ results }) => results === 3);
    expect(workers.map(({ units }) => units)).toEqual([1, 1, 1]);
    await crowd.audit();
  });

  it("goes on where somebody takes all permits and does nothing", async () => {
    const crowd = await (await Crowd.of(2)).start();
    const idle = crowd.visitor("idle", {
      // Settles each permit as done, without so much as a lease.
      fetch: async (path, init) =>
        path.endsWith("/lease") ? new Response(null, { status: 410 }) : await crowd.fetch(path, init),
    });
    await crowd.runtime.advance(1_000);
    await idle.stop();
    crowd.visitor("ada");
    crowd.visitor("bob");
    await crowd.until(done(2));
    await crowd.audit();
  });

  it("that a package fails at goes back, and waits for who can do it", async () => {
    const crowd = await (await Crowd.of(2)).start();
    const failures: unknown[] = [];
    crowd.visitor("broken", {
      compute: async () => Promise.reject(new Error("it trapped")),
      failed: (error) => void failures.push(error),
    });
    await crowd.until(() => failures.length > 3);
    crowd.visitor("ada");
    crowd.visitor("bob");
    await crowd.until(done(2));
    expect((await crowd.audit()).credits.get("broken")).toBeUndefined();
  });

  it("is given up where no two agree", async () => {
    const crowd = await (await Crowd.of(1, { validator: quorum(2, 3) })).start();
    for (const worker of ["a", "b", "c"])
      crowd.visitor(worker, { compute: async () => new TextEncoder().encode(worker) });
    expect(await crowd.until(({ disputed }) => disputed === 1)).toMatchObject({
      states: "d",
      accepted: 0,
      results: 3,
    });
  });
});

describe("a result", () => {
  const leased = async (units: number) => {
    const crowd = await (await Crowd.of(units)).start();
    for (const worker of ["ada", "bob"]) {
      const answer = await crowd.ask("lease", { ticket: `of-${worker}`, worker });
      expect(await answer.json()).toMatchObject({ unit: 0 });
    }
    return crowd;
  };

  it("counts once, however often it comes", async () => {
    const crowd = await leased(1);
    const result = { unit: 0, ticket: "of-ada", worker: "ada", bytes: bytes("0") };
    for (let i = 0; i < 3; i++) await crowd.publish(result);
    await crowd.publish({ ...result, ticket: "of-bob", worker: "bob" });
    for (let i = 0; i < 3; i++) await crowd.publish(result);
    expect(await crowd.until(done(1))).toMatchObject({ results: 2 });
    await crowd.until(() => true, 10);
    expect((await crowd.audit()).credits).toEqual(
      new Map([
        ["ada", 1],
        ["bob", 1],
      ]),
    );
  });

  it.each([
    ["of nobody who was asked", { worker: "stranger" }],
    ["in another one's name, who was", { ticket: "made-up" }],
    ["of another unit", { unit: 1 }],
    ["of a unit that there is not", { unit: 7 }],
    ["of half a unit", { unit: 0.5 }],
    ["that is no base64", { bytes: "§" }],
    ["of another project", { project: "cubes" }],
    ["of a visitor whose name would be another record's key", { worker: "ada||x" }],
  ])("%s does not count, and is not asked about again", async (_, changes) => {
    const crowd = await leased(2);
    await crowd.publish({ unit: 0, ticket: "of-ada", worker: "ada", bytes: bytes("0"), ...changes });
    // It would come again by then; and what comes after it is heard.
    await crowd.runtime.advance(60_000);
    await crowd.publish({ unit: 0, ticket: "of-bob", worker: "bob", bytes: bytes("0") });
    await crowd.soon(({ workers }) => workers.some(({ worker }) => worker === "bob"));
    expect(await crowd.shown()).toMatchObject({ results: 1 });
  });

  it("that was published before its visitor went, and its unit was given to others, still counts", async () => {
    const crowd = await leased(1);
    await crowd.ask("return", { ticket: "of-ada", worker: "ada" });
    expect((await crowd.ask("lease", { ticket: "third", worker: "eve" })).status).toBe(200);
    await crowd.publish({ unit: 0, ticket: "of-ada", worker: "ada", bytes: bytes("0") });
    await crowd.publish({ unit: 0, ticket: "of-bob", worker: "bob", bytes: bytes("0") });
    await crowd.publish({ unit: 0, ticket: "third", worker: "eve", bytes: bytes("0") });
    await crowd.soon(({ results }) => results === 3);
    expect((await crowd.audit()).credits).toEqual(
      new Map([
        ["ada", 1],
        ["bob", 1],
        ["eve", 1],
      ]),
    );
  });
});

describe("a visitor that is killed", () => {
  it("at any step leaves nothing undone, and nothing done twice", async () => {
    for (let nth = 1; ; nth++) {
      let calls = 0;
      let gone = false;
      const crowd = await (await Crowd.of(2)).start();
      const fetch: SidecarFetch = async (path, init) => {
        calls += 1;
        gone ||= calls > nth;
        if (gone) throw new Error("gone");
        return await crowd.fetch(path, init);
      };
      const visitor = crowd.visitor("mortal", { fetch });
      // One that was not killed has done each unit once, and waits for others.
      await crowd.until(({ results }) => gone || results === 2);
      void visitor.stop();
      crowd.visitor("ada");
      crowd.visitor("bob");
      await crowd.until(done(2));
      await crowd.audit();
      await crowd.runtime.stop(0);
      if (gone) continue;
      expect(nth).toBeGreaterThan(5);
      return;
    }
  });
});

describe("a coordinator that is killed", () => {
  /** Dies with its n-th call of the sidecar: before the sidecar does it, or when it is done and before the answer is there. */
  const dying =
    (nth: number, after: boolean, armed: () => boolean, died: () => void) => (own: SidecarFetch) => {
      let calls = 0;
      const fetch: SidecarFetch = async (path, init) => {
        calls += 1;
        if (calls < nth || !armed()) return await own(path, init);
        if (calls === nth && after) await own(path, init);
        died();
        throw new Error("killed");
      };
      return fetch;
    };

  /** Whether it got as far as that call at all. */
  async function killedAt(nth: number, after: boolean): Promise<boolean> {
    let dead = false;
    let armed = true;
    const died = () => {
      dead = true;
    };
    const crowd = await Crowd.of(2, { fetch: dying(nth, after, () => armed, died) });
    await crowd.start().catch(() => undefined);
    crowd.visitor("ada");
    crowd.visitor("bob");
    await crowd.until(({ accepted }) => dead || accepted === 2).catch(() => undefined);
    armed = dead;
    if (dead) await crowd.coordinator().start();
    await crowd.until(done(2));
    expect((await crowd.audit()).credits).toEqual(
      new Map([
        ["ada", 2],
        ["bob", 2],
      ]),
    );
    await crowd.runtime.stop(0);
    return dead;
  }

  it.each([
    ["before", false],
    ["after", true],
  ])("at any step, %s it is done, loses no result and counts none twice", async (_, after) => {
    let steps = 0;
    while (await killedAt(steps + 1, after)) steps += 1;
    console.log(`killed at each of ${steps} steps`);
    expect(steps).toBeGreaterThan(20);
  });

  it("in another's presence counts what the other has counted meanwhile", async () => {
    const crowd = await Crowd.of(2);
    const one = crowd.coordinator();
    let go = () => {};
    const gate = new Promise<void>((resolve) => {
      go = resolve;
    });
    // Reads the credits, and writes them when the other one has.
    const slow: SidecarFetch = async (path, init) => {
      if (String(init?.body).includes("-credit-")) await gate;
      return await crowd.fetch(path, init);
    };
    const other = crowd.coordinator(slow, true);
    await crowd.start();
    for (const worker of ["ada", "bob"])
      for (const unit of [0, 1]) await crowd.ask("lease", { worker, ticket: `${worker}-${unit}` });
    const vote = async (to: typeof one, worker: string, unit: number) => {
      const data = { project: "squares", worker, unit, ticket: `${worker}-${unit}`, bytes: bytes(`${unit}`) };
      const answer = await to.fetch(
        new Request("https://app.test/results", { method: "POST", body: JSON.stringify({ data }) }),
      );
      expect(await answer.json()).toEqual({ status: "SUCCESS" });
    };
    for (const unit of [0, 1]) await vote(one, "ada", unit);
    const voting = vote(other, "bob", 0);
    await vote(one, "bob", 1);
    go();
    await voting;
    await crowd.runtime.advance(leaseMs);
    await crowd.until(done(2));
    expect((await crowd.audit()).credits).toEqual(
      new Map([
        ["ada", 2],
        ["bob", 2],
      ]),
    );
  });
});
