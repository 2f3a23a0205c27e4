import type { Page } from "playwright/test";
import { WebSocketServer } from "ws";
import { test as base, expect, type Site, workerKiller } from "./fixtures.ts";
import { bundle } from "./storage/bundle.ts";
import type { RelayPage } from "./storage/relay-page.ts";

declare global {
  var relay: RelayPage;
}

const test = base.extend<{ echo: { readonly url: string; readonly clients: () => number } }>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the parameter's pattern.
  echo: async ({}, use) => {
    const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
    server.on("connection", (socket) => socket.on("message", (data) => socket.send(`echo ${data}`)));
    await new Promise((listening) => server.once("listening", listening));
    const { port } = server.address() as { port: number };
    await use({ url: `ws://127.0.0.1:${port}`, clients: () => server.clients.size });
    for (const client of server.clients) client.terminate();
    await new Promise((closed) => server.close(closed));
  },
});

async function visit(page: Page, site: Site): Promise<void> {
  await page.goto(`${site.url}relay.html`);
  await page.waitForFunction(() => globalThis.relay !== undefined);
}

const heard = (page: Page) => page.evaluate(() => globalThis.relay.heard);
const ports = (page: Page) => page.evaluate(() => globalThis.relay.ports);
const say = (page: Page, text: string, url: string) =>
  page.evaluate(([words, to]) => globalThis.relay.say(words as string, to as string), [text, url]);

test.beforeEach(async ({ site }) => {
  site.files.set("relay.html", `<!doctype html><meta charset="utf-8"><script src="relay-page.js"></script>`);
  site.files.set("relay-page.js", await bundle("relay-page.ts"));
  site.files.set("relay-worker.js", await bundle("relay-worker.ts"));
});

test("a service worker talks through the socket of an elected page, and of the next when that closes", async ({
  context,
  site,
  echo,
}) => {
  const [first, second] = [await context.newPage(), await context.newPage()];
  await visit(first, site);
  await expect.poll(() => ports(first)).toBe(1);
  await visit(second, site);
  await say(second, "one", echo.url);
  await expect.poll(() => heard(second)).toEqual(["echo one"]);
  expect(await ports(second)).toBe(0);
  expect(echo.clients()).toBe(1);

  await first.close();
  await expect.poll(() => ports(second)).toBe(1);
  await expect
    .poll(() => heard(second))
    .toEqual(["echo one", "closed 1006 another page holds the connection now"]);
  await say(second, "two", echo.url);
  await expect.poll(async () => (await heard(second)).at(-1)).toBe("echo two");
  await expect.poll(() => echo.clients()).toBe(1);
});

test("a restarted service worker is brought a new port, and the sockets of the old one are closed", async ({
  context,
  page,
  site,
  echo,
}) => {
  await visit(page, site);
  await say(page, "one", echo.url);
  await expect.poll(() => heard(page)).toEqual(["echo one"]);
  const kill = await workerKiller(context, page);
  await kill();
  // As the client does when the new worker wants a socket.
  await page.evaluate(() => globalThis.relay.holder.offer());
  await say(page, "two", echo.url);
  await expect.poll(async () => (await heard(page)).at(-1)).toBe("echo two");
  await expect.poll(() => echo.clients()).toBe(1);
});

test("without a page that offers, a socket ends with a reason", { tag: "@waits" }, async ({
  page,
  site,
  echo,
}) => {
  await visit(page, site);
  await page.evaluate(() => globalThis.relay.holder.close());
  await say(page, "nobody", `${echo.url}`);
  await expect
    .poll(async () => (await heard(page)).at(-1), { timeout: 40_000 })
    .toMatch(/^closed 1006 .*(no page of this site|is gone)/);
});
