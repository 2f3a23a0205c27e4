import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTarget, type Target } from "../hosts/target.ts";
import { type Gateway, startGateway } from "../hosts/wasmtime-host.ts";
import { appRow } from "./gateway-table.ts";
import { plainUpstream, portOf, type Seen } from "./gateways.ts";

describe("the same file on Node, by jco", () => {
  let target: Target;
  let gateway: Gateway;
  beforeAll(async () => {
    target = await startTarget();
    const apps = [appRow("echo", [plainUpstream(portOf(target.url))]), appRow("away", [plainUpstream(1)])];
    gateway = await startGateway({ apps }, { host: "jco" });
  }, 60_000);
  afterAll(async () => {
    await gateway?.stop();
    await target?.close();
  });

  it.each(["GET", "POST", "PUT", "DELETE", "PATCH"])("passes %s on", async (method) => {
    const body = method === "GET" ? undefined : "some body";
    const answer = await gateway.fetch("/v1.0/invoke/echo/method/a/b?x=1", { method, ...(body && { body }) });
    expect(answer.json as Seen).toMatchObject({ method, uri: "/a/b?x=1", body: body ?? "" });
  });

  it("passes on a body as large as is kept at once", async () => {
    const body = "x".repeat(60_000);
    const answer = await gateway.fetch("/v1.0/invoke/echo/method/a", { method: "POST", body });
    expect((answer.json as Seen).body).toBe(body);
  });

  it("passes errors back, and answers its own", async () => {
    expect((await gateway.fetch("/v1.0/invoke/echo/method/status/418")).status).toBe(418);
    expect((await gateway.fetch("/v1.0/invoke/away/method/x")).errorCode).toBe("ERR_DIRECT_INVOKE");
    expect((await gateway.fetch("/v1.0/metadata")).json).toMatchObject({ id: "gateway" });
    expect((await gateway.fetch("/nowhere")).status).toBe(404);
  });
});
