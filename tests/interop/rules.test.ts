/** The table of routing rules that ours are held to, asked of daprd itself. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { daprd, startDaprd } from "../hosts/daprd.ts";
import { ruleCases, ruledData } from "../pubsub/rule-cases.ts";

/** Those that daprd takes: one that it refuses costs it the whole list. */
const taken = ruleCases.filter(([, outcome]) => outcome !== "refused");

test.skipIf(daprd.missing !== undefined)(
  "daprd decides the rules as the table says",
  async () => {
    const folder = mkdtempSync(join(tmpdir(), "daprlet-rules-"));
    const resources = join(folder, "resources");
    mkdirSync(resources);
    writeFileSync(
      join(resources, "messagebus.yaml"),
      "apiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata:\n  name: messagebus\nspec:\n  type: pubsub.in-memory\n  version: v1\n  metadata: []\n",
    );
    const subscriptions = taken.map(([match], i) => ({
      pubsubname: "messagebus",
      topic: `t${i}`,
      routes: { rules: [{ match, path: "/matched" }], default: "/not" },
    }));
    const outcomes = new Map<string, boolean>();
    const app = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk) => chunks.push(chunk));
      request.on("end", () => {
        if (request.url === "/dapr/subscribe") return response.end(JSON.stringify(subscriptions));
        if (request.method !== "POST") return response.writeHead(404).end();
        const { topic } = JSON.parse(Buffer.concat(chunks).toString()) as { topic: string };
        outcomes.set(topic, request.url === "/matched");
        response.end();
      });
    });
    await new Promise<void>((resolve) => app.listen(0, "127.0.0.1", resolve));
    const appPort = (app.address() as AddressInfo).port;
    const sidecar = await startDaprd({ appId: "rules", resources, appPort });
    try {
      const headers = { "content-type": "application/json" };
      const subscribed = async () =>
        ((await sidecar.fetch("/v1.0/metadata")).json as { subscriptions?: unknown[] }).subscriptions?.length;
      await expect.poll(subscribed, { timeout: 10_000 }).toBe(taken.length);
      for (const i of taken.keys()) {
        const path = `/v1.0/publish/messagebus/t${i}`;
        expect((await sidecar.fetch(path, { method: "POST", headers, body: ruledData })).status).toBe(204);
      }
      const decided = taken.filter(([, outcome]) => outcome !== "fails").length;
      await expect.poll(() => outcomes.size, { timeout: 10_000 }).toBeGreaterThanOrEqual(decided);
      const found = taken.map(([match], i) => [match, outcomes.get(`t${i}`) ?? "fails"]);
      expect(found).toEqual(taken);
    } finally {
      await sidecar.stop();
      app.closeAllConnections();
      app.close();
      rmSync(folder, { recursive: true, force: true });
    }
  },
  60_000,
);
