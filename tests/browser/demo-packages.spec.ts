import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { gzipSync } from "node:zlib";
import { expect, type Page, test } from "playwright/test";
import { tar } from "../../host/node/cli/capability/tar.ts";
import { startDemo } from "./demo-server.ts";

let demo: Awaited<ReturnType<typeof startDemo>>;

test.beforeAll(async () => {
  test.setTimeout(150_000);
  demo = await startDemo(4304);
});
test.afterAll(() => demo.stop());

const built = resolve(import.meta.dirname, "../../dist/capabilities/hello");

/** `hello` as its author would pack it, in another version, and with more time than a busy machine takes from it. */
function packed(version: string): { name: string; mimeType: string; buffer: Buffer } {
  const files = readdirSync(built).map((name) => {
    const bytes = readFileSync(join(built, name));
    if (name !== "capability.json") return { path: `hello/${name}`, bytes };
    const { limits, ...manifest } = JSON.parse(bytes.toString());
    const changed = { ...manifest, version, limits: { ...limits, timeMs: 20_000 } };
    return { path: `hello/${name}`, bytes: Buffer.from(JSON.stringify(changed)) };
  });
  return { name: `hello-${version}.tgz`, mimeType: "application/gzip", buffer: gzipSync(tar(files)) };
}

/** Lets go of a file over the page, as a hand would. */
async function drop(page: Page, { name, mimeType, buffer }: ReturnType<typeof packed>): Promise<void> {
  const dataTransfer = await page.evaluateHandle(
    ([name, type, bytes]) => {
      const transfer = new DataTransfer();
      transfer.items.add(new File([new Uint8Array(bytes)], name, { type }));
      return transfer;
    },
    [name, mimeType, [...buffer]] as const,
  );
  await page.dispatchEvent("body", "drop", { dataTransfer });
}

const card = (page: Page, name: string) => page.getByTestId(`package ${name}`);
const grant = (page: Page, button: string) => page.getByRole("dialog").getByRole("button", { name: button });

test("a package is dropped, asked about, granted a part, called, killed, updated under load, and there without a network", async ({
  page,
  context,
}) => {
  await page.goto(demo.url);
  await page.getByRole("link", { name: "packages that you need not trust" }).click();

  // Refused: nothing of it is there.
  await page.getByRole("button", { name: "hostile" }).click();
  await expect(page.getByRole("dialog")).toContainText("publish secrets on pubsub");
  await grant(page, "Refuse").click();
  await expect(card(page, "hostile")).toHaveCount(0);
  expect(page.workers()).toHaveLength(0);

  // Granted, but for two things.
  await page.getByRole("button", { name: "hostile" }).click();
  await page.getByLabel("publish secrets").uncheck();
  await page.getByLabel("fetch from").uncheck();
  await grant(page, "Grant 1 of 3").click();
  const hostile = card(page, "hostile");
  await expect(hostile).toContainText("Refused: publish secrets on pubsub, fetch from https://example.com");
  const deed = (path: string) => hostile.locator("form").filter({ hasText: path });
  await deed("/spy").getByRole("button", { name: "Call", exact: true }).click();
  await expect(deed("/spy").locator("pre")).toHaveText(
    /"state": 204,\s+"publish": 403,\s+"fetch": 403,\s+"invoke": 403/,
  );

  // What a user drops is a packed file or a folder.
  await drop(page, packed("1.0.0"));
  await expect(page.getByRole("dialog")).toContainText("It asks for nothing but to compute.");
  await grant(page, "Grant and add").click();
  const hello = card(page, "hello");
  await hello.getByLabel("name").fill("you");
  await hello.getByRole("button", { name: "Call without a pause" }).click();
  const load = hello.getByTestId("load");
  const answered = async () => Number(await load.getAttribute("data-answered"));
  await expect.poll(answered).toBeGreaterThan(5);

  // It loops and is killed, and who is called beside it notices nothing.
  const [looping] = page.workers();
  const ended = looping?.waitForEvent("close");
  await deed("/loop").getByRole("button", { name: "Call", exact: true }).click();
  await expect(deed("/loop").locator("output")).toContainText("504");
  await ended;
  await expect(hostile.getByTestId("deadline")).toHaveText("1");

  // Another version takes its place under load.
  await page.getByTestId("file").setInputFiles(packed("1.1.0"));
  await expect(page.getByRole("dialog")).toContainText("Put hello 1.1.0 in the place of 1.0.0?");
  await grant(page, "Grant and add").click();
  await expect(hello.getByRole("heading", { level: 2 })).toContainText("1.1.0");
  const before = await answered();
  await expect.poll(answered).toBeGreaterThan(before + 20);
  await hello.getByRole("button", { name: "Stop calling" }).click();
  await expect(load).toHaveText(/^\d+ answered, 0 failed$/);

  // What is no package says so, and changes nothing.
  await page.getByTestId("file").setInputFiles({ ...packed("1.2.0"), buffer: Buffer.from("hello") });
  await expect(page.getByTestId("refusal")).toContainText("it is no package");

  await context.setOffline(true);
  await hello.getByRole("button", { name: "Call", exact: true }).click();
  await expect(hello.locator("pre")).toHaveText("Hello, you!");
  await context.setOffline(false);

  // It is kept.
  await page.reload();
  await expect(card(page, "hello").getByRole("heading", { level: 2 })).toContainText("1.1.0");
  await card(page, "hostile").getByRole("button", { name: "Take away" }).click();
  await expect(card(page, "hostile")).toHaveCount(0);
});

test("a web server of Wasm serves a page in its tab, calls a package, meets the same one in Node, and is ended when it loops", async ({
  page,
}) => {
  await page.goto(demo.url);
  await page.getByRole("link", { name: "a web server of Wasm" }).click();
  const answered = page.getByTestId("answered");
  const write = async (text: string, to: string) => {
    await page.getByLabel("Note").fill(text);
    await page.getByLabel("To").selectOption(to);
    await page.getByRole("button", { name: "POST /notes" }).click();
  };
  await write("in this tab", "book-1");
  await expect(answered).toContainText("book-1 answered 201");
  await expect(answered).toContainText("Hello, Ada!");
  const book = page.frameLocator("iframe");
  await expect(book.locator("li")).toContainText(["Ada: in this tab"]);

  await write("over in Node", "book-on-node");
  await expect(answered).toContainText("book-on-node answered 201");
  await expect(book.locator("li")).toContainText(["Ada: over in Node", "Ada: in this tab"]);

  await page.getByRole("button", { name: "Make it loop" }).click();
  await expect(answered).toContainText("book-1 answered 504");
  await write("and on it goes", "book-1");
  await expect(book.locator("li")).toHaveCount(3);
  if (process.env.SCREENSHOT) await page.screenshot({ path: process.env.SCREENSHOT });
});

test("what is found in a photograph is marked in it", async ({ page }) => {
  await page.goto(`${demo.url}/packages/`);
  await page.getByRole("button", { name: "detect" }).click();
  await grant(page, "Grant and add").click();
  const detect = card(page, "detect");
  const photograph = "../../capabilities/detect/pictures/photographs/collins.jpg";
  await detect.getByLabel("or a file").setInputFiles(resolve(import.meta.dirname, photograph));
  await detect.getByRole("button", { name: "Call", exact: true }).click();
  const marked = detect.getByTestId("marked");
  await expect(marked.getByText("face", { exact: true })).toHaveCount(1, { timeout: 20_000 });
  await expect(marked.locator("image")).toHaveAttribute("width", "400");
});
