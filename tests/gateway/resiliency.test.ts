import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { none16, type PolicyRow } from "../../host/gateway/table-shape.ts";
import { type Gateway, missingWasmtime, startGateway } from "../hosts/wasmtime-host.ts";
import { appRow, upstreamRow } from "./gateway-table.ts";

const nothing: PolicyRow = {
  interval: 0,
  longest: 0,
  breakerInterval: 0,
  breakerTimeout: 0,
  codes: [],
  terms: [],
  timeout: 0,
  retries: 0,
  breakerRequests: 0,
  retry: 0,
};
/** Two more, of which the second waits so long that a test ends before. */
const rules: readonly PolicyRow[] = [
  { ...nothing, retry: 1, interval: 10, retries: 2 },
  { ...nothing, retry: 1, interval: 10, retries: 2, codes: [{ first: 500, last: 502 }] },
  { ...nothing, timeout: 300 },
  { ...nothing, breakerRequests: 1, breakerTimeout: 1500, terms: [{ relation: 4, number: 2 }] },
  { ...nothing, retry: 1, interval: 600_000, retries: 5 },
  { ...nothing, timeout: 200, retry: 2, interval: 20, retries: 0xffffffff },
];

describe.skipIf(missingWasmtime !== undefined && process.env.CI !== "true")(
  missingWasmtime ?? "policies of a gateway",
  () => {
    let server: Server;
    let gateway: Gateway;
    /** What the app answers to the next calls; 200 once there are none left, and -1 never. */
    let script: number[] = [];
    let bodies: string[] = [];
    beforeAll(async () => {
      server = createServer((request, response) => {
        const parts: Buffer[] = [];
        request.on("data", (part: Buffer) => parts.push(part));
        request.on("end", () => {
          bodies.push(Buffer.concat(parts).toString());
          const status = script.shift() ?? 200;
          if (status === 0) request.socket.destroy();
          else if (status > 0) response.writeHead(status).end(`status ${status}`);
        });
      });
      await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
      const { port } = server.address() as AddressInfo;
      const apps = [...rules.keys(), none16].map((policy) => ({
        ...appRow(`app-${policy}`, [upstreamRow({ port })]),
        policy,
      }));
      gateway = await startGateway({ apps, rules }, { variant: "http+sockets", reused: true });
    }, 30_000);
    afterAll(async () => {
      await gateway?.stop();
      server?.closeAllConnections();
      server?.close();
    });
    beforeEach(() => {
      script = [];
      bodies = [];
    });

    const call = (policy: number, options: Parameters<Gateway["fetch"]>[1] = {}) =>
      gateway.fetch(`/v1.0/invoke/app-${policy}/method/a`, { method: "POST", body: "once more", ...options });

    it("passes on what an app without a policy answers", async () => {
      script = [503];
      const answer = await call(none16);
      expect([answer.status, answer.text, bodies.length]).toEqual([503, "status 503", 1]);
    });

    it.each([[[500]], [[500, 0]], [[0, 404]]])(
      "tries again after %j, with the same body",
      async (failures) => {
        script = [...failures];
        const answer = await call(0);
        expect([answer.status, answer.text]).toEqual([200, "status 200"]);
        expect(bodies).toEqual(Array(failures.length + 1).fill("once more"));
      },
    );

    it("passes the last answer on where all are failures", async () => {
      script = [500, 501, 502, 503];
      const answer = await call(0);
      expect([answer.status, answer.text, bodies.length]).toEqual([502, "status 502", 3]);
    });

    it("says why there is no answer where the last attempt had none", async () => {
      script = Array(8).fill(0);
      const answer = await call(0);
      expect([answer.status, answer.errorCode]).toEqual([502, "ERR_DIRECT_INVOKE"]);
      // One more where the first one's connection had been idle before.
      expect([3, 4]).toContain(bodies.length);
    });

    it("tries again after the listed codes alone, and after failures without one", async () => {
      script = [503];
      expect([(await call(1)).status, bodies.length]).toEqual([503, 1]);
      script = [502, 0];
      expect([(await call(1)).status, bodies.length]).toEqual([200, 4]);
    });

    it("does not try again what it cannot send again", async () => {
      script = [500];
      const answer = await call(0, { body: "x".repeat(300_000), streamed: true });
      expect([answer.status, bodies.length]).toEqual([500, 1]);
    });

    it("does not begin a wait that is longer than the call may take", async () => {
      script = [500];
      expect([(await call(4)).status, bodies.length]).toEqual([500, 1]);
    });

    it("waits no longer than the timeout of an attempt", async () => {
      script = [-1];
      const answer = await call(2);
      expect([answer.status, answer.errorCode]).toEqual([504, "ERR_DIRECT_INVOKE"]);
      script = [-1, -1];
      expect([(await call(5)).status, bodies.length]).toEqual([200, 4]);
    });

    it("asks an app no more once its circuit breaker is open, and tries it after its time", async () => {
      script = Array.from({ length: 30 }, () => 500);
      // Consecutive failures above 2. Each instance counts for itself, and a busy host may have several.
      const refused = (text: string) => text.includes("circuit breaker is open");
      let answer = await call(3);
      for (let asked = 1; asked < 30 && !refused(answer.text); asked++) {
        expect([answer.status, bodies.length]).toEqual([500, asked]);
        answer = await call(3);
      }
      expect([answer.status, answer.errorCode, refused(answer.text)]).toEqual([
        500,
        "ERR_DIRECT_INVOKE",
        true,
      ]);
      expect(bodies.length).toBeGreaterThan(2);
      script = [];
      await expect.poll(async () => (await call(3)).status).toBe(200);
    });
  },
);
