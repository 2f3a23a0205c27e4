import { afterEach, describe, expect, it, vi } from "vitest";
import { encodeMessage, type MessageField, messageKind, textField } from "../../host/capability/message.ts";
import type { PackageSet } from "../../host/capability/package-set.ts";
import { fetchChannel } from "../../host/channel/fetch-channel.ts";
import {
  type CreateRuntimeOptions,
  createRuntime,
  type LocalRuntime,
} from "../../host/node/create-runtime.ts";
import { data, fixed, guest, saying, watPackage } from "./wat-package.ts";

const calls = (...fields: MessageField[]) => encodeMessage({ kind: messageKind.calls, fields });
const answer = (...fields: MessageField[]) => encodeMessage({ kind: messageKind.answer, fields });

const offers = [{ kind: "function", name: "count", topics: [{ pubsub: "pubsub", topic: "orders" }] }];
const needs = { state: [{ store: "statestore", access: "write", keys: "" }] };
/** Saves a key of the app, and answers with a status. */
const saving = calls(
  textField(":call", "state.set"),
  textField("store", "statestore"),
  textField("key", "seen"),
  textField(":body", "1"),
);

let runtime: LocalRuntime | undefined;
afterEach(() => runtime?.stop(0));

async function started(
  status: string,
  grants: Record<string, unknown> = { counter: "all" },
  { offers: own = offers, ...options }: CreateRuntimeOptions & { readonly offers?: readonly object[] } = {},
) {
  const done = answer(textField(":status", status));
  const wat = saying(saving, {
    resume: fixed(done).replace("1024", "2048"),
    more: `(data (i32.const 2048) ${data(done)})`,
  });
  runtime = await createRuntime({
    capabilities: {
      packages: [watPackage("counter", wat, { offers: own, needs, limits: { timeMs: 60_000 } })],
      grants,
    },
    log: { debug() {}, info() {}, warn() {}, error() {} },
    ...options,
  });
  return runtime;
}

const seen = async (one: LocalRuntime) => (await one.fetch("/v1.0/state/statestore/seen")).status === 200;
const publish = (one: LocalRuntime) =>
  one.fetch("/v1.0/publish/pubsub/orders", { method: "POST", body: "{}" });

interface Measured {
  readonly answered: number;
}
const answered = (one: LocalRuntime) =>
  ((one.sidecar.capabilities as PackageSet).list() as { measured: Measured }[])[0]?.measured.answered;

/** Publishes until the function is subscribed, which it is a moment after the start. */
async function untilSeen(one: LocalRuntime): Promise<void> {
  await vi.waitFor(async () => {
    await publish(one);
    expect(await seen(one)).toBe(true);
  }, 10_000);
}

/** What calls a function every ten seconds, and where it counts. */
const components = `
apiVersion: dapr.io/v1alpha1
kind: Component
metadata: { name: statestore }
spec: { type: state.in-memory, version: v1 }
---
apiVersion: dapr.io/v1alpha1
kind: Component
metadata: { name: tick }
spec: { type: bindings.cron, version: v1, metadata: [{ name: schedule, value: "@every 10s" }] }`;

describe("a function", () => {
  it("is invoked over HTTP", async () => {
    runtime = await createRuntime({
      capabilities: { packages: [watPackage("f", guest(), { offers: [{ kind: "function", name: "f" }] })] },
    });
    expect((await runtime.fetch("/v1.0/functions/f", { method: "POST", body: "x" })).status).toBe(200);
    const missing = await runtime.fetch("/v1.0/functions/g", { method: "POST" });
    expect([missing.status, await missing.json()]).toMatchObject([
      404,
      { errorCode: "ERR_FUNCTION_NOT_FOUND" },
    ]);
  });

  it("is called with the events of a topic, and keeps its state", async () => {
    const one = await started("204");
    await untilSeen(one);
    const before = answered(one);
    await publish(one);
    await vi.waitFor(() => expect(answered(one)).toBeGreaterThan(before ?? 0));
  });

  it("gets an event again that it did not take, and not one that it gave up", async () => {
    const one = await started("503");
    await untilSeen(one);
    const before = answered(one) ?? 0;
    await vi.waitFor(async () => {
      // Less than the call may take: it must not be ended by it.
      await one.advance(1_500);
      expect(answered(one)).toBeGreaterThan(before);
    }, 10_000);
  });

  it("gets nothing of a topic that was not granted", async () => {
    const one = await started("204", { counter: needs });
    const { refused } = (one.sidecar.capabilities as PackageSet).list()[0] as { refused: string[] };
    expect(refused).toEqual(["receive orders of pubsub"]);
    await publish(one);
    await new Promise((resolve) => setImmediate(resolve));
    expect([await seen(one), answered(one)]).toEqual([false, 0]);
  });

  it("is called by the events of a binding, with an app that wants them or without one", async () => {
    const triggers = [{ kind: "function", name: "count", bindings: [{ binding: "tick" }] }];
    for (const app of [undefined, () => new Response("{}")]) {
      const one = await started(
        "204",
        { counter: "all" },
        {
          offers: triggers,
          components,
          ...(app !== undefined && { app }),
        },
      );
      await vi.waitFor(async () => {
        // Slowly: the call's deadline goes by this clock, too.
        await one.advance(500);
        expect(await seen(one)).toBe(true);
      }, 10_000);
      // One that has gone is not called by it any more.
      await (one.sidecar.capabilities as PackageSet).update([], new Map());
      await one.advance(20_000);
      await one.stop(0);
    }
    const one = await started("204", { counter: needs }, { offers: triggers, components });
    await one.advance(20_000);
    expect([await seen(one), answered(one)]).toEqual([false, 0]);
  });

  it("is called by a binding while the app is away, and with the app once that is there", async () => {
    let arrive = () => {};
    const arrived = new Promise<void>((resolve) => {
      arrive = resolve;
    });
    const asked: string[] = [];
    const channel = fetchChannel((request) => {
      asked.push(`${request.method} ${new URL(request.url).pathname}`);
      return new Response("{}");
    });
    const one = await started(
      "204",
      { counter: "all" },
      {
        offers: [{ kind: "function", name: "count", bindings: [{ binding: "tick" }] }],
        components,
        app: { ...channel, ready: () => arrived },
      },
    );
    await vi.waitFor(async () => {
      await one.advance(500);
      expect(await seen(one)).toBe(true);
    }, 10_000);
    expect(asked).toEqual([]);
    arrive();
    await vi.waitFor(async () => {
      await one.advance(500);
      expect(asked.filter((one) => one === "POST /tick").length).toBeGreaterThan(1);
    }, 10_000);
    expect(answered(one)).toBeGreaterThan(2);
  });

  it("is called by its timers, where they were granted, and again where it failed", async () => {
    const timers = [{ name: "tick", schedule: "@every 10s" }];
    const triggers = [{ kind: "function", name: "count", timers }];
    const one = await started("503", { counter: "all" }, { offers: triggers });
    await one.advance(9_000);
    expect(answered(one)).toBe(0);
    await vi.waitFor(async () => {
      await one.advance(1_000);
      expect(answered(one)).toBeGreaterThan(1);
    }, 10_000);
    await one.stop(0);
    const other = await started("204", { counter: needs }, { offers: triggers });
    const { refused } = (other.sidecar.capabilities as PackageSet).list()[0] as { refused: string[] };
    expect(refused).toEqual(["call its functions by timers"]);
    await other.advance(30_000);
    expect(answered(other)).toBe(0);
  });

  it("ends with its package", async () => {
    const one = await started("204");
    await untilSeen(one);
    await vi.waitFor(() => expect(answered(one)).toBeGreaterThan(0));
    await (one.sidecar.capabilities as PackageSet).update([], new Map());
    await publish(one);
    expect((one.sidecar.capabilities as PackageSet).list()).toEqual([]);
    expect((await one.fetch("/v1.0/functions/count", { method: "POST" })).status).toBe(404);
  });
});
