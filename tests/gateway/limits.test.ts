import { afterAll, beforeAll, expect, it } from "vitest";
import { startTarget, type Target } from "../hosts/target.ts";
import { type Gateway, startGateway } from "../hosts/wasmtime-host.ts";
import { exchangeBytes } from "../node/raw-http.ts";
import { appRow } from "./gateway-table.ts";
import { plainUpstream, portOf, type Seen, underWasmtime } from "./gateways.ts";

underWasmtime("what is too much", () => {
  let target: Target;
  let gateway: Gateway;
  beforeAll(async () => {
    target = await startTarget();
    gateway = await startGateway(
      { maxBody: 100_000, maxHops: 3, apps: [appRow("echo", [plainUpstream(portOf(target.url))])] },
      { reused: true },
    );
  }, 30_000);
  afterAll(async () => {
    await gateway?.stop();
    await target?.close();
  });

  const path = "/v1.0/invoke/echo/method/x";

  it("refuses a body above the limit by its length, before the app has any of it", async () => {
    const before = target.reached.length;
    const answer = await gateway.fetch(path, { method: "POST", body: "x".repeat(300_000) });
    expect([answer.status, answer.errorCode]).toEqual([500, "ERR_DIRECT_INVOKE"]);
    expect(answer.message).toBe("failed to invoke, id: echo, err: stream too large");
    expect(target.reached.length).toBe(before);
  });

  it("refuses a body above the limit whose length nobody told, before the app has all of it", async () => {
    const before = target.reached.length;
    const chunk = `${(50_000).toString(16)}\r\n${"x".repeat(50_000)}\r\n`;
    const head = `POST ${path} HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n`;
    // Without its last chunk: that is refused which came.
    const text = await exchangeBytes(gateway.port, head + chunk.repeat(3), 1_000);
    expect(text).toMatch(/^HTTP\/1\.1 500 .*stream too large/s);
    expect(target.reached.length).toBe(before);
  });

  it.each([10, 30])("tells a caller who sends %i MB more, and reads on meanwhile", async (megabytes) => {
    const body = new Uint8Array(megabytes << 20);
    for (const streamed of [false, true]) {
      const answer = await gateway.fetch(path, { method: "POST", body, streamed });
      expect([answer.status, answer.message]).toEqual([500, expect.stringContaining("stream too large")]);
    }
  });

  it("takes a body at the limit", async () => {
    const body = "x".repeat(100_000);
    for (const streamed of [false, true]) {
      const answer = await gateway.fetch(path, { method: "POST", body, streamed });
      expect((answer.json as Seen).body).toBe(body);
    }
  });

  it("takes fields up to its limit, and refuses more", async () => {
    const some = await gateway.fetch(path, { headers: { "x-much": "y".repeat(12_000) } });
    expect((some.json as Seen).headers["x-much"]).toHaveLength(12_000);
    for (const size of [98_304, 150_000, 300_000]) {
      const answer = await gateway.fetch(path, { headers: { "x-much": "y".repeat(size) } });
      expect(answer.status).toBe(431);
    }
    const many = Array.from({ length: 80 }, (_, i) => [`x-${i}`, "y"] as const);
    expect((await gateway.fetch(path, { headers: many })).status).toBe(200);
  });

  it("takes a path of 64 KiB at most", async () => {
    const long = await gateway.fetch(`${path}/${"a".repeat(7_000)}?${"b".repeat(7_000)}`);
    expect((long.json as Seen).uri).toHaveLength(14_004);
    const longer = await gateway.fetch(`${path}/${"a".repeat(70_000)}`);
    expect([longer.status, longer.text]).toEqual([414, ""]);
  });

  it("refuses a request that has passed as many gateways as it may", async () => {
    for (const [via, status] of [
      ["1.1 a, 1.1 b", 200],
      ["1.1 a, 1.1 b,1.0 c", 508],
    ] as const) {
      expect((await gateway.fetch(path, { headers: { via } })).status).toBe(status);
    }
    const twice = [
      ["via", "1.1 a"],
      ["via", "1.1 b, 1.1 c"],
    ] as const;
    expect((await gateway.fetch(path, { headers: twice })).status).toBe(508);
  });

  it("serves all the same afterwards, in instances that did not break", async () => {
    expect((await gateway.fetch(path)).status).toBe(200);
    expect(gateway.said()).not.toMatch(/trap|unreachable/i);
  });
});
