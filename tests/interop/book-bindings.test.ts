/** Walkthroughs of the book: bindings. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { expectedOn } from "../api/differences.ts";
import { startTarget, type Target } from "../hosts/target.ts";
import { json, random, withEachKind } from "./fleet.ts";
import { daprletRun, temporaryFolder } from "./launch.ts";

const component = (name: string, type: string, metadata: Readonly<Record<string, string>> = {}) =>
  `apiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata:\n  name: ${name}\nspec:\n  type: ${type}\n  version: v1\n  metadata: ${JSON.stringify(
    Object.entries(metadata).map(([key, value]) => ({ name: key, value })),
  )}\n`;
const click = { method: "POST", headers: json, body: '{"data":"Hello, World!"}' };
const { folder, remove } = temporaryFolder();
afterAll(remove);
const targets: Target[] = [];
beforeAll(async () => {
  targets.push(await startTarget(), await startTarget());
});
afterAll(() => Promise.all(targets.map((target) => target.close())));
const pointedAt = (n: number) => component("target", "bindings.http", { url: (targets[n] as Target).url });

withEachKind("the book's bindings", (kind, fleet) => {
  afterAll(() => fleet.end());

  test("T10: a click without an operation reaches the target once, as a JSON string", async () => {
    const app = await fleet.launch(kind, { appId: `clicks-${random()}`, components: [pointedAt(0)] });
    const [target] = targets as [Target];
    target.reached.length = 0;
    const answer = await app.fetch("/v1.0/bindings/target", click);
    if (expectedOn(kind.dialect, "bindings.no-operation") === 500) {
      expect([answer.status, answer.errorCode, target.reached]).toEqual([
        500,
        "ERR_INVOKE_OUTPUT_BINDING",
        [],
      ]);
      return;
    }
    expect(answer.status).toBe(200);
    expect(target.reached.map(({ method, body }) => [method, body])).toEqual([["POST", '"Hello, World!"']]);
  });
});

describe.runIf(daprletRun.missing === undefined)("the book's bindings, as daprlet extends them", () => {
  test("T10: a page of a file is refused without the side effect, and may where it is named", async () => {
    const [target] = targets as [Target];
    target.reached.length = 0;
    const fromFile = { ...click, headers: { ...json, origin: "null" } };
    const start = (flags: readonly string[]) =>
      daprletRun.launch({ appId: `clicks-${random()}`, components: [pointedAt(0)], flags, folder });
    const closed = await start([]);
    const refused = await closed.fetch("/v1.0/bindings/target", fromFile);
    await closed.kill();
    expect([refused.status, target.reached]).toEqual([403, []]);
    const open = await start(["--allowed-origins", "*"]);
    const answer = await open.fetch("/v1.0/bindings/target", fromFile);
    await open.kill();
    expect([answer.status, target.reached.length]).toEqual([200, 1]);
    expect(answer.header("access-control-allow-origin")).toBeDefined();
  }, 30_000);

  test("T11: ten clicks a second while the target is pointed elsewhere and then broken: none fails", async () => {
    const [first, second] = targets as [Target, Target];
    for (const target of targets) target.reached.length = 0;
    const app = await daprletRun.launch({ appId: `clicks-${random()}`, components: [pointedAt(0)], folder });
    const file = join(folder, "resources", "0.yaml");
    const edit = (text: string) => {
      writeFileSync(`${file}.new`, text);
      renameSync(`${file}.new`, file);
    };
    const statuses: number[] = [];
    const clicking = setInterval(async () => {
      const { status } = await app.fetch("/v1.0/bindings/target", click);
      statuses.push(status);
    }, 100);
    try {
      await expect.poll(() => first.reached.length).toBeGreaterThan(3);
      edit(pointedAt(1));
      await expect.poll(() => second.reached.length).toBeGreaterThan(3);
      const before = first.reached.length;
      edit("apiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata: {name: target\nspec:\n");
      await expect.poll(() => app.output()).toMatch(/0\.yaml stays as it was/);
      const reached = second.reached.length;
      await expect.poll(() => second.reached.length).toBeGreaterThan(reached + 3);
      expect(first.reached.length).toBe(before);
    } finally {
      clearInterval(clicking);
      await app.kill();
    }
    expect(statuses.filter((status) => status !== 200)).toEqual([]);
    const faults = app
      .output()
      .split("\n")
      .filter((line) => line.includes("stays as it was"));
    expect(faults).toEqual([expect.stringMatching(/0\.yaml, document 1, line \d+: not valid YAML/)]);
  }, 30_000);

  test("T41: orders of the book's Python program come as they are, the refused one again, one at a time", async () => {
    const app = await daprletRun.launch({
      appId: `orders-${random()}`,
      app: "order-listener.mjs",
      components: [component("sample-topic", "bindings.in-memory")],
      folder,
    });
    const count = 6;
    try {
      const program = fileURLToPath(new URL("apps/orders.py", import.meta.url));
      const python = spawn("python3", [program, String(count), "0.01"], {
        env: { ...process.env, DAPR_HTTP_PORT: String(app.port) },
        stdio: "ignore",
      });
      expect(await once(python, "exit")).toEqual([0, null]);
      interface Seen {
        readonly orders: readonly { body: string; contentType: string; refused: boolean }[];
        readonly most: number;
      }
      const seen = async () => (await app.fetch(`/v1.0/invoke/${app.appId}/method/orders`)).json as Seen;
      await expect.poll(async () => (await seen()).orders.length).toBe(count + 1);
      const { orders, most } = await seen();
      expect(orders.map(({ body }) => body)).toEqual([1, 2, 3, 3, 4, 5, 6].map((n) => `{"orderId": ${n}}`));
      expect(orders.filter(({ refused }) => refused).length).toBe(1);
      expect(new Set(orders.map(({ contentType }) => contentType))).toEqual(new Set(["application/json"]));
      expect(most).toBe(1);
    } finally {
      await app.kill();
    }
  }, 30_000);
});
