/** The bindings that need a user, in Firefox: what it lets them do, and what it says where it wants more. */
import type { Browser, Page } from "puppeteer-core";
import { launchFirefox, withoutFirefox } from "./firefox-esr.ts";
import { expect, Site, test } from "./fixtures.ts";

test.skip(withoutFirefox !== undefined, withoutFirefox ?? "");

/** How long a click counts, in milliseconds; the browser's own is 5 s. */
const activationMs = 300;
let browser: Browser;
let site: Site;
let page: Page;

test.beforeAll(async () => {
  test.setTimeout(120_000);
  site = await Site.start();
  browser = await launchFirefox({
    "dom.user_activation.transient.timeout": activationMs,
    // Puppeteer lets scripts at the clipboard as no user's browser does.
    "dom.events.testing.asyncClipboard": false,
  });
  page = await browser.newPage();
  await page.goto(site.url);
  await page.waitForFunction(() => window.daprlet !== undefined);
  const components = ["broadcastchannel", "notification", "clipboard", "filepicker"].map((name) => ({
    name,
    type: `bindings.${name}`,
    metadata: { ...(name === "broadcastchannel" && { channel: "site" }), route: `/on/${name}` },
  }));
  await page.evaluate(async (given) => {
    await window.daprlet.register({ appId: "fox", components: given });
    document.body.append(document.createElement("button"));
    const binding = async (name: string, body: unknown) => {
      const response = await fetch(`/v1.0/bindings/${name}`, { method: "POST", body: JSON.stringify(body) });
      return [response.status, await response.text()];
    };
    Object.assign(window, { binding });
  }, components);
  await page.bringToFront();
});

test.afterAll(async () => {
  await browser?.close();
  await site?.stop();
});

type Answer = [status: number, text: string];
const invocation = (name: string, body: unknown) =>
  `window.binding(${JSON.stringify(name)}, ${JSON.stringify(body)})`;

/** By a script, when no click counts any more. */
const invoke = async (name: string, body: unknown) =>
  (await page.evaluate(
    `new Promise((later) => setTimeout(later, ${activationMs * 2})).then(() => ${invocation(name, body)})`,
  )) as Answer;

/** In the handler of a click. */
async function click(name: string, body: unknown): Promise<Answer> {
  await page.evaluate(
    `document.querySelector("button").onclick = () => { window.clicked = ${invocation(name, body)}; }`,
  );
  await page.click("button");
  return (await page.evaluate("window.clicked")) as Answer;
}

test("Firefox: a channel speaks and hears", async () => {
  await page.evaluate(async () => {
    const seen: unknown[] = [];
    Object.assign(window, { seen });
    await window.daprlet.serve({
      appId: "fox",
      fetch: async (request) => {
        if (request.method === "POST") seen.push([new URL(request.url).pathname, await request.text()]);
        return new Response();
      },
    });
    const channel = new BroadcastChannel("site");
    channel.onmessage = ({ data }) => seen.push(["heard", JSON.stringify(data)]);
    channel.postMessage({ n: 1 });
  });
  const seen = () => page.evaluate("window.seen");
  await expect.poll(seen).toEqual([["/on/broadcastchannel", '{"n":1}']]);
  expect(await invoke("broadcastchannel", { operation: "create", data: { n: 2 } })).toEqual([204, ""]);
  await expect.poll(seen).toEqual([
    ["/on/broadcastchannel", '{"n":1}'],
    ["heard", '{"n":2}'],
  ]);
});

test("Firefox: the clipboard after a click, and else a sentence that asks for one", async () => {
  for (const operation of ["create", "get"]) {
    const [status, text] = await invoke("clipboard", { operation, data: "copied" });
    expect([status, text]).toEqual([500, expect.stringMatching(/activation.*a click before/)]);
  }
  expect(await click("clipboard", { operation: "create", data: "copied" })).toEqual([204, ""]);
  // What another site has copied is given only when the user presses the button that Firefox shows then.
  expect(await click("clipboard", { operation: "get" })).toEqual([200, '"copied"']);
});

test("Firefox: files after a click, and else a sentence that asks for one; one to keep at any time", async () => {
  const [status, text] = await invoke("filepicker", { operation: "get" });
  expect([status, text]).toEqual([500, expect.stringContaining("only right after a click or a key")]);
  const choosing = page.waitForFileChooser();
  const [cancelled, why] = await click("filepicker", { operation: "get" });
  await choosing;
  // The driver closes what it opens.
  expect([cancelled, why]).toEqual([500, expect.stringContaining("the user picked no file")]);
  await page.evaluate(() => {
    HTMLInputElement.prototype.click = function () {
      const picked = new DataTransfer();
      picked.items.add(new File(["hi"], "a.txt", { type: "text/plain" }));
      this.files = picked.files;
      this.dispatchEvent(new Event("change"));
    };
  });
  const [found, files] = await click("filepicker", { operation: "get" });
  expect([found, JSON.parse(files)]).toEqual([200, [{ name: "a.txt", type: "text/plain", data: "aGk=" }]]);
  expect(await invoke("filepicker", { operation: "create", data: "kept" })).toEqual([204, ""]);
});

test("Firefox: a notification needs the user's leave, and a desktop that takes it", async () => {
  const notify = { operation: "create", data: { title: "Order 7" } };
  const [refused, ask] = await invoke("notification", notify);
  expect([refused, ask]).toEqual([500, expect.stringContaining("Notification.requestPermission()")]);
  await browser.defaultBrowserContext().overridePermissions(site.origin, ["notifications"]);
  const [status, text] = await invoke("notification", notify);
  // Headless, there may be no desktop.
  if (status === 500) expect(text).toContain("could not show it");
  else expect([status, text]).toEqual([204, ""]);
});
