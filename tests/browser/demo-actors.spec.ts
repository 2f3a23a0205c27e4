import { expect, type Page, test } from "playwright/test";
import { startDemo } from "./demo-server.ts";

let demo: Awaited<ReturnType<typeof startDemo>>;

test.beforeAll(async () => {
  test.setTimeout(150_000);
  demo = await startDemo(4303);
});
test.afterAll(() => demo.stop());

/** How many actors say that they live in each tab, as one tab has heard it. */
async function owners(page: Page): Promise<Record<string, number>> {
  const told = await page
    .getByTestId("owners")
    .getByRole("listitem")
    .evaluateAll((all) => all.map(({ dataset }) => [dataset.tab, Number(dataset.count)] as const));
  return Object.fromEntries(told);
}

const failed = async (page: Page) => await page.getByTestId("failed").textContent();

test("a thousand actors are split between two tabs, and live in one when the other closes, while all are called", async ({
  page,
  context,
}) => {
  await page.goto(demo.url);
  await page.getByRole("link", { name: "a thousand actors" }).click();
  await expect.poll(() => owners(page), { timeout: 20_000 }).toEqual({ 1: 1_000 });
  await page.getByRole("slider").fill("100");

  const opened = context.waitForEvent("page");
  await page.getByRole("button", { name: "Open another tab" }).click();
  const second = await opened;
  for (const tab of [page, second]) {
    await expect
      .poll(
        async () => {
          const { 1: one = 0, 2: two = 0, ...others } = await owners(tab);
          return one > 250 && two > 250 && one + two === 1_000 && Object.keys(others).length === 0;
        },
        { timeout: 20_000 },
      )
      .toBe(true);
  }
  expect(await failed(second)).toBe("0");

  await second.close();
  await expect.poll(() => owners(page), { timeout: 10_000 }).toEqual({ 1: 1_000 });
  expect(await failed(page)).toBe("0");

  await page.getByRole("button", { name: "Add a Node instance" }).click();
  await expect
    .poll(
      async () => {
        const { 0: node = 0, 1: one = 0 } = await owners(page);
        return node > 250 && one > 250 && node + one === 1_000;
      },
      { timeout: 20_000 },
    )
    .toBe(true);
  await page.getByRole("button", { name: "Stop the Node instance" }).click();
  await expect.poll(() => owners(page), { timeout: 20_000 }).toEqual({ 1: 1_000 });
  expect(await failed(page)).toBe("0");
  const counted = async () => Number(await page.getByTestId("counted by all").textContent());
  const before = await counted();
  await expect.poll(counted).toBeGreaterThan(before);
});
