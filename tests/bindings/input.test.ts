import { afterEach, describe, expect, it, vi } from "vitest";
import { inMemoryStore } from "../../host/components/state/in-memory.ts";
import { FakeClock } from "../../host/fake-clock.ts";
import { createRuntime, type LocalRuntime } from "../../host/node/index.ts";
import { componentFromObject } from "../../host/resources/component-from-object.ts";
import { noResources } from "../../host/resources/resources.ts";
import { Source } from "./source.ts";

type App = (request: Request) => Response | Promise<Response>;

let runtime: LocalRuntime;
const source = () => new Source();
afterEach(() => runtime.stop());

const binding = (name: string, metadata: Record<string, string> = {}) => ({
  name,
  type: "bindings.source",
  metadata,
});
const store = { name: "statestore", type: "state.in-memory" };

async function start(
  events: Source,
  components: readonly { name: string; type: string }[],
  app: App,
  options: { strict?: boolean; clock?: FakeClock } = {},
): Promise<void> {
  runtime = await createRuntime({
    components,
    app,
    registry: { state: [inMemoryStore], bindings: [events.definition] },
    log: { debug() {}, info() {}, warn() {}, error() {} },
    ...options,
  });
  await runtime.appReady;
}

const update = (components: readonly { name: string; type: string }[]) =>
  runtime.update({
    ...noResources,
    components: components.map((one) => componentFromObject(one, "the test")),
  });
const get = async (key: string) => (await runtime.fetch(`/v1.0/state/statestore/${key}`)).text();

describe("which bindings are read", () => {
  it("those whose route the app answers with 2xx or 405, and those that need no question", async () => {
    const events = source();
    const asked: string[] = [];
    const answers: Record<string, number> = {
      "/yes": 204,
      "/no-method": 405,
      "/routed/here": 200,
      "/error": 500,
    };
    await start(
      events,
      [
        binding("yes"),
        binding("no-method"),
        binding("no"),
        binding("error"),
        binding("other", { route: "routed/here" }),
        binding("always", { direction: "input, output" }),
        binding("never", { direction: "output" }),
      ],
      (request) => {
        const { pathname } = new URL(request.url);
        if (request.method === "OPTIONS") asked.push(pathname);
        return new Response(null, { status: answers[pathname] ?? 404 });
      },
    );
    expect([...events.handlers.keys()].sort()).toEqual(["always", "no-method", "other", "yes"]);
    expect(asked.sort()).toEqual(["/error", "/no", "/no-method", "/routed/here", "/yes"]);
  });

  it("an app that gives no answer is asked again", async () => {
    const events = source();
    const clock = new FakeClock();
    let calls = 0;
    const starting = start(
      events,
      [binding("slow"), binding("quick")],
      (request) => {
        if (request.method !== "OPTIONS" || request.url.endsWith("/quick")) return new Response(null);
        return ++calls === 1 ? new Promise(() => {}) : new Response(null);
      },
      { clock },
    );
    await vi.waitFor(() => expect(calls).toBe(1), 10_000);
    await clock.advance(3_000);
    await starting;
    expect([...events.handlers.keys()]).toEqual(["quick"]);
    await runtime.advance(1_000);
    expect([...events.handlers.keys()].sort()).toEqual(["quick", "slow"]);
  });

  it("what an update adds, changes and takes away; what it leaves alone goes on", async () => {
    const events = source();
    await start(events, [binding("kept"), binding("changed"), binding("gone")], () => new Response(null));
    const [kept, changed] = [events.handlers.get("kept"), events.handlers.get("changed")];
    await update([binding("kept"), binding("changed", { label: "other" }), binding("added")]);
    expect([...events.handlers.keys()].sort()).toEqual(["added", "changed", "kept"]);
    expect(events.handlers.get("kept")).toBe(kept);
    expect(events.handlers.get("changed")).not.toBe(changed);
    expect(events.closed.sort()).toEqual(["changed", "gone"]);
  });

  it("none any more once the sidecar stops, which waits for the delivery under way", async () => {
    const events = source();
    let finish: (() => void) | undefined;
    await start(events, [binding("in")], (request) =>
      request.method !== "POST"
        ? new Response(null)
        : new Promise((resolve) => {
            finish = () => resolve(new Response("done"));
          }),
    );
    const sent = events.send("in", "1");
    await vi.waitFor(() => expect(finish).toBeDefined(), 10_000);
    const stopping = runtime.stop();
    expect(events.handlers.size).toBe(0);
    finish?.();
    expect(await sent).toBe("done");
    await stopping;
  });
});

describe("a delivery", () => {
  it("posts the event as it is, its metadata as headers, and hands back the answer", async () => {
    const events = source();
    let seen: unknown[] = [];
    await start(events, [binding("a b")], async (request) => {
      if (request.method !== "POST") return new Response(null);
      const { pathname } = new URL(request.url);
      const { headers } = request;
      const names = ["content-type", "key", "host-name", "dapr-api-token", "x-forwarded-for"];
      seen = [request.method, pathname, await request.text(), ...names.map((name) => headers.get(name))];
      return new Response("the answer");
    });
    const metadata = {
      Key: "k",
      "Host-Name": "ü",
      "dapr-api-token": "x",
      "X-Forwarded-For": "1",
      "bad name": "x",
    };
    expect(await events.send("a b", '{"orderId":1}', metadata)).toBe("the answer");
    const bytes = String.fromCharCode(...new TextEncoder().encode("ü"));
    expect(seen).toEqual(["POST", "/a%20b", '{"orderId":1}', "application/json", "k", bytes, null, null]);
  });

  it("comes again until the app answers 2xx, and others wait for it", async () => {
    const events = source();
    const seen: string[] = [];
    await start(events, [binding("in")], async (request) => {
      if (request.method !== "POST") return new Response(null);
      seen.push(await request.text());
      return new Response(null, { status: seen.length < 3 ? 500 : 201 });
    });
    const sent = Promise.all([events.send("in", "1"), events.send("in", "2")]);
    await runtime.advance(5_000);
    await sent;
    expect(seen.sort()).toEqual(["1", "1", "2", "2"]);
  });

  it.each([
    ["one at a time", {}, 1],
    ["side by side where that is set", { concurrencyMode: "parallel" }, 3],
  ])("%s", async (_, metadata, most) => {
    const events = source();
    let inside = 0;
    let highest = 0;
    await start(events, [binding("in", metadata)], async (request) => {
      if (request.method !== "POST") return new Response(null);
      highest = Math.max(highest, ++inside);
      await new Promise((resolve) => setTimeout(resolve, 5));
      inside--;
      return new Response(null);
    });
    await Promise.all(["1", "2", "3"].map((data) => events.send("in", data)));
    expect(highest).toBe(most);
  });
});

describe("what an answer asks for", () => {
  const answering = (answer: unknown) => (request: Request) =>
    request.method !== "POST" ? new Response(null) : Response.json(answer);
  const names = ["in", "b1", "b2"];
  const components = [
    store,
    ...names.map((name) => binding(name, name === "in" ? {} : { direction: "output" })),
  ];

  it("state is saved and bindings are called, one after the other", async () => {
    const events = source();
    const answer = {
      storeName: "statestore",
      state: [{ key: "k", value: { n: 1 } }],
      to: ["b2", "b1"],
      data: "hi",
    };
    await start(events, components, answering(answer));
    expect(JSON.parse(await events.send("in", "1"))).toEqual(answer);
    expect(await get("k")).toBe('{"n":1}');
    expect(events.invoked).toEqual([
      { name: "b2", operation: "create", data: '"hi"' },
      { name: "b1", operation: "create", data: '"hi"' },
    ]);
  });

  it("the event comes again when a binding fails, after what did not", async () => {
    const events = source();
    events.broken.add("b1");
    await start(events, components, answering({ to: ["b1", "b2"], data: 1, concurrency: "parallel" }));
    const sent = events.send("in", "1");
    await runtime.advance(100);
    expect(events.invoked.map(({ name }) => name)).toEqual(["b2"]);
    events.broken.clear();
    await runtime.advance(5_000);
    await sent;
    expect(events.invoked.map(({ name }) => name).sort()).toEqual(["b1", "b2", "b2"]);
  });

  it("the event comes again when the state cannot be saved, and no binding is called before it is", async () => {
    const events = source();
    let storeName = "nowhere";
    await start(events, components, (request) =>
      answering({ storeName, state: [{ key: "k", value: 1 }], to: ["b1"] })(request),
    );
    const sent = events.send("in", "1");
    await runtime.advance(2_000);
    expect(events.invoked).toEqual([]);
    storeName = "statestore";
    await runtime.advance(10_000);
    await sent;
    expect([await get("k"), events.invoked.map(({ data }) => data)]).toEqual(["1", ["null"]]);
  });

  it.each([[["b1"]], [{ to: "b1" }], [{ to: [1] }], [{ state: [{ key: "k", value: 1 }] }], ["text"], [null]])(
    "%j asks for nothing",
    async (answer) => {
      const events = source();
      await start(events, components, answering(answer));
      await events.send("in", "1");
      expect([await get("k"), events.invoked]).toEqual(["", []]);
    },
  );

  it("nothing in strict mode, as daprd does", async () => {
    const events = source();
    await start(events, components, answering({ to: ["b1"] }), { strict: true });
    await events.send("in", "1");
    expect(events.invoked).toEqual([]);
  });
});
