import { call, expect, open, test, workerKiller } from "./fixtures.ts";

/** Secrets, configuration and locks of a page, across its worker's end and its other tabs. */

const components = [
  { name: "azurekeyvault", type: "secretstores.vault" },
  { name: "settings", type: "configuration.indexeddb" },
  { name: "locks", type: "lock.indexeddb" },
];

const post = (body: object) => ({
  method: "POST",
  headers: { "content-type": "application/json" },
  body: JSON.stringify(body),
});

test("a lock is held when the worker that took it has died, for other tabs too, and is its owner's to release", async ({
  page,
  context,
  site,
}) => {
  await open(page, site.url, { appId: "a", components });
  const other = await context.newPage();
  await open(other, site.url, { appId: "a", components });
  const kill = await workerKiller(context, page);
  const lock = (tab: typeof page, lockOwner: string, expiryInSeconds: number) =>
    call(tab, "/v1.0-alpha1/lock/locks", post({ resourceId: "r", lockOwner, expiryInSeconds }));
  expect((await lock(page, "first", 60)).body).toBe('{"success":true}');
  await kill();
  expect((await lock(other, "second", 60)).body).toBe('{"success":false}');
  const unlock = (lockOwner: string) =>
    call(other, "/v1.0-alpha1/unlock/locks", post({ resourceId: "r", lockOwner }));
  expect((await unlock("second")).body).toBe('{"status":2}');
  expect((await unlock("first")).body).toBe('{"status":0}');
  expect((await lock(other, "second", 1)).body).toBe('{"success":true}');
  await kill();
  // Nobody is left who could release it: its time does.
  await expect.poll(async () => (await lock(page, "third", 60)).body).toBe('{"success":true}');
});

test("a subscription to configuration goes on under its id when the worker was stopped", async ({
  page,
  context,
  site,
}) => {
  await open(page, site.url, { appId: "a", components });
  await page.evaluate(async () => {
    const told: string[] = [];
    const state = { told, hangs: false };
    Object.assign(window, { state });
    await window.daprlet.serve({
      appId: "a",
      fetch: async (request) => {
        const { pathname } = new URL(request.url);
        if (pathname.startsWith("/configuration/")) told.push(`${pathname} ${await request.text()}`);
        if (state.hangs) await new Promise(() => undefined);
        return new Response();
      },
    });
  });
  const { id } = JSON.parse((await call(page, "/v1.0/configuration/settings/subscribe?key=k")).body) as {
    id: string;
  };
  const told = () => page.evaluate(() => (window as unknown as { state: { told: string[] } }).state.told);
  const hang = (hangs: boolean) =>
    page.evaluate(
      (value) => Object.assign((window as unknown as { state: object }).state, { hangs: value }),
      hangs,
    );
  const expected = (value: string, version: string) =>
    `/configuration/settings/k {"id":"${id}","items":{"k":{"value":"${value}","version":"${version}"}}}`;
  const set = (value: string) => call(page, "/v1.0/configuration/settings", post([{ key: "k", value }]));
  expect((await set("1")).status).toBe(204);
  await expect.poll(told).toEqual([expected("1", "1")]);
  const kill = await workerKiller(context, page);
  await kill();
  expect((await set("2")).status).toBe(204);
  await expect.poll(told).toEqual([expected("1", "1"), expected("2", "2")]);
  // Killed while the app has an update in hand: it is told again.
  await hang(true);
  expect((await set("3")).status).toBe(204);
  await expect.poll(async () => (await told()).length).toBe(3);
  await kill();
  await hang(false);
  await call(page, "/v1.0/metadata");
  await expect.poll(async () => (await told()).slice(2)).toEqual([expected("3", "3"), expected("3", "3")]);
  await kill();
  const ended = await call(page, `/v1.0/configuration/settings/${id}/unsubscribe`);
  expect([ended.status, ended.body]).toEqual([200, '{"ok":true}']);
  await kill();
  await set("4");
  expect((await call(page, `/v1.0/configuration/settings/${id}/unsubscribe`)).status).toBe(500);
  expect(await told()).toHaveLength(4);
});

const yaml = `apiVersion: dapr.io/v1alpha1
kind: Component
metadata:
  name: azurekeyvault
spec:
  type: secretstores.vault
---
apiVersion: dapr.io/v1alpha1
kind: Component
metadata:
  name: statestore
spec:
  type: state.indexeddb
  metadata:
  - name: primaryEncryptionKey
    secretKeyRef:
      name: stateKey
auth:
  secretStore: azurekeyvault
`;

test("the book's secrets in a page: sealed by the page, read by the app and by a component, told by nothing else (T45)", async ({
  page,
  context,
  site,
}) => {
  const said: string[] = [];
  page.on("console", (message) => said.push(message.text()));
  const stateKey = "5eaf00d".repeat(9).slice(0, 32);
  await open(page, site.url, { appId: "a", components });
  await page.evaluate(async (key) => {
    const { registered } = window as unknown as {
      registered: Awaited<ReturnType<typeof window.daprlet.register>>;
    };
    await registered.sealSecret("azurekeyvault", "redisPassword", "c0rrect-h0rse");
    await registered.sealSecret("azurekeyvault", "stateKey", key);
    await registered.sealSecret("azurekeyvault", "db", { user: "u", password: "p" });
  }, stateKey);
  const kill = await workerKiller(context, page);
  await kill();
  const secret = (path: string, init = {}) => call(page, `/v1.0/secrets/azurekeyvault/${path}`, init);
  expect(await secret("redisPassword")).toMatchObject({
    status: 200,
    body: '{"redisPassword":"c0rrect-h0rse"}',
  });
  expect((await secret("db")).body).toBe('{"user":"u","password":"p"}');
  const missing = await secret("nothing");
  expect([missing.status, JSON.parse(missing.body).errorCode]).toEqual([500, "ERR_SECRET_GET"]);
  const bulk = await secret("bulk");
  expect([bulk.status, JSON.parse(bulk.body).errorCode]).toEqual([403, "ERR_PERMISSION_DENIED"]);
  for (const method of ["POST", "PUT"])
    expect((await secret("redisPassword", { method, body: "{}" })).status).toBe(404);

  await open(page, site.url, { appId: "a", components: yaml });
  expect((await call(page, "/v1.0/state/statestore", post([{ key: "k", value: "kept" }]))).status).toBe(204);
  expect((await call(page, "/v1.0/state/statestore/k")).body).toBe('"kept"');
  const refused = await page.evaluate(async () => {
    const { registered } = window as unknown as {
      registered: Awaited<ReturnType<typeof window.daprlet.register>>;
    };
    return await registered.sealSecret("statestore", "x", "y").then(
      () => "",
      (error: Error) => error.message,
    );
  });
  expect(refused).toContain("statestore is no secretstores.vault of this app");

  const told = [
    ...said,
    missing.body,
    bulk.body,
    (await call(page, "/v1.0/metadata")).body,
    // What is kept on the disk, of every database of the site.
    await page.evaluate(async () => {
      const { registered } = window as unknown as {
        registered: Awaited<ReturnType<typeof window.daprlet.register>>;
      };
      const texts = [await (await registered.exportState()).text()];
      for (const { name } of await indexedDB.databases()) {
        const database = await new Promise<IDBDatabase>((resolve) => {
          const request = indexedDB.open(name as string);
          request.onsuccess = () => resolve(request.result);
        });
        for (const store of database.objectStoreNames) {
          const all = await new Promise<unknown[]>((resolve) => {
            const request = database.transaction(store).objectStore(store).getAll();
            request.onsuccess = () => resolve(request.result);
          });
          const decoder = new TextDecoder();
          const readable = (_: string, value: unknown) =>
            value instanceof Uint8Array ? decoder.decode(value) : value instanceof Map ? [...value] : value;
          texts.push(JSON.stringify(all, readable));
        }
        database.close();
      }
      return texts.join("\n");
    }),
  ].join("\n");
  expect(told).toContain("azurekeyvault");
  for (const value of ["c0rrect-h0rse", stateKey, "kept"]) expect(told).not.toContain(value);
});
