import { expect, type Page, test } from "playwright/test";
import { startDemo } from "./demo-server.ts";

let demo: Awaited<ReturnType<typeof startDemo>>;

test.beforeAll(async () => {
  test.setTimeout(150_000);
  demo = await startDemo(4306);
});
test.afterAll(() => demo.stop());

const mandelbrot = (page: Page) => page.getByTestId("project mandelbrot");
const told = async (page: Page, what: string) =>
  Number.parseInt((await mandelbrot(page).getByTestId(what).textContent()) ?? "", 10);
const own = (page: Page) => mandelbrot(page).locator("tr.own");
const credit = async (page: Page) => Number(await own(page).getByTestId("credit").textContent());

async function lend(page: Page): Promise<void> {
  await mandelbrot(page).getByRole("button", { name: "Contribute" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Lend this tab" }).click();
}

/** One letter a unit. */
const states = (page: Page) =>
  page.evaluate(async () => {
    const answer = await fetch("/v1.0/invoke/lent/method/projects");
    const [project] = (await answer.json()) as { states: string }[];
    return project?.states ?? "";
  });

test("visitors consent, compute, and get credit for what another one has too; one who lies gets none, and one who goes leaves its unit to the others at once", async ({
  page: ada,
  context,
}) => {
  const fetched: string[] = [];
  context.on("request", (request) => fetched.push(request.url()));
  const visit = async () => {
    const page = await context.newPage();
    await page.goto(`${demo.url}lent/`);
    return page;
  };
  await ada.goto(demo.url);
  await ada.getByRole("link", { name: "work that you lend a hand with" }).click();

  // Refused: nothing is fetched, and nothing runs.
  await mandelbrot(ada).getByRole("button", { name: "Contribute" }).click();
  await expect(ada.getByRole("dialog")).toContainText("The package computes, and gets nothing else");
  await ada.getByRole("dialog").getByRole("button", { name: "No" }).click();
  await expect(ada.getByRole("dialog")).toHaveCount(0);
  expect(fetched.filter((url) => url.includes("/shipped/"))).toEqual([]);
  expect(ada.workers().filter((worker) => worker.url().includes("guest"))).toEqual([]);

  // What one visitor says does not count yet.
  await lend(ada);
  await expect.poll(() => told(ada, "results")).toBeGreaterThan(1);
  expect(await told(ada, "accepted")).toBe(0);

  const bob = await visit();
  await lend(bob);
  await expect.poll(() => credit(ada)).toBeGreaterThan(1);
  expect(await credit(bob)).toBeGreaterThan(0);
  expect(await told(bob, "disagreements")).toBe(0);

  // Forged results are outvoted by the two, and known of who made them up.
  const eve = await visit();
  await lend(eve);
  await eve.getByLabel("make results up").check();
  await expect.poll(() => told(ada, "disagreements"), { timeout: 10_000 }).toBeGreaterThan(0);
  await expect
    .poll(async () => Number(await own(eve).getByTestId("disagreed").textContent()))
    .toBeGreaterThan(0);
  await mandelbrot(eve).getByRole("button", { name: "Stop" }).click();

  // One that has a unit under way for ever, and goes without a word.
  const carl = await visit();
  await carl.evaluate(() => {
    const { fetch } = window;
    window.fetch = (url, init) =>
      /capabilities\/|method\/return/.test(String(url)) ? new Promise(() => undefined) : fetch(url, init);
  });
  await lend(carl);
  const seen: string[] = [];
  const held = () =>
    [...(seen.at(-1) ?? "")].findIndex((_, i) => seen.slice(-5).every((one) => one[i] === "l"));
  await expect
    .poll(async () => seen.push(await states(ada)) >= 5 && held() !== -1, { timeout: 15_000 })
    .toBe(true);
  const unit = held();
  const closed = Date.now();
  await carl.close();
  // Its lease is thirty seconds.
  await expect.poll(async () => (await states(ada))[unit]).toBe("a");
  console.log(`the unit of the page that was closed was done by others after ${Date.now() - closed} ms`);
});
