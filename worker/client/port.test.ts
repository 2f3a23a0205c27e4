import { afterEach, describe, expect, it, vi } from "vitest";
import { FakeClock } from "../../host/fake-clock.ts";
import type { WireRequest, WireResponse } from "../messages.ts";
import { PageConnection } from "../page-connection.ts";
import { AppHost } from "./app-host.ts";
import { Port } from "./port.ts";

const ports: MessagePort[] = [];
const request: WireRequest = { method: "GET", path: "/v1.0/x", query: "", headers: [], body: undefined };
const answered = (text: string): WireResponse => ({
  status: 200,
  headers: [],
  body: new TextEncoder().encode(text),
});
const turn = () => new Promise((resolve) => setTimeout(resolve, 5));

afterEach(() => {
  for (const port of ports.splice(0)) port.close();
});

/** Page and worker on one channel. `handle` is the runtime. */
function joined(
  handle: (asked: WireRequest & { signal?: AbortSignal | undefined }) => Promise<WireResponse>,
) {
  const clock = new FakeClock();
  const { port1, port2 } = new MessageChannel();
  ports.push(port1, port2);
  const lost = vi.fn();
  const closed = vi.fn();
  const welcome = vi.fn();
  const port = new Port(port1, clock, { welcome, refused: vi.fn(), relayWanted: vi.fn(), lost });
  const connection = new PageConnection("one", "client", port2, clock, {
    handle,
    serving: async () => undefined,
    relay: vi.fn(),
    closed,
  });
  connection.post({ type: "welcome", scope: "/", storage: "memory", incarnation: "1" });
  return { clock, port, connection, lost, closed, welcome, raw: port2 };
}

const noResend = () => Promise.reject(new Error("sent again"));

describe("calls by port", () => {
  it("are answered, side by side, and the page keeps its bytes", async () => {
    const { port } = joined(async ({ path, body }) =>
      answered(`${path} ${(body as Uint8Array)?.byteLength ?? 0}`),
    );
    const bytes = new Uint8Array(1000).subarray(10, 20);
    const all = await Promise.all([
      port.call(request, undefined, noResend),
      port.call({ ...request, path: "/v1.0/y", body: bytes }, undefined, noResend),
    ]);
    expect(all.map(({ body }) => new TextDecoder().decode(body as Uint8Array))).toEqual([
      "/v1.0/x 0",
      "/v1.0/y 10",
    ]);
    expect(bytes.byteLength).toBe(10);
  });

  it("reach the runtime's signal when they are aborted, and not when the page is lost", async () => {
    const signals: (AbortSignal | undefined)[] = [];
    const { port, connection } = joined(({ signal }) => {
      signals.push(signal);
      return new Promise(() => undefined);
    });
    const abort = new AbortController();
    const call = port.call(request, abort.signal, noResend).catch((error: Error) => error.name);
    void port.call(request, undefined, noResend).catch(() => undefined);
    await turn();
    abort.abort();
    expect(await call).toBe("AbortError");
    await turn();
    connection.close();
    expect(signals.map((signal) => signal?.aborted)).toEqual([true, false]);
  });

  it("are sent again when the worker falls silent, after a ping that nobody answers", async () => {
    const { port, clock, raw, lost } = joined(() => new Promise(() => undefined));
    await turn();
    const resent = port.call(request, undefined, async () => answered("by fetch"));
    raw.onmessage = null;
    for (let i = 0; i < 10; i++) await clock.advance(250);
    expect(new TextDecoder().decode((await resent).body as Uint8Array)).toBe("by fetch");
    expect(lost).toHaveBeenCalledOnce();
    expect(port.dead).toBe(true);
  });

  it("wait as long as it takes while the worker answers pings", async () => {
    let finish = (_: WireResponse) => {};
    const { port, clock, lost } = joined(
      () =>
        new Promise((resolve) => {
          finish = resolve;
        }),
    );
    const call = port.call(request, undefined, noResend);
    for (let i = 0; i < 40; i++) {
      await clock.advance(250);
      await turn();
    }
    expect(lost).not.toHaveBeenCalled();
    finish(answered("late"));
    expect((await call).status).toBe(200);
    await turn();
    expect(clock.pending).toBeLessThanOrEqual(1);
    await clock.advance(1000);
    expect(clock.pending).toBe(0);
  });

  it("with a stream as their body fail instead of being sent twice", async () => {
    const { port } = joined(() => new Promise(() => undefined));
    const body = new ReadableStream<Uint8Array>({ pull: () => new Promise(() => undefined) });
    const call = port.call({ ...request, method: "POST", body }, undefined, noResend);
    port.lose();
    await expect(call).rejects.toThrow("the service worker was stopped");
  });
});

describe("invocations by port", () => {
  it("are answered by the page's app", async () => {
    const { port, connection, clock } = joined(noResend);
    const app = new AppHost(
      { handler: async (asked) => new Response(await asked.text()) },
      clock,
      "http://page.test",
    );
    await port.serve(app, false);
    const body = new TextEncoder().encode("sent");
    const response = await connection.invoke({ ...request, method: "POST", body }, false);
    expect(new TextDecoder().decode(response?.body as Uint8Array)).toBe("sent");
  });

  it("that were not begun in time are given up by the worker, and left alone by a page that wakes later", async () => {
    const { port, connection, clock, raw } = joined(noResend);
    const handler = vi.fn(() => new Response("x"));
    const app = new AppHost({ handler }, clock, "http://page.test");
    await port.serve(app, false);
    await turn();
    const silent = vi.spyOn(raw, "postMessage").mockImplementation(() => undefined);
    const given = connection.invoke(request, false);
    const [message] = silent.mock.calls[0] as [unknown];
    silent.mockRestore();
    await clock.advance(2000);
    expect(await given).toBeUndefined();
    expect(connection.awake).toBe(false);
    raw.postMessage(message);
    await turn();
    expect(handler).not.toHaveBeenCalled();
    expect(connection.awake).toBe(true);
  });

  it("fail when the page goes, and tell whether it had begun", async () => {
    const { port, connection, clock } = joined(noResend);
    const app = new AppHost({ handler: () => new Promise(() => undefined) }, clock, "http://page.test");
    await port.serve(app, false);
    const begun = connection.invoke(request, false).catch((error: unknown) => error);
    await turn();
    port.close();
    expect(await begun).toMatchObject({ name: "PageGoneError", taken: true });
    await expect(connection.invoke(request, false)).rejects.toMatchObject({ taken: false });
  });
});
