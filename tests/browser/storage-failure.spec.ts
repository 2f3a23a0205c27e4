import type { Page } from "playwright/test";
import { call, expect, open, test } from "./fixtures.ts";

const put = (page: Page, key: string, value: string) =>
  call(page, "/v1.0/state/statestore", {
    method: "POST",
    body: JSON.stringify([{ key, value }]),
  });
const get = (page: Page, key: string) => call(page, `/v1.0/state/statestore/${key}`);

test("a full disk is an error that says so, never an acknowledgement, and passes when there is room", async ({
  page,
  context,
  site,
}) => {
  test.setTimeout(120_000);
  const { origin } = new URL(site.url);
  const session = await context.newCDPSession(page);
  // Before the first write: chromium goes by an older answer for a while.
  await session.send("Storage.overrideQuotaForOrigin", { origin, quotaSize: 5_000_000 });
  const components = [
    { name: "statestore", type: "state.indexeddb" },
    { name: "audio", type: "state.opfs" },
    { name: "pubsub", type: "pubsub.browser" },
  ];
  await open(page, site.url, { appId: "a", components });
  expect((await put(page, "kept", "before")).status).toBe(204);
  // Not compressible, so that it takes its room.
  const large = await page.evaluate(() =>
    Array.from({ length: 16 }, () =>
      Array.from(crypto.getRandomValues(new Uint8Array(32_768)), (byte) => byte.toString(36)).join(""),
    ).join(""),
  );
  const written: string[] = [];
  let refusal = await put(page, "large-0", large);
  for (let i = 1; refusal.status === 204 && i < 40; i++) {
    written.push(`large-${i - 1}`);
    refusal = await put(page, `large-${i}`, large);
  }
  expect(refusal.status).toBe(500);
  expect(JSON.parse(refusal.body)).toMatchObject({
    errorCode: "ERR_STATE_SAVE",
    message: expect.stringContaining("quota"),
  });
  const sound = { method: "POST", body: JSON.stringify([{ key: "sound", value: large }]) };
  const unheard = await call(page, "/v1.0/state/audio", sound);
  expect([unheard.status, JSON.parse(unheard.body).message]).toEqual([500, expect.stringContaining("quota")]);
  expect((await call(page, "/v1.0/state/audio/sound")).status).toBe(204);
  const published = await call(page, "/v1.0/publish/pubsub/t", { method: "POST", body: large });
  expect(published.status).toBe(500);
  expect(published.body).toContain("quota");
  for (const key of written) expect((await get(page, key)).body.length).toBe(large.length + 2);
  expect((await get(page, `large-${written.length}`)).status).toBe(204);
  expect((await get(page, "kept")).body).toBe('"before"');

  await session.send("Storage.overrideQuotaForOrigin", { origin });
  await expect.poll(async () => (await put(page, "large", large)).status, { timeout: 60_000 }).toBe(204);
  expect((await get(page, "large")).body.length).toBe(large.length + 2);
  expect((await call(page, "/v1.0/state/audio", sound)).status).toBe(204);
  expect((await call(page, "/v1.0/state/audio/sound")).body.length).toBe(large.length + 2);
});

test("when the browser throws the databases away, the store begins anew and goes on", async ({
  page,
  context,
  site,
}) => {
  await open(page, site.url, { appId: "a" });
  expect((await put(page, "k", "1")).status).toBe(204);
  const session = await context.newCDPSession(page);
  const { origin } = new URL(site.url);
  await session.send("Storage.clearDataForOrigin", { origin, storageTypes: "indexeddb" });
  expect((await get(page, "k")).status).toBe(204);
  expect((await put(page, "k", "2")).status).toBe(204);
  expect((await get(page, "k")).body).toBe('"2"');
});

test("the worker gives way to an upgrade by newer code, and says what to do", async ({ page, site }) => {
  await open(page, site.url, { appId: "a" });
  expect((await put(page, "k", "1")).status).toBe(204);
  const upgraded = await page.evaluate(
    () =>
      new Promise<string>((resolve) => {
        // Of whatever version comes after all that this one knows.
        const request = indexedDB.open("daprlet:/:state:statestore", 1_000);
        request.onblocked = () => resolve("blocked");
        request.onerror = () => resolve("failed");
        request.onsuccess = () => {
          request.result.close();
          resolve("upgraded");
        };
      }),
  );
  expect(upgraded).toBe("upgraded");
  const refused = await put(page, "k", "2");
  expect(refused.status).toBe(500);
  expect(refused.body).toContain("a newer daprlet has upgraded the database; reload this page");
  expect((await get(page, "k")).status).toBe(500);
});

test("where the browser denies storage, memory takes its place, and that is said", async ({
  browser,
  site,
}) => {
  const context = await browser.newContext({ serviceWorkers: "block" });
  const page = await context.newPage();
  await page.addInitScript(() => {
    Reflect.deleteProperty(Navigator.prototype, "serviceWorker");
    const denied = () => {
      throw new DOMException("denied", "SecurityError");
    };
    for (const name of ["open", "deleteDatabase", "databases"]) {
      Object.defineProperty(IDBFactory.prototype, name, { value: denied });
    }
  });
  const registered = await open(page, site.url, { appId: "a" });
  expect(registered).toMatchObject({ door: "page", storage: "memory" });
  expect(registered.note).toContain("kept in memory and end with it");
  expect((await put(page, "k", "1")).status).toBe(204);
  expect((await get(page, "k")).body).toBe('"1"');
  const metadata = JSON.parse((await call(page, "/v1.0/metadata")).body);
  expect(metadata.components).toContainEqual(expect.objectContaining({ type: "state.in-memory" }));
  const refused = await page.evaluate(() =>
    (window as unknown as { registered: { exportState(): Promise<Blob> } }).registered
      .exportState()
      .then(() => "exported", String),
  );
  expect(refused).toContain("cannot be exported");
  await context.close();
});
