import { describe, expect, it } from "vitest";
import { AppUnreachableError } from "../channel/app-channel.ts";
import { FakeClock } from "../fake-clock.ts";
import type { RuntimeRequest, RuntimeResponse } from "../http.ts";
import { nodeCore } from "../node/core-module.ts";
import { consoleLog, webPlatform } from "../web-platform.ts";
import { Mesh } from "./mesh.ts";
import { partitions } from "./partitions.ts";
import { type Instance, type Transport, UnavailableError } from "./transport.ts";

type Behaviour = (request: RuntimeRequest) => Promise<RuntimeResponse>;
const ok: RuntimeResponse = { status: 200, headers: [], body: undefined };

function transport(name: string, instances: Record<string, Behaviour>) {
  const suspected: string[] = [];
  const calls: string[] = [];
  const made: Transport = {
    name,
    join: async () => undefined,
    instances: async (appId, namespace) =>
      Object.entries(instances).map(
        ([id, behaviour]): Instance => ({
          id,
          appId,
          namespace,
          invoke: (request) => {
            calls.push(id);
            return behaviour(request);
          },
        }),
      ),
    suspect: ({ id }) => void suspected.push(id),
    close: async () => undefined,
  };
  return { transport: made, suspected, calls };
}

function mesh(...transports: Transport[]) {
  const clock = new FakeClock();
  return { clock, mesh: new Mesh(transports, { ...webPlatform(consoleLog("error", "test")), clock }) };
}

const request = (body?: RuntimeRequest["body"]): RuntimeRequest => ({
  method: "POST",
  path: "/",
  query: "",
  headers: [],
  body,
});
const gone =
  (sent: boolean): Behaviour =>
  async () => {
    throw new UnavailableError("gone", { sent });
  };
const stream = () => new ReadableStream<Uint8Array>({ start: (controller) => controller.close() });

describe("the mesh", () => {
  it("shares calls over all transports, and counts an instance that two of them reach once", async () => {
    const near = transport("near", { one: async () => ok, both: async () => ok });
    const far = transport("far", { both: async () => ok, two: async () => ok });
    const { mesh: all } = mesh(near.transport, far.transport);
    for (let i = 0; i < 9; i++) await all.invoke("a", "n", request());
    const count = (calls: string[], id: string) => calls.filter((each) => each === id).length;
    expect([count(near.calls, "one"), count(near.calls, "both"), count(far.calls, "two")]).toEqual([3, 3, 3]);
    expect(count(far.calls, "both")).toBe(0);
  });

  it("suspects who cannot be reached, and sends what was not sent to the next at once", async () => {
    const only = transport("t", { dead: gone(false), alive: async () => ok });
    const { mesh: all, clock } = mesh(only.transport);
    expect((await all.invoke("a", "n", request())).status).toBe(200);
    expect(only.suspected).toEqual(["dead"]);
    expect(clock.pending).toBe(0);
  });

  it("never sends twice what may have arrived", async () => {
    for (const failure of [
      gone(true),
      async () => {
        throw new AppUnreachableError("lost", { sent: true });
      },
    ]) {
      const only = transport("t", { one: failure, two: failure });
      await expect(mesh(only.transport).mesh.invoke("a", "n", request())).rejects.toMatchObject({
        sent: true,
      });
      expect(only.calls).toHaveLength(1);
    }
  });

  it("never sends a stream twice that was begun, and may send on one that was not", async () => {
    const begins: Behaviour = async ({ body }) => {
      (body as ReadableStream).getReader();
      throw new UnavailableError("gone", { sent: false });
    };
    const begun = transport("t", { one: begins, two: begins });
    await expect(mesh(begun.transport).mesh.invoke("a", "n", request(stream()))).rejects.toThrow("gone");
    expect(begun.calls).toHaveLength(1);
    const untouched = transport("t", { one: gone(false), two: async () => ok });
    expect((await mesh(untouched.transport).mesh.invoke("a", "n", request(stream()))).status).toBe(200);
  });

  it("passes on what is no matter of reachability", async () => {
    const only = transport("t", {
      one: async () => {
        throw new TypeError("a bug");
      },
      two: async () => ok,
    });
    await expect(mesh(only.transport).mesh.invoke("a", "n", request())).rejects.toThrow(TypeError);
  });

  it("ends its waiting when the caller goes away", async () => {
    const only = transport("t", { one: gone(false) });
    const { mesh: all, clock } = mesh(only.transport);
    const caller = new AbortController();
    const call = all.invoke("a", "n", { ...request(), signal: caller.signal }, () => 1_000);
    call.catch(() => undefined);
    await clock.advance(1_500);
    caller.abort(new Error("left"));
    await expect(call).rejects.toThrow("left");
    expect(only.calls).toHaveLength(2);
  });

  it("takes a partition to the same instance from everywhere, and to another one only when that is gone", async () => {
    const core = await nodeCore();
    const all = { one: async () => ok, two: async () => ok, three: async () => ok };
    const { one, two, three } = all;
    const called = async (given: Transport, calls: string[], partition: string) => {
      const places = new Mesh([given], webPlatform(consoleLog("error", "test")), partitions(core));
      calls.length = 0;
      for (let i = 0; i < 3; i++) {
        await places.invoke("a", "n", { ...request(), headers: ["partitionkey", partition] });
      }
      return new Set(calls);
    };
    const here = transport("here", all);
    const there = transport("there", { three, one, two });
    const seen = new Set<string>();
    for (let i = 0; i < 20; i++) {
      const [only, ...others] = await called(here.transport, here.calls, `p${i}`);
      expect(others).toEqual([]);
      seen.add(only as string);
      expect([...(await called(there.transport, there.calls, `p${i}`))]).toEqual([only]);
      const rest = Object.fromEntries(Object.entries(all).filter(([name]) => name !== only));
      const without = transport("without", { ...rest, [only as string]: gone(false) });
      const [first, second] = await called(without.transport, without.calls, `p${i}`);
      expect([first, second === only]).toEqual([only, false]);
    }
    expect(seen.size).toBe(3);
  });

  it("adds a way once", async () => {
    const only = transport("t", { one: async () => ok });
    const { mesh: all } = mesh();
    all.add(only.transport);
    all.add(only.transport);
    expect(all.transports).toHaveLength(1);
    expect((await all.invoke("a", "n", request())).status).toBe(200);
  });
});
