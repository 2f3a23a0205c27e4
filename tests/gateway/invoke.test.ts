import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTarget, type Target } from "../hosts/target.ts";
import { type Gateway, missingWasmtime, startGateway } from "../hosts/wasmtime-host.ts";
import { appRow, upstreamRow } from "./gateway-table.ts";

describe.skipIf(missingWasmtime !== undefined && process.env.CI !== "true")(
  missingWasmtime ?? "invocation through a gateway",
  () => {
    for (const sockets of [false, true])
      for (const reused of [false, true])
        describe(`${sockets ? "over sockets, " : ""}in ${reused ? "reused" : "fresh"} instances`, () =>
          invocation(reused, sockets));
  },
);

interface Seen {
  readonly method: string;
  readonly uri: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

function invocation(reused: boolean, sockets: boolean): void {
  let target: Target;
  let gateway: Gateway;
  beforeAll(async () => {
    target = await startTarget();
    const port = Number(new URL(target.url).port);
    const transport = sockets ? 0 : 1;
    const echo = upstreamRow({
      port,
      transport,
      headers: [{ name: "x-set", value: "by the gateway", secret: 0xffff }],
    });
    const sidecar = upstreamRow({ port, transport, protocol: 1, path: "/below" });
    gateway = await startGateway(
      { apps: [appRow("echo", [echo]), appRow("far", [sidecar])] },
      { reused, variant: sockets ? "http+sockets" : "http" },
    );
  }, 30_000);
  afterAll(async () => {
    await gateway?.stop();
    await target?.close();
  });

  it.each(["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"])(
    "passes %s on with its query, headers and body",
    async (method) => {
      const body = method === "GET" ? undefined : `body of ${method}`;
      const answer = await gateway.fetch("/v1.0/invoke/echo/method/a//b/../c%20d?x=1&y=%2F", {
        method,
        headers: { "x-test": "one", "content-type": "text/plain" },
        ...(body && { body }),
      });
      expect(answer.status).toBe(200);
      expect(answer.fields.filter(([name]) => name === "x-custom").map(([, value]) => value)).toEqual([
        "one",
        "two",
      ]);
      const seen = answer.json as Seen;
      expect(seen).toMatchObject({ method, uri: "/a/c%20d?x=1&y=%2F", body: body ?? "" });
      expect(seen.headers).toMatchObject({
        "x-test": "one",
        "content-type": "text/plain",
        "x-set": "by the gateway",
      });
      expect(seen.headers["transfer-encoding"]).toBeUndefined();
      expect(seen.headers["content-length"]).toBe(body && String(body.length));
    },
  );

  it("tells the length of a body that is empty where one is usual", async () => {
    const answer = await gateway.fetch("/v1.0/invoke/echo/method/a", { method: "POST" });
    expect((answer.json as Seen).headers).toMatchObject({ "content-length": "0" });
  });

  it("answers HEAD without a body", async () => {
    const answer = await gateway.fetch("/v1.0/invoke/echo/method/a", { method: "HEAD" });
    expect([answer.status, answer.text, answer.header("content-type")]).toEqual([
      200,
      "",
      "application/json",
    ]);
  });

  it.each([201, 204, 301, 404, 418, 500, 503])("passes back %i", async (status) => {
    const answer = await gateway.fetch(`/v1.0/invoke/echo/method/status/${status}`);
    expect([answer.status, answer.header("x-custom")]).toEqual([status, "one"]);
  });

  it("takes the app from the header, and the whole path as its method", async () => {
    const answer = await gateway.fetch("/some/path?x=1", { headers: { "dapr-app-id": "echo" } });
    expect((answer.json as Seen).uri).toBe("/some/path?x=1");
    expect((answer.json as Seen).headers["dapr-app-id"]).toBeUndefined();
  });

  it("calls a sidecar by Dapr's path", async () => {
    const answer = await gateway.fetch("/v1.0/invoke/far/method/a?x=1");
    expect((answer.json as Seen).uri).toBe("/below/v1.0/invoke/far/method/a?x=1");
  });

  it("passes on a body whose length nobody told", async () => {
    const body = "x".repeat(300_000);
    const answer = await gateway.fetch("/v1.0/invoke/echo/method/a", {
      method: "POST",
      body,
      streamed: true,
    });
    expect((answer.json as Seen).body).toBe(body);
  });

  it("drops what is said about who calls, and what is of one hop", async () => {
    const answer = await gateway.fetch("/v1.0/invoke/echo/method/a", {
      headers: {
        "x-forwarded-for": "10.0.0.1",
        forwarded: "for=10.0.0.1",
        "dapr-caller-app-id": "admin",
        "dapr-api-token": "secret",
        "proxy-authorization": "Basic x",
        te: "trailers",
        "x-bytes-bin": "AA==",
      },
    });
    const { headers } = answer.json as Seen;
    expect(headers).toMatchObject({
      "dapr-caller-app-id": "gateway",
      "x-forwarded-for": "unknown",
      forwarded: expect.stringMatching(/^for=unknown;by=_echo;host="localhost:\d+"$/),
    });
    for (const name of ["dapr-api-token", "proxy-authorization", "te", "x-bytes-bin"]) {
      expect(headers[name]).toBeUndefined();
    }
  });

  it("answers Dapr's error for who is not known, and for nobody", async () => {
    const unknown = await gateway.fetch("/v1.0/invoke/nobody/method/a");
    expect([unknown.status, unknown.errorCode]).toEqual([500, "ERR_DIRECT_INVOKE"]);
    expect(unknown.message).toMatch(/^failed to invoke, id: nobody, err: /);
    const nobody = await gateway.fetch("/unknown");
    expect([nobody.status, nobody.errorCode]).toEqual([404, "ERR_DIRECT_INVOKE"]);
  });

  it("is well", async () => {
    expect((await gateway.fetch("/v1.0/healthz")).status).toBe(204);
    expect((await gateway.fetch("/v1.0/healthz/outbound")).status).toBe(204);
  });
}
