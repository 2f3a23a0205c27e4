import { describe, expect, it } from "vitest";
import { encoder, request, room, say, text } from "../../../tests/mesh/relay-room.ts";
import { AppUnreachableError } from "../../channel/app-channel.ts";
import { type RuntimeResponse, readBody } from "../../http.ts";
import { window } from "../relay-protocol.ts";

describe("calls through a relay", () => {
  it("carry everything both ways, and say who calls", async () => {
    const { member } = room();
    const a = await member("a");
    const got: unknown[] = [];
    await member("b", async ({ method, path, query, headers, body }, caller) => {
      got.push({ method, path, query, headers, body: text(await readBody(body)) }, caller);
      return { status: 418, headers: ["x-two", "a", "x-two", "b"], body: encoder.encode("teapot") };
    });
    const headers = ["x-m", "1", "x-m", "2", "dapr-caller-app-id", "evil"];
    const response = await a.mesh.invoke(
      "b",
      "default",
      request("/p", { method: "PUT", query: "q=1", headers, body: encoder.encode("body") }),
    );
    expect(response).toMatchObject({ status: 418, headers: ["x-two", "a", "x-two", "b"] });
    expect(text(await readBody(response.body))).toBe("teapot");
    expect(got).toEqual([
      { method: "PUT", path: "/p", query: "q=1", headers, body: "body" },
      { appId: "a", namespace: "default", claimed: true, address: "192.0.2.1" },
    ]);
  });

  it("find nobody who is not there, and nobody in another namespace or room", async () => {
    const { member, open } = room();
    const a = await member("a");
    const elsewhere = await open("b", undefined, "other");
    await elsewhere.transport.join({ appId: "b", namespace: "default", instance: "b-x" }, async () =>
      say("wrong"),
    );
    await expect(a.mesh.invoke("b", "default", request("/"))).rejects.toThrow("couldn't find service: b");
    await member("b");
    await expect(a.mesh.invoke("b", "other", request("/"))).rejects.toThrow("couldn't find service: b");
    expect((await a.mesh.invoke("b", "default", request("/"))).status).toBe(200);
  });

  it("are shared evenly, and go on when one leaves", async () => {
    const { member, clock } = room();
    const a = await member("a");
    const counts = [0, 0];
    const bs = await Promise.all(
      counts.map((_, i) =>
        member("b", async () => {
          counts[i] = (counts[i] as number) + 1;
          return say("b");
        }),
      ),
    );
    for (let i = 0; i < 10; i++) await a.mesh.invoke("b", "default", request("/"));
    expect(counts).toEqual([5, 5]);
    await bs[0]?.transport.close();
    await clock.advance(0);
    for (let i = 0; i < 10; i++) await a.mesh.invoke("b", "default", request("/"));
    expect(counts).toEqual([5, 15]);
  });

  it("stream large bodies both ways, never further ahead than the reader lets them", async () => {
    const { member, clock } = room();
    const a = await member("a");
    await member("echo", async ({ body }) => ({ status: 200, headers: [], body }));
    let produced = 0;
    const size = 40;
    const body = new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          if (produced === size) return controller.close();
          controller.enqueue(new Uint8Array(100_000).fill(++produced));
        },
      },
      { highWaterMark: 0 },
    );
    const response = await a.mesh.invoke("echo", "default", request("/", { method: "POST", body }));
    await clock.advance(1000);
    const ahead = produced * 100_000;
    expect(ahead).toBeLessThan(4 * window + 1_000_000);
    expect(ahead).toBeLessThan(size * 100_000);
    const back = await readBody(response.body);
    expect([back.byteLength, back[0], back[150_000], back.at(-1)]).toEqual([4_000_000, 1, 2, 40]);
  });

  it("carry large bytes", async () => {
    const { member } = room();
    const a = await member("a");
    await member("echo", async ({ body }) => ({ status: 200, headers: [], body: await readBody(body) }));
    const bytes = new Uint8Array(3_000_001).map((_, i) => i % 251);
    const response = await a.mesh.invoke("echo", "default", request("/", { method: "POST", body: bytes }));
    expect(Buffer.compare(await readBody(response.body), bytes)).toBe(0);
  });

  it("hand over a first chunk before the last is there, and end the source when the reader leaves", async () => {
    const { member, clock } = room();
    const a = await member("a");
    let cancelled = false;
    await member("b", async () => ({
      status: 200,
      headers: [],
      body: new ReadableStream<Uint8Array>({
        async pull(controller) {
          controller.enqueue(encoder.encode("data\n\n"));
          await new Promise<void>((resolve) => void clock.after(100, resolve));
        },
        cancel() {
          cancelled = true;
        },
      }),
    }));
    const { body } = await a.mesh.invoke("b", "default", request("/"));
    const reader = (body as ReadableStream<Uint8Array>).getReader();
    expect(text((await reader.read()).value as Uint8Array)).toBe("data\n\n");
    await reader.cancel();
    await clock.advance(1000);
    expect(cancelled).toBe(true);
  });

  it("tell the callee that the caller has gone, also when its connection is lost", async () => {
    for (const how of ["aborts", "is cut"] as const) {
      const { member, clock, sockets } = room();
      const a = await member("a");
      let gone = 0;
      await member("b", ({ signal }) => {
        return new Promise((_, reject) => {
          signal?.addEventListener("abort", () => {
            gone++;
            reject(signal.reason);
          });
        });
      });
      const caller = new AbortController();
      const call = a.mesh.invoke("b", "default", request("/", { signal: caller.signal }));
      call.catch(() => undefined);
      await clock.advance(10);
      if (how === "aborts") caller.abort(new Error("left"));
      else sockets.cut();
      await clock.advance(10);
      expect(gone).toBe(1);
      await expect(call).rejects.toThrow(how === "aborts" ? "left" : "connection to the relay was lost");
    }
  });

  it("fail as sent when the callee is lost, and a streaming answer fails its reader", async () => {
    const { member, clock } = room();
    const a = await member("a");
    const b = await member("b", () => new Promise(() => undefined));
    const call = a.mesh.invoke("b", "default", request("/"));
    call.catch(() => undefined);
    await clock.advance(10);
    await b.release();
    await expect(call).rejects.toMatchObject({ name: "UnavailableError", sent: true });
    const c = await member("c", async () => ({ status: 200, headers: [], body: new ReadableStream() }));
    const { body } = await a.mesh.invoke("c", "default", request("/"));
    await c.release();
    await clock.advance(10);
    await expect(readBody(body)).rejects.toThrow("lost");
  });

  it("reach an instance that has taken its name over at once, and end where they were with the one before", async () => {
    const { member, open, clock } = room();
    const a = await member("a");
    const shop = { appId: "shop", namespace: "default", instance: "shop-1", secret: "s" };
    const before = await open("shop");
    await before.transport.join(shop, () => new Promise(() => undefined));
    const under = a.mesh.invoke("shop", "default", request("/")).catch((error: unknown) => error);
    await clock.advance(0);
    const next = await open("shop");
    await next.transport.join(shop, async () => say("anew"));
    expect(await under).toMatchObject({ name: "UnavailableError", sent: true });
    const answer = await a.mesh.invoke("shop", "default", request("/"));
    expect(text(await readBody(answer.body))).toBe("anew");
  });

  it("pass over an instance that one of them did not reach, but not for ever", async () => {
    const { member, clock } = room({ limits: { callsPerMember: 1 } });
    const a = await member("a");
    await member("b", async ({ path }) => {
      if (path === "/slow") await new Promise((resolve) => void clock.after(100, () => resolve(undefined)));
      return say("b");
    });
    const slow = a.mesh.invoke("b", "default", request("/slow"));
    await expect(a.mesh.invoke("b", "default", request("/"))).rejects.toThrow("at most 1 calls");
    await clock.advance(100);
    expect((await slow).status).toBe(200);
    await clock.advance(2_000);
    expect((await a.mesh.invoke("b", "default", request("/"))).status).toBe(200);
  });

  it("under way are answered before a member has left, and later ones go elsewhere", async () => {
    const { member, clock } = room();
    const a = await member("a");
    let finish: (response: RuntimeResponse) => void = () => undefined;
    const leaving = await member("b", () => {
      return new Promise((resolve) => {
        finish = resolve;
      });
    });
    const call = a.mesh.invoke("b", "default", request("/"));
    await clock.advance(10);
    let left = false;
    const closing = leaving.transport.close().then(() => {
      left = true;
    });
    await member("b", async () => say("other"));
    expect(text(await readBody((await a.mesh.invoke("b", "default", request("/"))).body))).toBe("other");
    expect(left).toBe(false);
    finish(say("late"));
    expect(text(await readBody((await call).body))).toBe("late");
    await closing;
  });

  it("tell apart an app that is gone from one that was lost", async () => {
    const { member } = room();
    const a = await member("a");
    let sent = false;
    await member("b", async () => {
      throw new AppUnreachableError("no app here", { sent });
    });
    for (sent of [false, true]) {
      await expect(a.mesh.invoke("b", "default", request("/"))).rejects.toMatchObject({
        name: "AppUnreachableError",
        message: "no app here",
        sent,
      });
    }
  });

  it("pass on a request's own failure, and tell the callee", async () => {
    const { member, clock } = room();
    const a = await member("a");
    let ended = "";
    await member("b", async ({ body }) => {
      await readBody(body).catch((error: Error) => {
        ended = error.name;
      });
      return say("late");
    });
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(new Uint8Array(10));
        controller.error(new Error("the source broke"));
      },
    });
    await expect(a.mesh.invoke("b", "default", request("/", { method: "POST", body }))).rejects.toThrow(
      "the source broke",
    );
    await clock.advance(10);
    expect(ended).toBe("AbortError");
  });
});
