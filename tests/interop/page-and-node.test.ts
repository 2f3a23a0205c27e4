/** A page and Node joined by a relay: the calculator of the book, events both ways, one app in both places. */
import { spawn } from "node:child_process";
import { type Browser, chromium, type Page } from "playwright";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Site } from "../browser/fixtures.ts";
import { chromiumPath } from "../browser/playwright.config.ts";
import { ended } from "../hosts/ended.ts";
import { freePorts } from "../hosts/free-ports.ts";
import { daprletProgram } from "../hosts/node.ts";
import { bundlePageEntry, pageHtml } from "../hosts/page.ts";
import { daprletRun, type Launched, temporaryFolder } from "./launch.ts";

const missing =
  daprletRun.missing ??
  (chromiumPath === undefined ? "chromium is not installed: `apt-get install chromium`" : undefined);

interface PageAnswer {
  readonly status: number;
  readonly text: string;
}

describe.skipIf(missing !== undefined)(
  `a page and Node${missing === undefined ? "" : ` (${missing})`}`,
  () => {
    const folders: (() => void)[] = [];
    const backs = new Map<string, Launched>();
    let relay: { url: string; stop(): Promise<void> };
    let site: Site;
    let browser: Browser;
    let page: Page;

    async function startRelay(): Promise<typeof relay> {
      const [port] = (await freePorts(1)) as [number];
      const child = spawn(process.execPath, [daprletProgram, "relay", "--port", String(port)], {
        stdio: "ignore",
      });
      return {
        url: `ws://127.0.0.1:${port}`,
        async stop() {
          child.kill("SIGKILL");
          await ended(child);
        },
      };
    }

    const launch = async (appId: string, app: string, env: Record<string, string>) => {
      const { folder, remove } = temporaryFolder();
      folders.push(remove);
      const launched = await daprletRun.launch({
        appId,
        app,
        folder,
        env,
        flags: ["--relay", relay.url],
      });
      backs.set(appId, launched);
      return launched;
    };

    const register = async (): Promise<void> => {
      await page.goto(site.url);
      await page.waitForFunction(() => window.daprlet !== undefined && window.daprletTest !== undefined);
      await page.evaluate(async (url) => {
        const { daprlet, daprletTest } = window;
        await daprlet.register({ appId: "calculator", relay: url });
        const app = daprletTest.createTestApp({
          subscriptions: [{ pubsubname: "pubsub", topic: "to-the-page", route: "/events/to-the-page" }],
        });
        await daprlet.serve({ appId: "calculator", fetch: (request) => app.fetch(request) });
      }, relay.url);
    };

    const call = (path: string, method = "GET", body?: unknown): Promise<PageAnswer> =>
      page.evaluate(
        async ({ path, method, body }) => {
          const response = await fetch(path, {
            method,
            headers: { "content-type": "application/json" },
            ...(body === undefined ? {} : { body }),
          });
          return { status: response.status, text: await response.text() };
        },
        { path, method, body: body === undefined ? undefined : JSON.stringify(body) },
      );

    const key = (operation: string, operandOne: number, operandTwo: number) =>
      call(`/v1.0/invoke/${operation}app/method/${operation}`, "POST", { operandOne, operandTwo });

    beforeAll(async () => {
      relay = await startRelay();
      const operations = ["addapp", "subtractapp", "multiplyapp", "divideapp"];
      await Promise.all(operations.map((appId) => launch(appId, "operation.mjs", { OPERATION: appId })));
      await launch("listener", "echo.mjs", {
        SUBSCRIPTIONS: JSON.stringify([{ pubsubname: "pubsub", topic: "to-node", route: "/to-node" }]),
      });
      site = await Site.start();
      site.files.set("", pageHtml);
      site.files.set("page-entry.js", await bundlePageEntry());
      browser = await chromium.launch({
        ...(chromiumPath === undefined ? {} : { executablePath: chromiumPath }),
        args: [
          "--no-sandbox",
          "--disable-gpu",
          "--disable-quic",
          "--disable-background-networking",
          "--no-first-run",
        ],
      });
      page = await (await browser.newContext()).newPage();
      await register();
    }, 90_000);

    afterAll(async () => {
      await browser?.close();
      await site?.stop();
      await Promise.all([...backs.values()].map((one) => one.kill()));
      await relay?.stop();
      for (const remove of folders) remove();
    });

    test("T67: the calculator's keys are Node apps, its total is the page's", async () => {
      await expect
        .poll(
          async () => {
            const keys = [
              key("multiply", 6, 7),
              key("add", 6, 7),
              key("subtract", 6, 7),
              key("divide", 42, 6),
            ];
            return (await Promise.all(keys)).map(({ text }) => text);
          },
          { timeout: 15_000 },
        )
        .toEqual(["42", "13", "-1", "7"]);
      const saved = await call("/v1.0/state/statestore", "POST", [
        { key: "calculatorState", value: { total: "42" } },
      ]);
      expect(saved.status).toBe(204);
      await register();
      expect(JSON.parse((await call("/v1.0/state/statestore/calculatorState")).text)).toEqual({
        total: "42",
      });
    });

    test("T67: with one back end down only its key fails", async () => {
      await backs.get("divideapp")?.kill();
      await expect.poll(async () => (await key("divide", 42, 6)).status, { timeout: 15_000 }).toBe(500);
      expect(JSON.parse((await key("divide", 42, 6)).text).errorCode).toBe("ERR_DIRECT_INVOKE");
      expect((await key("multiply", 6, 7)).text).toBe("42");
    });

    test("T6: Node invokes the page, and is told apart from it by the relay", async () => {
      const listener = backs.get("listener") as Launched;
      const answer = await listener.fetch("/v1.0/invoke/calculator/method/anything?x=1", {
        method: "PUT",
        headers: { "x-test": "one", "dapr-caller-app-id": "somebody-else" },
        body: "body",
      });
      expect(answer.status).toBe(200);
      expect(answer.json).toMatchObject({
        method: "PUT",
        uri: "/anything?x=1",
        headers: { "x-test": "one", "dapr-caller-app-id": "listener", "dapr-callee-app-id": "calculator" },
      });
    });

    test("events go both ways", async () => {
      const mark = Math.random().toString(36).slice(2);
      expect((await call("/v1.0/publish/pubsub/to-node", "POST", { mark })).status).toBe(204);
      const listener = backs.get("listener") as Launched;
      const seen = async () => (await listener.fetch("/v1.0/invoke/listener/method/seen")).text;
      await expect.poll(seen, { timeout: 10_000 }).toContain(mark);
      const back = await listener.fetch("/v1.0/publish/pubsub/to-the-page", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ mark }),
      });
      expect(back.status).toBe(204);
      const recorded = "/v1.0/invoke/calculator/method/control/recorded?path=/events/to-the-page";
      await expect
        .poll(async () => (JSON.parse((await call(recorded)).text) as unknown[]).length, { timeout: 10_000 })
        .toBe(1);
    });
  },
);
