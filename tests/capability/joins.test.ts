import { afterEach, describe, expect, it } from "vitest";
import type { Api } from "../../host/capability/host-calls.ts";
import { encodeMessage, messageKind, textField } from "../../host/capability/message.ts";
import { PackageSet } from "../../host/capability/package-set.ts";
import { FakeClock } from "../../host/fake-clock.ts";
import { createRuntime, type LocalRuntime } from "../../host/node/create-runtime.ts";
import { testContext } from "../conformance/test-context.ts";
import { inProcess } from "./in-process.ts";
import { data, fixed, saying, watPackage } from "./wat-package.ts";

/** A busy machine takes its time. */
const patient = { timeout: 10_000 };

const prerequisites = { store: "statestore", inputs: ["flight", "hotel", "car"], by: "/trip" };
const offers = [
  {
    kind: "function",
    name: "bill",
    prerequisites,
    topics: [{ pubsub: "pubsub", topic: "flights", input: "flight" }],
  },
];
const said = (kind: number, ...pairs: readonly string[]) =>
  encodeMessage({
    kind,
    fields: pairs.flatMap((name, i) => (i % 2 === 0 ? [textField(name, pairs[i + 1] as string)] : [])),
  });
/** What it does of each trip: it writes one key, which nothing keeps it from doing twice. */
const paying = said(
  messageKind.calls,
  ...[":call", "state.transaction", "store", "statestore"],
  ...[":body", '{"operations":[{"operation":"upsert","request":{"key":"paid","value":1}}]}'],
);
const biller = (status: string) => {
  const done = said(messageKind.answer, ":status", status, ":body", "billed");
  return watPackage(
    "biller",
    saying(paying, {
      resume: fixed(done).replace("1024", "2048"),
      more: `(data (i32.const 2048) ${data(done)})`,
    }),
    { offers },
  );
};

let runtime: LocalRuntime;
const sets: PackageSet[] = [];
afterEach(async () => {
  await Promise.all(sets.splice(0).map((set) => set.close()));
  await runtime.stop(0);
});

/** Times that a function's effect was committed. */
let paid = 0;
const counted: Api = async (request) => {
  const response = await runtime.handle(request);
  const text = request.body instanceof Uint8Array ? new TextDecoder().decode(request.body) : "";
  if (text.includes("cap:biller:paid") && response.status === 204) paid += 1;
  return response;
};

/** A sidecar's packages, on a store that outlives them. */
async function packages(clock: FakeClock, api: Api, status = "200"): Promise<PackageSet> {
  const { platform } = testContext("functions", clock);
  const set = new PackageSet({ confinement: inProcess(clock), platform, maxBodySize: 1 << 20 });
  sets.push(set);
  set.attach(api);
  await set.update([biller(status)], new Map([["biller", { needs: "all", limits: {} }]]));
  set.start();
  return set;
}

const input = (set: PackageSet, name: string, trip = "t1") =>
  set.invoke(
    {
      method: "POST",
      path: "/v1.0/functions/bill",
      query: `input=${name}`,
      headers: [],
      body: new TextEncoder().encode(JSON.stringify({ trip, name })),
    },
    "bill",
  );

const text = (body: unknown) => new TextDecoder().decode(body as Uint8Array);

async function started(status?: string): Promise<{ readonly set: PackageSet; readonly clock: FakeClock }> {
  paid = 0;
  const clock = new FakeClock();
  runtime = await createRuntime({ clock });
  return { set: await packages(clock, counted, status), clock };
}

describe("T60: a function that waits for its prerequisites", () => {
  it("is called once, with the last one, and for each that belong together", async () => {
    const { set } = await started();
    const first = await input(set, "flight");
    expect([first.status, text(first.body)]).toEqual([202, '{"waitsFor":["hotel","car"]}']);
    expect(text((await input(set, "flight")).body)).toBe('{"waitsFor":["hotel","car"]}');
    await input(set, "car", "t2");
    expect(text((await input(set, "hotel")).body)).toBe('{"waitsFor":["car"]}');
    expect(paid).toBe(0);
    const last = await input(set, "car");
    expect([last.status, text(last.body), paid]).toEqual([200, "billed", 1]);
    // It comes again, and changes nothing.
    expect(text((await input(set, "hotel")).body)).toBe('{"waitsFor":[]}');
    expect(paid).toBe(1);
  });

  it("is called once where all inputs come at the same time", async () => {
    const { set } = await started();
    const answers = await Promise.all(
      ["flight", "hotel", "car", "car", "hotel"].map((one) => input(set, one)),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(paid).toBe(1);
  });

  it.each([
    ["input=hotel", "[]", "no text or number at /trip"],
    ["input=hotel", "x", "not JSON"],
    ["input=boat", '{"trip":"t"}', "say which one it is by ?input="],
  ])("refuses %s with %s", async (query, body, cause) => {
    const { set } = await started();
    const request = { method: "POST", path: "", query, headers: [], body: new TextEncoder().encode(body) };
    await expect(set.invoke(request, "bill")).rejects.toThrow(cause);
  });

  it("is called again where it failed, until it is done", async () => {
    const { set, clock } = await started("503");
    for (const one of ["flight", "hotel"]) await input(set, one);
    expect((await input(set, "car")).status).toBe(503);
    await set.close();
    const next = await packages(clock, counted);
    await clock.advance(60_000);
    expect(text((await input(next, "car")).body)).toBe('{"waitsFor":[]}');
    // What it wrote at first was written with its being done.
    expect(paid).toBe(1);
  });

  it("takes an input from a topic", async () => {
    const { set, clock } = await started();
    await input(set, "hotel");
    await input(set, "car");
    await clock.advance(2_000);
    await runtime.fetch("/v1.0/publish/pubsub/flights", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: '{"trip":"t1"}',
    });
    await expect.poll(() => paid, patient).toBe(1);
  });

  /** What the sidecar asks of its API in the whole run, so that it can be killed at each of these. */
  const steps = Array.from({ length: 24 }, (_, i) => i + 1);
  it.each(["before", "after"] as const)("is called once across a kill %s any step", async (when) => {
    let whole = 0;
    for (const step of steps) {
      const { set, clock } = await started();
      let asked = 0;
      let die = () => {};
      const dead = new Promise<"dead">((resolve) => {
        die = () => resolve("dead");
      });
      const mortal: Api = async (request) => {
        asked += 1;
        if (asked === step && when === "after") await counted(request);
        if (asked < step) return await counted(request);
        die();
        return await new Promise(() => undefined);
      };
      set.attach(mortal);
      let alive = set;
      for (const one of ["flight", "hotel", "car"]) {
        const answered = await Promise.race([input(alive, one), dead]);
        if (answered !== "dead" || alive !== set) continue;
        // Its successor finds what was left; who had no answer asks again.
        alive = await packages(clock, counted);
        await input(alive, one);
      }
      if (asked < step) whole += 1;
      await clock.advance(120_000);
      expect([step, paid]).toEqual([step, 1]);
      await Promise.all(sets.splice(0).map((one) => (one === set ? undefined : one.close())));
      await runtime.stop(0);
    }
    // All steps were died at.
    expect(whole).toBeGreaterThan(0);
  });
});
