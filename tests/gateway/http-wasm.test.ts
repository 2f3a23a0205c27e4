import { afterAll, beforeAll, expect, it } from "vitest";
import {
  enable,
  goOn,
  type HttpGuestParts,
  httpGuestBytes,
  listing,
  pair,
  saying,
  set,
  stop,
} from "../capability/http-wasm-guest.ts";
import { startTarget, type Target } from "../hosts/target.ts";
import type { Gateway } from "../hosts/wasmtime-host.ts";
import { portOf, type Seen, underWasmtime } from "./gateways.ts";
import { serveGuests } from "./http-wasm-gateway.ts";

const only = (path: string) => ({ onlyFor: `/v1.0/invoke/app/method/${path}` });

/** What a guest does, by the path that it stands in front of. */
const guests: Readonly<Record<string, HttpGuestParts>> = {
  tells: {
    request: `${saying("get_method")} ${saying("get_uri")} ${saying("get_protocol_version")} ${saying("get_config")}
      ${set(1)} (call $set_status_code (i32.const 202)) ${stop}`,
    texts: pair,
  },
  headers: {
    request: `${listing("(call $get_header_names (i32.const 0) (i32.const 8192) (i32.const 4096))")}
      ${listing("(call $get_header_values (i32.const 0) (text $name) (i32.const 8192) (i32.const 4096))")} ${stop}`,
    texts: { name: "X-A" },
  },
  changes: {
    request: `${set(0)} (call $remove_header (i32.const 0) (text $gone)) (call $write_body (i32.const 0) (text $value)) ${goOn}`,
    texts: { ...pair, gone: "X-Gone" },
  },
  moves: {
    request: `(call $set_uri (text $uri)) (call $set_method (text $method)) ${goOn}`,
    texts: { uri: "/v1.0/invoke/app/method/else where?a=b", method: "put" },
  },
  forbidden: { request: `(call $set_uri (text $uri)) ${goOn}`, texts: { uri: "/v1.0/state/none/key" } },
  early: { request: `${set(1)} (call $write_body (i32.const 1) (text $value)) ${goOn}`, texts: pair },
  earlyhead: { request: `${set(1)} (call $set_status_code (i32.const 203)) ${goOn}`, texts: pair },
  after: {
    start: enable(2),
    response: `${set(1)} (call $set_status_code (i32.const 206))
      (local.set $wide (call $read_body (i32.const 1) (i32.const 8192) (i32.const 4)))
      (call $write_body (i32.const 1) (i32.const 8192) (i32.wrap_i64 (local.get $wide)))`,
    texts: pair,
  },
  reads: {
    request: `(local.set $wide (call $read_body (i32.const 0) (i32.const 8192) (i32.const 2))) ${goOn}`,
  },
  context: {
    request: "(i64.const 0x2a00000001)",
    response: `(if (i32.ne (local.get $ctx) (i32.const 42)) (then unreachable))
      (call $log (i32.const 0) (text $name))`,
    texts: { name: "seen" },
  },
};

for (const reused of [false, true]) {
  underWasmtime(`guests of http-wasm in a gateway with ${reused ? "reused" : "fresh"} instances`, () => {
    let target: Target;
    let gateway: Gateway;
    beforeAll(async () => {
      target = await startTarget();
      const steps = Object.keys(guests).map((name) => ({
        name,
        metadata: { ...only(name), guestConfig: "conf" },
      }));
      const bytes = Object.entries(guests).map(([name, parts]) => [name, httpGuestBytes(parts)]);
      gateway = await serveGuests(steps, Object.fromEntries(bytes), portOf(target.url), {
        reused,
        configuration: { api: { denied: [{ name: "state", version: "v1.0", protocol: "http" }] } },
      });
    }, 60_000);
    afterAll(async () => {
      await gateway?.stop();
      await target?.close();
    });

    const invoke = (name: string, headers: Readonly<Record<string, string>> = {}, body = "hello") =>
      gateway.fetch(`/v1.0/invoke/app/method/${name}`, { method: "POST", body, headers });

    it("answer in the place of what is behind them, and know the request and their configuration", async () => {
      const response = await invoke("tells");
      expect([response.status, response.text, response.header("x-new")]).toEqual([
        202,
        "POST/v1.0/invoke/app/method/tellsHTTP/1.1conf",
        "new",
      ]);
    });

    it("see headers in lower case, each name once, and all values of one", async () => {
      const { text } = await invoke("headers", { "X-A": "1", "x-b": "2" });
      const names = text.split("\0");
      expect(names).toEqual(expect.arrayContaining(["x-a", "x-b", "1"]));
      expect(names.slice(0, -2)).toEqual([...names.slice(0, -2)].sort());
    });

    it("change a request's headers and body", async () => {
      const { headers, body } = (await invoke("changes", { "x-gone": "1", "x-kept": "2" })).json as Seen;
      expect([
        headers["x-new"],
        headers["x-gone"],
        headers["x-kept"],
        headers["content-length"],
        body,
      ]).toEqual(["new", undefined, "2", "3", "new"]);
    });

    it("send a request elsewhere by another method, and nowhere where nobody may go", async () => {
      const { method, uri } = (await invoke("moves")).json as Seen;
      expect([method, uri]).toEqual(["PUT", "/else%20where?a=b"]);
      expect((await invoke("forbidden")).status).toBe(404);
    });

    it("say something of the answer before there is one", async () => {
      const early = await invoke("early");
      expect([early.status, early.header("x-new"), early.text.slice(0, 4)]).toEqual([200, "new", "new{"]);
      const head = await invoke("earlyhead");
      expect([head.status, head.header("x-new"), (head.json as Seen).body]).toEqual([203, "new", "hello"]);
    });

    it("change an answer that they buffer", async () => {
      const response = await invoke("after");
      expect([response.status, response.text, response.header("x-new")]).toEqual([206, '{"me', "new"]);
    });

    it("take what they have read of a body that they do not buffer", async () => {
      expect(((await invoke("reads")).json as Seen).body).toBe("llo");
    });

    it("find their context again in an answer that streams past them", async () => {
      expect(((await invoke("context")).json as Seen).body).toBe("hello");
      await expect.poll(() => gateway.said()).toContain("capability context: seen");
    });
  });
}
