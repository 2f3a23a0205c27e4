import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTarget, type Target } from "../hosts/target.ts";
import { type Gateway, missingWasmtime, startGateway } from "../hosts/wasmtime-host.ts";
import { appRow, upstreamRow } from "./gateway-table.ts";

describe.skipIf(missingWasmtime !== undefined && process.env.CI !== "true")(
  missingWasmtime ?? "routes of a gateway",
  () => {
    let target: Target;
    let gateway: Gateway;
    beforeAll(async () => {
      target = await startTarget();
      const echo = upstreamRow({ port: Number(new URL(target.url).port), transport: 1 });
      const routes = [
        { path: "shop/cart", app: "cart", strip: 0 },
        { path: "shop", app: "shop", strip: 1 },
        { path: "", app: "front", strip: 1 },
      ];
      const apps = ["shop", "cart", "front"].map((id) => appRow(id, [echo]));
      gateway = await startGateway({ apps, routes }, { reused: true });
    }, 30_000);
    afterAll(async () => {
      await gateway?.stop();
      await target?.close();
    });

    it.each([
      ["/shop", "shop", "/"],
      ["/shop/", "shop", "/"],
      ["/shop/a/b?c=d", "shop", "/a/b?c=d"],
      ["/shop/cart", "cart", "/shop/cart"],
      ["/shop//cart/../cart/1", "cart", "/shop/cart/1"],
      ["/shop/cartoons", "shop", "/cartoons"],
      ["/shops", "front", "/shops"],
      ["/sho%70/x%20y", "shop", "/x%20y"],
      ["/", "front", "/"],
      ["/Shop", "front", "/Shop"],
    ])("%s asks %s for %s", async (path, app, asked) => {
      const answer = await gateway.fetch(path);
      expect(answer.status).toBe(200);
      const seen = answer.json as { uri: string; headers: Record<string, string> };
      expect([seen.headers["dapr-callee-app-id"], seen.uri]).toEqual([app, asked]);
    });

    it("leaves Dapr's own paths, and what a header names, to Dapr", async () => {
      expect((await gateway.fetch("/v1.0/healthz")).status).toBe(204);
      expect((await gateway.fetch("/v1.0/invoke/none/method/a")).errorCode).toBe("ERR_DIRECT_INVOKE");
      const named = await gateway.fetch("/shop/a", { headers: { "dapr-app-id": "front" } });
      expect((named.json as { uri: string }).uri).toBe("/shop/a");
    });
  },
);
