import { afterEach, describe, expect, it } from "vitest";
import { daprPubSub } from "../../host/components/pubsub/dapr.ts";
import { InMemoryBroker, inMemoryPubSub } from "../../host/components/pubsub/in-memory.ts";
import type { Message, MessageHandler, PubSub } from "../../host/components/pubsub/pubsub.ts";
import { FakeClock } from "../../host/fake-clock.ts";
import { createRuntime, type LocalRuntime } from "../../host/node/create-runtime.ts";
import { givenResources } from "../../host/node/given-components.ts";
import { openWith, testContext } from "../conformance/test-context.ts";

const silent = { debug() {}, info() {}, warn() {}, error() {} };
const closing: (() => Promise<unknown>)[] = [];
let clock = new FakeClock();
afterEach(async () => {
  const all = closing.splice(0).reverse();
  const ended = (async () => {
    for (const close of all) await close();
  })();
  await clock.advance(20_000);
  await ended;
  clock = new FakeClock();
});

/** A sidecar in this process whose broker outlives it, and the network between it and whoever calls it. */
class Remote {
  readonly #broker = new InMemoryBroker();
  readonly #streams = new Set<() => void>();
  #runtime: LocalRuntime | undefined;
  readonly said: string[] = [];
  /** Answers in the sidecar's place. */
  instead: ((url: string, init: RequestInit) => Promise<Response> | undefined) | undefined;

  async start(components = [{ name: "bus", type: "pubsub.in-memory" }], strict = false): Promise<void> {
    const registry = { pubsub: [inMemoryPubSub(this.#broker)] };
    const options = { appId: "remote", registry, clock, log: silent, components, strict };
    this.#runtime = await createRuntime(options);
  }

  /** As a kill: what is under way breaks, and nothing answers. */
  async kill(): Promise<void> {
    const runtime = this.#runtime;
    this.#runtime = undefined;
    this.cut();
    await clock.advance(0);
    await runtime?.stop();
  }

  /** Breaks the streams that are open. */
  cut(): void {
    for (const cut of this.#streams) cut();
    this.#streams.clear();
  }

  get runtime(): LocalRuntime {
    return this.#runtime as LocalRuntime;
  }

  readonly fetch = async (url: string, init: RequestInit = {}): Promise<Response> => {
    const answer = this.instead?.(url, init);
    if (answer !== undefined) return answer;
    if (this.#runtime === undefined) throw new TypeError("fetch failed");
    const response = await this.#runtime.fetch(url, init);
    if (!response.headers.get("content-type")?.startsWith("text/event-stream")) return response;
    const broken = new TransformStream<Uint8Array, Uint8Array>();
    const ending = new AbortController();
    response.body?.pipeTo(broken.writable, { signal: ending.signal }).catch(() => undefined);
    this.#streams.add(() => ending.abort(new TypeError("the connection broke")));
    return new Response(broken.readable, { headers: response.headers });
  };

  async publish(data: unknown, topic = "orders", id: string = crypto.randomUUID()): Promise<void> {
    const event = { id, source: "s", specversion: "1.0", type: "t", data };
    const answer = await this.runtime.fetch(`/v1.0/publish/bus/${topic}`, {
      method: "POST",
      headers: { "content-type": "application/cloudevents+json" },
      body: JSON.stringify(event),
    });
    expect(answer.status).toBe(204);
    await clock.advance(0);
  }

  async open(metadata: Record<string, string> = {}, name = "bus"): Promise<PubSub> {
    const context = testContext(name, clock);
    const log = {
      ...silent,
      warn: (line: string) => this.said.push(line),
      info: (line: string) => this.said.push(line),
    };
    const component = await openWith(
      daprPubSub(),
      { ...context, log, platform: { ...context.platform, fetch: this.fetch } },
      { url: "https://remote.example", component: "bus", ...metadata },
    );
    closing.push(() => component.close());
    return component;
  }
}

async function started(): Promise<Remote> {
  const remote = new Remote();
  await remote.start();
  closing.push(() => remote.kill());
  return remote;
}

const dataOf = ({ data }: Message) => JSON.parse(new TextDecoder().decode(data)).data as unknown;
const subscribe = (component: PubSub, handler: MessageHandler, topic = "orders") =>
  component.subscribe({ topic, consumerId: "page", metadata: new Map() }, handler);
/** Handles what comes, and keeps it. */
async function collect(component: PubSub, topic?: string): Promise<unknown[]> {
  const got: unknown[] = [];
  await subscribe(component, async (message) => void got.push(dataOf(message)), topic);
  return got;
}

describe("pubsub.dapr", () => {
  it("keeps one stream for all its topics, and none without a topic", async () => {
    const remote = await started();
    let streams = 0;
    remote.instead = (_, { method }) => {
      if (method === "GET") streams++;
      return undefined;
    };
    const component = await remote.open();
    const subscriptions = [];
    for (const topic of ["a", "b", "c"]) {
      subscriptions.push(await subscribe(component, async () => undefined, topic));
    }
    expect(streams).toBe(1);
    expect(remote.runtime.sidecar.streams.list()).toHaveLength(3);
    for (const subscription of subscriptions) await subscription.close();
    await clock.advance(0);
    expect(remote.runtime.sidecar.streams.list()).toEqual([]);
  });

  it("loses nothing when the stream breaks in the midst of events, and hands none of them out a second time", async () => {
    const remote = await started();
    const component = await remote.open();
    const calls: unknown[] = [];
    const held: (() => void)[] = [];
    await subscribe(component, (message) => {
      calls.push(dataOf(message));
      return new Promise((resolve) => held.push(resolve));
    });
    for (const n of [1, 2, 3]) await remote.publish(n);
    held[0]?.();
    remote.cut();
    await clock.advance(0);
    await remote.publish(4);
    // The second ends while there is no stream, the third once there is another.
    held[1]?.();
    await clock.advance(2_000);
    held[2]?.();
    await clock.advance(0);
    held[3]?.();
    await clock.advance(5_000);
    expect(calls).toEqual([1, 2, 3, 4]);
    expect(await collect(component)).toEqual([]);
  });

  it("tells again what became of an event, and does not handle it again, when its verdict did not arrive", async () => {
    const remote = await started();
    const component = await remote.open();
    let lost = 0;
    remote.instead = (url, { method }) => {
      if (method !== "POST" || !url.endsWith("/subscribe/bus") || lost > 0) return undefined;
      lost++;
      return Promise.reject(new TypeError("fetch failed"));
    };
    const got = await collect(component);
    await remote.publish(1);
    await clock.advance(5_000);
    await remote.publish(2);
    await clock.advance(70_000);
    expect([lost, got]).toEqual([1, [1, 2]]);
  });

  it("delivers an event again that the app does not answer for, which holds up no other", async () => {
    const remote = await started();
    const component = await remote.open({ ackTimeout: "10s" });
    const attempts: unknown[] = [];
    let answer = () => {};
    await subscribe(component, async (message) => {
      attempts.push(dataOf(message));
      if (dataOf(message) === "slow") await new Promise<void>((resolve) => (answer = resolve));
    });
    await remote.publish("slow");
    await remote.publish("next");
    expect(attempts).toEqual(["slow", "next"]);
    await clock.advance(15_000);
    // It is under way still: it is not handed out a second time here, but to others of the app.
    expect(attempts).toEqual(["slow", "next"]);
    const other = await collect(await remote.open({}, "other"));
    await clock.advance(120_000);
    expect(other).toEqual(["slow"]);
    answer();
  });

  it("has the events of a restart, and of the time between, when the sidecar is back", async () => {
    const remote = await started();
    const got = await collect(await remote.open());
    await remote.publish(1);
    await remote.kill();
    await clock.advance(60_000);
    await remote.start();
    await remote.publish(2);
    await clock.advance(40_000);
    await remote.publish(3);
    expect(got).toEqual([1, 2, 3]);
    expect(remote.said).toEqual([
      "events wait with the other sidecar",
      "events of the other sidecar come again",
    ]);
  });

  it("waits for a pub/sub that leaves the other sidecar, and goes on when it is back", async () => {
    const remote = await started();
    const got = await collect(await remote.open());
    await remote.runtime.update(await givenResources([], "the test"));
    await clock.advance(60_000);
    expect(remote.said).toEqual(["events wait with the other sidecar"]);
    const bus = { name: "bus", type: "pubsub.in-memory" };
    await remote.runtime.update(await givenResources([bus], "the test"));
    await clock.advance(40_000);
    await remote.publish(1);
    expect(got).toEqual([1]);
  });

  it("opens another stream when one is silent for longer than two heartbeats", async () => {
    const remote = await started();
    let streams = 0;
    remote.instead = (_, { method }) => {
      if (method !== "GET" || streams++ > 0) return undefined;
      const headers = { "content-type": "text/event-stream", "daprlet-stream": "1" };
      return Promise.resolve(new Response(new ReadableStream(), { headers }));
    };
    const component = await remote.open();
    const got: unknown[] = [];
    remote.instead = ((instead) => (url: string, init: RequestInit) => {
      // The silent one takes every topic.
      if (init.method === "PUT" && streams === 1) return Promise.resolve(new Response(null, { status: 204 }));
      return instead(url, init);
    })(remote.instead);
    await subscribe(component, async (message) => void got.push(dataOf(message)));
    await clock.advance(85_000);
    await remote.publish(1);
    expect([streams, got]).toEqual([2, [1]]);
  });

  it("takes events that are published apart for two, also of one id and at once", async () => {
    const remote = await started();
    const component = await remote.open();
    const got: unknown[] = [];
    await subscribe(component, async (message) => {
      got.push(dataOf(message));
      await clock.advance(0);
    });
    await Promise.all([1, 2, 3].map((n) => remote.publish(n, "orders", "same")));
    await clock.advance(5_000);
    expect(got).toEqual([1, 2, 3]);
  });

  it("gives a topic to each that subscribes to it, and to those of one consumer each event once", async () => {
    const remote = await started();
    const component = await remote.open();
    const got: string[] = [];
    const add = (name: string, consumerId: string) =>
      component.subscribe({ topic: "orders", consumerId, metadata: new Map() }, async (message) => {
        got.push(`${name} ${dataOf(message)}`);
      });
    const [a] = [await add("a", "page"), await add("b", "other")];
    await remote.publish(1);
    expect(got.splice(0).sort()).toEqual(["a 1", "b 1"]);
    const c = await add("c", "page");
    for (let n = 0; n < 4; n++) await remote.publish(n);
    expect(got.filter((one) => !one.startsWith("b")).length).toBe(4);
    await a.close();
    got.splice(0);
    await remote.publish(5);
    expect(got.sort()).toEqual(["b 5", "c 5"]);
    await c.close();
  });

  it("tries with growing pauses, and says it, where its verdicts are refused", async () => {
    const remote = await started();
    const component = await remote.open();
    let streams = 0;
    remote.instead = (url, { method }) => {
      if (method === "GET") streams++;
      if (method !== "POST" || !url.endsWith("/subscribe/bus")) return undefined;
      return Promise.resolve(new Response("no", { status: 403 }));
    };
    const got = await collect(component);
    await remote.publish(1);
    await clock.advance(120_000);
    expect(got).toEqual([1]);
    // Half a second, 1, 2, … up to 30, each shorter by half at most.
    expect(streams).toBeLessThan(15);
    expect(remote.said[0]).toBe("events wait with the other sidecar");
  });

  it("passes raw events on as they were published, under one id however often they come", async () => {
    const remote = await started();
    const component = await remote.open();
    const ids = new Set<string | undefined>();
    const texts: string[] = [];
    const metadata = new Map([["rawPayload", "true"]]);
    await component.subscribe({ topic: "raw", consumerId: "page", metadata }, async (message) => {
      ids.add(message.metadata.get("daprlet-event-id"));
      texts.push(new TextDecoder().decode(message.data));
      if (texts.length < 2) throw new Error("again");
    });
    await component.publish({
      topic: "raw",
      data: new TextEncoder().encode("no JSON"),
      contentType: "text/plain",
      metadata,
      requestId: undefined,
    });
    await clock.advance(5_000);
    expect(texts).toEqual(["no JSON", "no JSON"]);
    expect(ids.size).toBe(1);
  });

  it.each([
    {
      what: "no streams",
      instead: () => Response.json({ errorCode: "ERR_DIRECT_INVOKE", message: "…" }, { status: 404 }),
      code: "UNIMPLEMENTED",
      says: /^pub\/sub bus publishes only: the sidecar at https:\/\/remote\.example has no streams of events \(daprd/,
    },
    {
      what: "another answer",
      instead: () => new Response("<html>"),
      code: "UNKNOWN",
      says: /did not answer as daprlet does/,
    },
    {
      what: "no connection",
      instead: () => Promise.reject(new TypeError("fetch failed")),
      code: "UNAVAILABLE",
      says: /cannot be reached/,
    },
    {
      what: "another token",
      instead: () => new Response("invalid api token", { status: 401 }),
      code: "UNAUTHENTICATED",
      says: /another token in dapr-api-token/,
    },
  ])("refuses to subscribe where the sidecar has $what", async ({ instead, code, says }) => {
    const remote = await started();
    remote.instead = async () => instead();
    const component = await remote.open();
    await expect(subscribe(component, async () => undefined)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(says),
    });
  });

  it("refuses a topic that the sidecar does not give it, and has the others", async () => {
    const remote = new Remote();
    closing.push(() => remote.kill());
    const metadata = { subscriptionScopes: "remote=orders" };
    await remote.start([{ name: "bus", type: "pubsub.in-memory", ...{ metadata } }]);
    const component = await remote.open();
    const got = await collect(component);
    await expect(subscribe(component, async () => undefined, "closed")).rejects.toMatchObject({
      code: "PERMISSION_DENIED",
    });
    await remote.publish(1);
    expect(got).toEqual([1]);
  });
});
