import type { Page } from "playwright/test";
import { expect, test } from "playwright/test";
import { startDemo } from "./demo-server.ts";

let demo: Awaited<ReturnType<typeof startDemo>>;

test.beforeAll(async () => {
  test.setTimeout(150_000);
  demo = await startDemo(4301);
});
test.afterAll(() => demo.stop());

async function ready(page: Page, address = demo.url): Promise<void> {
  await page.goto(address);
  await expect(page.getByTestId("ready")).toBeVisible({ timeout: 20_000 });
}

async function send(page: Page, example: string, status: string): Promise<string> {
  await page.getByRole("button", { name: example, exact: true }).click();
  await page.getByRole("button", { name: "Send" }).click();
  await expect(page.getByTestId("status")).toHaveText(new RegExp(`^${status}`));
  return (await page.getByTestId("body").textContent()) ?? "";
}

async function stopWorkers(page: Page): Promise<void> {
  const cdp = await page.context().newCDPSession(page);
  await cdp.send("ServiceWorker.enable");
  await cdp.send("ServiceWorker.stopAllWorkers");
  await cdp.detach();
}

test("a newcomer sees the steps, uses the API, and finds what it stored again", async ({ page }) => {
  const leaked: string[] = [];
  page.on("request", (request) => {
    if (new URL(request.url()).port === "3500") leaked.push(request.url());
  });
  await ready(page);
  await expect(page.getByLabel("Start").getByRole("listitem")).not.toHaveCount(0);

  await send(page, "Save state", "204");
  expect(JSON.parse(await send(page, "Get state", "200"))).toEqual({ kind: "dog", name: "bono" });
  expect(JSON.parse(await send(page, "Save with a stale ETag", "409")).errorCode).toBe("ERR_STATE_SAVE");
  expect(JSON.parse(await send(page, "Query state", "200")).results).toMatchObject([{ key: "pet" }]);
  await page.getByRole("button", { name: "Look" }).click();
  await expect(page.getByTestId("stored")).toContainText("bono");
  await page.getByRole("button", { name: "Delete pet" }).click();
  await expect(page.getByTestId("stored")).not.toContainText("bono");
  expect(JSON.parse(await send(page, "Take a lock", "200"))).toEqual({ success: true });
  expect(JSON.parse(await send(page, "Take a lock", "200"))).toEqual({ success: false });
  await send(page, "Set a setting", "204");
  expect(JSON.parse(await send(page, "Read settings", "200"))).toMatchObject({ colour: { value: "green" } });
  expect(await send(page, "Invoke this tab", "200")).toBe("Hello from first-tab!");
  await send(page, "Publish", "204");
  await expect(page.getByTestId("seen")).toContainText("This is a test");
  expect(JSON.parse(await send(page, "As the book prints it", "200")).id).toBe("first-tab");
});

test("the counter survives a reload and a killed worker", async ({ page }) => {
  await ready(page);
  const count = page.getByTestId("count");
  await expect(count).toHaveText(/\d/);
  const before = Number(await count.textContent());
  await page.getByRole("button", { name: "Count", exact: true }).click();
  await expect(count).toHaveText(String(before + 1));
  await page.reload();
  await expect(count).toHaveText(String(before + 1), { timeout: 20_000 });
  await stopWorkers(page);
  await page.getByRole("button", { name: "Count", exact: true }).click();
  await expect(count).toHaveText(String(before + 2), { timeout: 20_000 });
});

test("a second tab is invoked from the first and receives its events", async ({ page, context }) => {
  await ready(page);
  const opened = context.waitForEvent("page");
  await page.getByRole("button", { name: "Open second-tab" }).click();
  const second = await opened;
  await expect(second.getByTestId("ready")).toBeVisible({ timeout: 20_000 });
  await page.getByRole("button", { name: "Invoke second-tab" }).click();
  await expect(page.getByTestId("answered")).toHaveText("second-tab answered 200: Hello from second-tab!");
  await page.getByRole("button", { name: "Publish to everybody" }).click();
  await expect(second.getByTestId("seen")).toContainText('"from":"first-tab"');

  await send(page, "Invoke the second tab, which publishes", "204");
  const trace = page.getByTestId("trace").filter({ hasText: "method/welcome" });
  await trace.locator("summary").first().click();
  const spans = trace.getByTestId("span");
  await expect
    .poll(async () => (await spans.locator(".name").allTextContents()).sort())
    .toEqual([
      "/v1.0/publish/pubsub/greetings client, second-tab",
      "pubsub/greetings client, first-tab",
      "pubsub/greetings client, second-tab",
      "welcome client, first-tab",
      "welcome server, second-tab",
    ]);
  await expect(trace).toContainText("correlation visit-1");
  await spans.first().locator("summary").click();
  await expect(spans.first()).toContainText("net.peer.namesecond-tab");
});

test("the Node app and a second browser are joined through the relay", async ({ page, browser }) => {
  await ready(page);
  await expect(async () => {
    await page.getByRole("button", { name: "Invoke node-app" }).click();
    await expect(page.getByTestId("answered")).toHaveText("node-app answered 200: Hello from node-app!");
  }).toPass({ timeout: 15_000 });

  const other = await browser.newContext();
  const far = await other.newPage();
  const address = await page.getByRole("link", { name: "this address" }).getAttribute("href");
  await ready(far, address ?? "");
  expect(
    await far.evaluate(() => fetch("/v1.0/invoke/first-tab/method/greeting").then((r) => r.text())),
  ).toBe("Hello from first-tab!");
  await other.close();
});
