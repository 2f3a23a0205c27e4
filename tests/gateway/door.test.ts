import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { callerVariables } from "../../host/gateway/caller-variables.ts";
import { ruleRows } from "../../host/gateway/compile-rules.ts";
import { compareBytes } from "../../host/gateway/table.ts";
import type { GatewayTable } from "../../host/gateway/table-shape.ts";
import { startTarget, type Target } from "../hosts/target.ts";
import { type Gateway, missingWasmtime, startGateway } from "../hosts/wasmtime-host.ts";
import { appRow, upstreamRow } from "./gateway-table.ts";

const digest = (token: string) => new Uint8Array(createHash("blake2b512").update(token).digest());
const names = (...texts: readonly string[]) => texts.map((text) => ({ text }));
const path = "/v1.0/invoke/echo/method/a";

describe.skipIf(missingWasmtime !== undefined && process.env.CI !== "true")(
  missingWasmtime ?? "who may come in at a gateway",
  () => {
    let target: Target;
    let gateway: Gateway;
    const start = async (given: Partial<GatewayTable>, variant = "http", flags: readonly string[] = []) => {
      const echo = upstreamRow({ port: Number(new URL(target.url).port), transport: 1 });
      gateway = await startGateway(
        { apps: [appRow("echo", [echo])], ...given },
        { variant, flags, reused: true },
      );
    };
    const ask = (headers: Readonly<Record<string, string>>, method = "GET", at = path) =>
      gateway.fetch(at, { method, headers });
    beforeAll(async () => {
      target = await startTarget();
    });
    afterAll(() => target?.close());

    describe("by name", () => {
      beforeAll(() => start({ hosts: names("localhost", "127.0.0.1", "[::1]", "edge.example") }), 30_000);
      afterAll(() => gateway?.stop());

      it.each(["localhost", "LOCALHOST:1", "127.0.0.1:3500", "[::1]", "[::1]:80", "Edge.Example"])(
        "takes %s",
        async (host) => expect((await ask({ host })).status).toBe(200),
      );

      it.each([
        "evil.example",
        "localhost.evil.example",
        "edge.example.",
        "127.0.0.2",
        "0.0.0.0",
        "[::]:1",
        "edge",
      ])("refuses %s, and says what it was called", async (host) => {
        const answer = await ask({ host });
        expect([answer.status, answer.errorCode]).toEqual([403, "ERR_FORBIDDEN_HOST"]);
        expect(answer.text).toContain(
          `names ${host}, which is not this gateway; add the name to spec.allowedHosts`,
        );
      });
    });

    describe("from pages", () => {
      beforeAll(() => start({ origins: names("https://app.example"), anyAddress: 1 }), 30_000);
      afterAll(() => gateway?.stop());

      it("takes any address where it listens beyond the machine, and no name", async () => {
        expect((await ask({ host: "192.168.1.7:3500" })).status).toBe(200);
        expect((await ask({ host: "1.2.3.4.evil.example" })).status).toBe(403);
        expect((await ask({ host: "1.2.3" })).status).toBe(403);
      });

      it.each([
        [{ origin: "https://evil.example" }, "https://evil.example"],
        [{ origin: "null" }, "null"],
        [{ origin: "https://app.example.evil.example" }, "https://app.example.evil.example"],
        [{ "sec-fetch-site": "cross-site" }, ""],
        [
          { "sec-fetch-site": "same-origin", referer: "https://app.example:8443/" },
          "https://app.example:8443",
        ],
      ])("refuses %j", async (headers, origin) => {
        const answer = await ask(headers);
        expect([answer.status, answer.errorCode]).toEqual([403, "ERR_FORBIDDEN_HOST"]);
        expect(answer.text).toContain(`a web page of origin ${origin} may not call this gateway`);
        expect(answer.header("access-control-allow-origin")).toBeUndefined();
      });

      it.each([
        {},
        { "sec-fetch-site": "none" },
        { "sec-fetch-site": "same-site", referer: "https://app.example/a" },
      ])("takes %j", async (headers) => expect((await ask(headers)).status).toBe(200));

      it("tells the browser of a listed page that it may read answers, its own and those of apps", async () => {
        for (const at of [path, "/v1.0/healthz", "/v1.0/invoke/none/method/a"]) {
          const answer = await ask({ origin: "https://app.example" }, "GET", at);
          expect(answer.header("access-control-allow-origin")).toBe("https://app.example");
          expect(answer.header("access-control-expose-headers")).toBe("*");
          expect(answer.header("vary")).toBe("Origin");
        }
        expect((await ask({})).header("vary")).toBe("Origin");
      });

      it("answers the question of a browser before the request, without asking the app", async () => {
        const answer = await ask(
          {
            origin: "https://app.example",
            "access-control-request-method": "PUT",
            "access-control-request-headers": "content-type,x-a",
            "access-control-request-private-network": "true",
          },
          "OPTIONS",
        );
        expect([answer.status, answer.text]).toEqual([200, ""]);
        expect(answer.header("access-control-allow-methods")).toBe("PUT");
        expect(answer.header("access-control-allow-headers")).toBe("content-type,x-a");
        expect(answer.header("access-control-allow-private-network")).toBe("true");
      });
    });

    describe("by token", () => {
      const callers = ["sensor-1", "sensor-2"]
        .map((appId) => ({ appId, digest: digest(`token of ${appId}`), variables: callerVariables(appId) }))
        .sort((a, b) => compareBytes(a.digest, b.digest));
      const secrets = [{ variable: "TOKEN" }];
      const secretStores = [
        { name: "env", guests: [], prefix: "APP_", allowedNames: [], deniedNames: names("PIN"), open: 1 },
        { name: "few", guests: [], prefix: "APP_", allowedNames: names("A"), deniedNames: [], open: 0 },
      ];
      beforeAll(
        () =>
          start(
            { callers, secrets, apiToken: 0, secretStores },
            "http+folder",
            [
              ...[
                "TOKEN=swordfish",
                "APP_A=of all",
                'APP_SENSOR_1__KEY=a"b',
                "APP_SENSOR_1__PIN=1",
                "APP_SENSOR_2__KEY=c",
              ],
            ].flatMap((variable) => ["--env", variable]),
          ),
        30_000,
      );
      afterAll(() => gateway?.stop());

      const caller = async (token: string) => {
        const answer = await ask({ "dapr-api-token": token, origin: "https://evil.example" });
        return (answer.json as { headers: Record<string, string> }).headers["dapr-caller-app-id"];
      };

      it("knows each caller by its token, whatever page it came through, and the gateway's own by none", async () => {
        expect(await caller("swordfish")).toBe("gateway");
        expect(await caller("token of sensor-1")).toBe("sensor-1");
        expect(await caller("token of sensor-2")).toBe("sensor-2");
      });

      it.each(["", "x", "swordfis", "swordfish2", "token of sensor-3", "x".repeat(5000)])(
        "refuses %s",
        async (token) => {
          const answer = await ask({ "dapr-api-token": token });
          expect([answer.status, answer.text]).toEqual([401, "invalid api token"]);
        },
      );

      it("hands out secrets, to each caller its own", async () => {
        const secret = async (token: string, at: string) => {
          const answer = await ask({ "dapr-api-token": token }, "GET", `/v1.0/secrets/${at}`);
          return [answer.status, answer.status === 200 ? answer.json : answer.errorCode];
        };
        expect(await secret("swordfish", "env/A")).toEqual([200, { A: "of all" }]);
        expect(await secret("swordfish", "few/A")).toEqual([200, { A: "of all" }]);
        expect(await secret("swordfish", "few/SENSOR_1__KEY")).toEqual([403, "ERR_PERMISSION_DENIED"]);
        expect(await secret("token of sensor-1", "env/KEY")).toEqual([200, { KEY: 'a"b' }]);
        expect(await secret("token of sensor-2", "env/KEY")).toEqual([200, { KEY: "c" }]);
        expect(await secret("token of sensor-1", "env/PIN")).toEqual([403, "ERR_PERMISSION_DENIED"]);
        expect(await secret("token of sensor-1", "env/A")).toEqual([200, { A: "" }]);
        expect(await secret("token of sensor-1", "env/bulk")).toEqual([200, { KEY: { KEY: 'a"b' } }]);
        expect(await secret("swordfish", "few/bulk")).toEqual([200, { A: { A: "of all" } }]);
        expect(await secret("swordfish", "none/A")).toEqual([401, "ERR_SECRET_STORE_NOT_FOUND"]);
      });

      it("refuses whoever has none, but tells anybody that it lives, and hands no token on", async () => {
        expect((await ask({})).status).toBe(401);
        expect((await ask({}, "GET", "/v1.0/metadata")).status).toBe(401);
        expect((await ask({}, "GET", "/v1.0/healthz")).status).toBe(204);
        expect((await ask({ "dapr-api-token": "swordfish" })).text).not.toContain("swordfish");
      });
    });

    describe("under rules", () => {
      const configuration = {
        api: { denied: [{ name: "metadata", version: "v1" }] },
        accessControl: {
          defaultAction: "deny" as const,
          policies: [
            {
              appId: "reader",
              namespace: "default",
              trustDomain: "public",
              defaultAction: "deny" as const,
              operations: [{ path: "a/**", verbs: ["GET"], action: "allow" as const }],
            },
          ],
        },
      };
      const callers = ["reader", "other"]
        .map((appId) => ({ appId, digest: digest(appId), variables: "" }))
        .sort((a, b) => compareBytes(a.digest, b.digest));
      beforeAll(
        () => start({ callers, rate: 0.001, burst: 40, rateBy: 2, ...ruleRows(configuration) }),
        30_000,
      );
      afterAll(() => gateway?.stop());

      const status = async (token: string, at: string, method = "GET") =>
        (await ask({ "dapr-api-token": token }, method, at)).status;

      it("lets a caller call what its policy allows", async () => {
        const invoke = "/v1.0/invoke/echo/method";
        expect(await status("reader", `${invoke}/a`)).toBe(200);
        expect(await status("reader", `${invoke}/A/b?c`)).toBe(200);
        expect(await status("reader", `${invoke}/b/../a/c`)).toBe(200);
        expect(await status("reader", `${invoke}/a`, "POST")).toBe(403);
        expect(await status("reader", `${invoke}/a/../b`)).toBe(403);
        expect(await status("reader", `${invoke}/%61b`)).toBe(403);
        expect(await status("other", `${invoke}/a`)).toBe(403);
        const { text, errorCode } = await ask({ "dapr-api-token": "other" });
        expect(errorCode).toBe("ERR_DIRECT_INVOKE");
        expect(text).toContain("denied access to id: spiffe://public/ns/default/other operation: a");
        const byHeader = await ask({ "dapr-api-token": "other", "dapr-app-id": "echo" }, "GET", "/a");
        expect(byHeader.status).toBe(403);
      });

      it("has no operation that is denied", async () => {
        expect(await status("reader", "/v1.0/metadata")).toBe(404);
        expect(await status("reader", "/v1.0/state/x/y")).toBe(501);
      });

      it("lets each caller have a burst, and tells when it is its turn again", async () => {
        const once = async () => await ask({ "dapr-api-token": "reader" });
        let answer = await once();
        // Each instance has a bucket of its own, and a busy host may have several.
        for (let i = 0; i < 1000 && answer.status !== 429; i++) answer = await once();
        expect([answer.status, answer.text]).toEqual([429, "You have reached maximum request limit."]);
        expect(Number(answer.header("retry-after"))).toBeGreaterThan(100);
        expect(await status("other", path)).toBe(403);
        expect(await status("reader", "/v1.0/healthz")).toBe(204);
      });
    });

    it("has nothing to invoke where that is denied", async () => {
      await start(ruleRows({ api: { allowed: [{ name: "metadata", version: "v1" }] } }));
      expect((await ask({})).status).toBe(404);
      expect((await ask({ "dapr-app-id": "echo" }, "GET", "/a")).text).toBe("404 page not found\n");
      expect((await ask({}, "GET", "/v1.0/metadata")).status).toBe(200);
      expect((await ask({}, "GET", "/v1.0/healthz")).status).toBe(204);
      await gateway.stop();
    });

    it("lets nobody in where the environment lacks the token", async () => {
      await start({ secrets: [{ variable: "TOKEN" }], apiToken: 0 }, "http+folder");
      expect((await ask({ "dapr-api-token": "" })).status).toBe(401);
      expect((await ask({ "dapr-api-token": "TOKEN" })).status).toBe(401);
      await gateway.stop();
    });
  },
);
