/** Several instances of one app id, as processes: calls are shared, events compete, the dead are avoided. */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { ended } from "../hosts/ended.ts";
import { freePorts } from "../hosts/free-ports.ts";
import { daprletProgram } from "../hosts/node.ts";
import { type Echo, Fleet, json, random, withEachKind } from "./fleet.ts";
import { daprletRun, type Launched, temporaryFolder } from "./launch.ts";

/** What the echo app of this very instance saw: through its own sidecar, which asks its own app. */
async function seen(instance: Launched, uri: string): Promise<string[]> {
  const answer = await instance.fetch(`/v1.0/invoke/${instance.appId}/method/seen`);
  return (answer.json as Echo[]).filter((one) => one.uri === uri).map(({ body }) => body);
}

withEachKind("two instances of one app", (kind, fleet) => {
  afterEach(() => fleet.end());

  test("share the calls, and when one is killed the other has them all", async () => {
    const appId = `twins-${random()}`;
    const caller = await fleet.launch(kind, { appId: `caller-${random()}` });
    const twins = [
      await fleet.launch(kind, { appId, app: "echo.mjs" }),
      await fleet.launch(kind, { appId, app: "echo.mjs" }),
    ] as const;
    const call = (n: number) =>
      caller.fetch(`/v1.0/invoke/${appId}/method/work?n=${n}`, { method: "POST", body: "" });
    const counts = async () =>
      await Promise.all(
        twins.map(async (twin) => (await twin.fetch(`/v1.0/invoke/${appId}/method/seen`)).json as Echo[]),
      );
    // Both must be known first; how long that takes is Dapr's own affair.
    await expect
      .poll(
        async () => {
          await call(-1);
          return (await counts()).every((list) => list.some(({ uri }) => uri === "/work?n=-1"));
        },
        { timeout: 20_000 },
      )
      .toBe(true);
    for (let n = 0; n < 20; n++) expect((await call(n)).status).toBe(200);
    const shares = (await counts()).map(
      (list) => list.filter(({ uri }) => !uri.endsWith("=-1") && uri.startsWith("/work")).length,
    );
    expect(shares.reduce((a, b) => a + b)).toBe(20);
    for (const share of shares) expect(share).toBeGreaterThanOrEqual(kind.dialect === "daprd" ? 1 : 9);
    if (kind.dialect === "daprd") return;
    await twins[0].kill();
    const after = await Promise.all(Array.from({ length: 20 }, (_, n) => call(100 + n)));
    expect(after.map(({ status }) => status)).toEqual(after.map(() => 200));
  }, 60_000);
});

describe.skipIf(daprletRun.missing !== undefined)("apps on one relay", () => {
  const fleet = new Fleet();
  let relay: { url: string; end(): Promise<void> };
  beforeAll(async () => {
    const [port] = (await freePorts(1)) as [number];
    const child = spawn(process.execPath, [daprletProgram, "relay", "--port", String(port)], {
      stdio: "ignore",
    });
    relay = {
      url: `ws://127.0.0.1:${port}`,
      async end() {
        child.kill("SIGKILL");
        await ended(child);
      },
    };
  });
  afterEach(() => fleet.end());
  afterAll(() => relay.end());

  const member = (appId: string, topic?: string, env: Readonly<Record<string, string>> = {}) =>
    fleet.launch(daprletRun, {
      appId,
      app: "echo.mjs",
      flags: ["--relay", relay.url],
      env: {
        ...env,
        SUBSCRIPTIONS: JSON.stringify(
          topic === undefined ? [] : [{ pubsubname: "pubsub", topic, route: "/event" }],
        ),
      },
    });
  const publish = (from: Launched, topic: string, data: unknown) =>
    from.fetch(`/v1.0/publish/pubsub/${topic}`, {
      method: "POST",
      headers: json,
      body: JSON.stringify(data),
    });
  const numbers = (bodies: readonly string[]) =>
    bodies.map((body) => (JSON.parse(body) as { data: { n: number } }).data.n);

  test("T27: every app gets each event, the instances of one share them", async () => {
    const topic = `t-${random()}`;
    const publisher = await member(`publisher-${random()}`);
    const [ps, other] = [`ps-${random()}`, `other-${random()}`];
    const twins = [await member(ps, topic), await member(ps, topic)];
    const single = await member(other, topic);
    for (let n = 0; n < 40; n++) expect((await publish(publisher, topic, { n })).status).toBe(204);
    const all = Array.from({ length: 40 }, (_, n) => n);
    const sorted = (list: number[]) => [...new Set(list)].sort((a, b) => a - b);
    await expect
      .poll(async () => sorted(numbers(await seen(single, "/event"))), { timeout: 10_000 })
      .toEqual(all);
    await expect
      .poll(
        async () => sorted((await Promise.all(twins.map((twin) => seen(twin, "/event")))).flatMap(numbers)),
        {
          timeout: 10_000,
        },
      )
      .toEqual(all);
    const shares = await Promise.all(twins.map(async (twin) => (await seen(twin, "/event")).length));
    expect(shares.reduce((a, b) => a + b)).toBe(40);
    for (const share of shares) expect(share).toBeGreaterThan(0);
  }, 60_000);

  test("T26: events published before a subscriber ever started arrive, in order", async () => {
    const topic = `t-${random()}`;
    const publisher = await member(`publisher-${random()}`);
    for (let n = 0; n < 3; n++) expect((await publish(publisher, topic, { n })).status).toBe(204);
    const late = await member(`ps-${random()}`, topic);
    await expect
      .poll(async () => numbers(await seen(late, "/event")), { timeout: 10_000 })
      .toEqual([0, 1, 2]);
  }, 60_000);

  test("a subscriber that is killed misses nothing that was accepted", async () => {
    const topic = `t-${random()}`;
    const { folder, remove } = temporaryFolder();
    const file = join(folder, "seen");
    const publisher = await member(`publisher-${random()}`);
    const subscriber = await member(`ps-${random()}`, topic, { SEEN_FILE: file });
    let going = true;
    const accepted: number[] = [];
    const publishing = (async () => {
      for (let n = 0; going; n++) {
        if ((await publish(publisher, topic, { n })).status === 204) accepted.push(n);
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
    })();
    try {
      for (let kill = 0; kill < 3; kill++) {
        await new Promise((resolve) => setTimeout(resolve, 300));
        await subscriber.kill();
        await subscriber.again();
      }
    } finally {
      going = false;
      await publishing;
    }
    expect(accepted.length).toBeGreaterThan(100);
    const missing = () => {
      const lines = readFileSync(file, "utf8").trim().split("\n");
      const events = lines.flatMap((line) => {
        try {
          return [JSON.parse(line) as { url: string; body: string }];
        } catch {
          // Cut short by the kill, so never answered: it comes again.
          return [];
        }
      });
      const found = new Set(numbers(events.filter(({ url }) => url === "/event").map(({ body }) => body)));
      return accepted.filter((n) => !found.has(n));
    };
    await expect.poll(missing, { timeout: 20_000 }).toEqual([]);
    remove();
  }, 60_000);
});
