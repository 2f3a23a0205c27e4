import { expect, open, test } from "./fixtures.ts";

declare global {
  interface Window {
    seen: [path: string, body: string][];
  }
}

const components = ["broadcastchannel", "notification", "clipboard", "filepicker"].map((name) => ({
  name,
  type: `bindings.${name}`,
  metadata: { ...(name === "broadcastchannel" && { channel: "site" }), route: `/on/${name}` },
}));

/** An app that takes events and remembers them, in this page. */
const served = `(async () => {
  window.seen = [];
  await window.daprlet.serve({ appId: "devices", fetch: async (request) => {
    if (request.method !== "POST") return new Response();
    window.seen.push([new URL(request.url).pathname, await request.text()]);
    return new Response();
  } });
})()`;

/** One call of a binding in the page; answers status and body. */
const call = `window.binding = async (name, body) => {
  const response = await fetch("/v1.0/bindings/" + name, { method: "POST", body: JSON.stringify(body) });
  return [response.status, await response.text()];
}`;

const kinds = [
  ["in the worker", "worker"],
  ["in page mode", "page"],
] as const;
for (const [where, door] of kinds) {
  test(`clipboard, files and a channel ${where}`, async ({ page, site, context }) => {
    await context.grantPermissions(["clipboard-read", "clipboard-write"]);
    if (door === "page") {
      await page.addInitScript(() => {
        delete (Navigator.prototype as { serviceWorker?: unknown }).serviceWorker;
      });
    }
    expect((await open(page, site.url, { appId: "devices", components })).door).toBe(door);
    await page.evaluate(served);
    await page.evaluate(call);
    const invoke = (name: string, body: unknown) =>
      page.evaluate(`window.binding(${JSON.stringify(name)}, ${JSON.stringify(body)})`);
    await page.bringToFront();

    expect(await invoke("clipboard", { operation: "create", data: "copied" })).toEqual([204, ""]);
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe("copied");
    expect(await invoke("clipboard", { operation: "get" })).toEqual([200, '"copied"']);

    await page.evaluate(() => {
      // Playwright's own calls count as a user's.
      Object.defineProperty(navigator, "userActivation", { value: { isActive: false }, configurable: true });
    });
    const [status, message] = (await invoke("filepicker", { operation: "get" })) as [number, string];
    expect([status, message]).toEqual([500, expect.stringContaining("only right after a click or a key")]);
    await page.evaluate(() => {
      Reflect.deleteProperty(navigator, "userActivation");
      const button = document.createElement("button");
      Object.assign(window, { picked: undefined });
      button.onclick = () =>
        Object.assign(window, {
          picked: (window as unknown as { binding(name: string, body: unknown): unknown }).binding(
            "filepicker",
            {
              operation: "get",
              metadata: { multiple: "true" },
            },
          ),
        });
      document.body.append(button);
    });
    const choosing = page.waitForEvent("filechooser");
    await page.click("button");
    await (await choosing).setFiles({ name: "a.txt", mimeType: "text/plain", buffer: Buffer.from("hi") });
    const [picked, files] = (await page.evaluate("window.picked")) as [number, string];
    expect([picked, JSON.parse(files)]).toEqual([200, [{ name: "a.txt", type: "text/plain", data: "aGk=" }]]);
    const downloading = page.waitForEvent("download");
    const save = { operation: "create", data: "kept", metadata: { fileName: "b.txt" } };
    expect(await invoke("filepicker", save)).toEqual([204, ""]);
    expect((await downloading).suggestedFilename()).toBe("b.txt");

    await page.evaluate(() => {
      const channel = new BroadcastChannel("site");
      channel.onmessage = ({ data }) => window.seen.push(["heard", JSON.stringify(data)]);
      channel.postMessage({ n: 1 });
    });
    await expect.poll(() => page.evaluate(() => window.seen)).toEqual([["/on/broadcastchannel", '{"n":1}']]);
    expect(await invoke("broadcastchannel", { operation: "create", data: { n: 2 } })).toEqual([204, ""]);
    await expect.poll(() => page.evaluate(() => window.seen.slice(1))).toEqual([["heard", '{"n":2}']]);
  });
}

test("a notification, and the click on it as an event", async ({ page, site, context }) => {
  await open(page, site.url, { appId: "devices", components });
  await page.evaluate(served);
  await page.evaluate(call);
  const notify = `window.binding("notification", { operation: "create", data: { title: "Order 7", body: "It is here", data: { id: 7 } } })`;
  const [refused, message] = (await page.evaluate(notify)) as [number, string];
  expect([refused, message]).toEqual([500, expect.stringContaining("Notification.requestPermission()")]);
  await context.grantPermissions(["notifications"]);
  expect(await page.evaluate(notify)).toEqual([204, ""]);
  const [worker] = context.serviceWorkers();
  const shown = await worker?.evaluate(async () => {
    const scope = self as unknown as ServiceWorkerGlobalScope;
    const [notification] = await scope.registration.getNotifications();
    if (notification === undefined) return undefined;
    scope.dispatchEvent(new NotificationEvent("notificationclick", { notification, action: "open" }));
    return [notification.title, notification.body];
  });
  expect(shown).toEqual(["Order 7", "It is here"]);
  await expect
    .poll(() => page.evaluate(() => window.seen.map(([path, body]) => [path, JSON.parse(body)])))
    .toEqual([["/on/notification", { title: "Order 7", action: "open", data: { id: 7 } }]]);
});
