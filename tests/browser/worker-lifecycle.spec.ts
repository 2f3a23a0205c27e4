import { call, expect, open, Site, test, workerKiller } from "./fixtures.ts";

const components = [
  { name: "statestore", type: "state.indexeddb" },
  { name: "pubsub", type: "pubsub.in-memory" },
];

test("reload and hard reload: the page is answered again, and its app is called again", async ({
  page,
  context,
  site,
}) => {
  await open(page, site.url, { appId: "a", components });
  const other = await context.newPage();
  await open(other, site.url, { appId: "b", components });
  const session = await context.newCDPSession(page);
  for (const ignoreCache of [false, true]) {
    await Promise.all([page.waitForEvent("load"), session.send("Page.reload", { ignoreCache })]);
    await page.waitForFunction(() => window.daprlet !== undefined);
    const door = await page.evaluate(async () => {
      await window.daprlet.serve({ appId: "a", fetch: () => new Response("again") });
      return { controlled: navigator.serviceWorker.controller !== null };
    });
    expect(door).toEqual({ controlled: true });
    expect(await call(other, "/v1.0/invoke/a/method/x")).toMatchObject({ status: 200, body: "again" });
  }
  expect(site.reached).toEqual([]);
});

test("tabs of one app share its calls evenly, and one that closes or sleeps is passed over", async ({
  page,
  context,
  site,
}) => {
  await open(page, site.url, { appId: "caller", components });
  const tabs = [];
  for (const name of ["one", "two", "three"]) {
    const tab = await context.newPage();
    await open(tab, site.url, { appId: "shared", components });
    await tab.evaluate(
      (answer) => window.daprlet.serve({ appId: "shared", fetch: () => new Response(answer) }),
      name,
    );
    tabs.push(tab);
  }
  const names = () =>
    page.evaluate(async () => {
      const counts: Record<string, number> = {};
      for (let i = 0; i < 30; i++) {
        const answer = await (await fetch("/v1.0/invoke/shared/method/who")).text();
        counts[answer] = (counts[answer] ?? 0) + 1;
      }
      return counts;
    });
  expect(await names()).toEqual({ one: 10, two: 10, three: 10 });
  await tabs[0]?.close();
  expect(await names()).toEqual({ two: 15, three: 15 });
  // A tab whose main thread is busy for long is like a frozen one.
  const busy = tabs[1]?.evaluate(() => {
    const end = Date.now() + 4000;
    while (Date.now() < end);
  });
  await page.waitForTimeout(200);
  const during = await names();
  expect(during.three).toBe(30);
  await busy;
  expect((await names()).two).toBe(15);
});

test("a worker that is stopped at random loses nothing and does nothing twice", async ({
  page,
  context,
  site,
}) => {
  test.setTimeout(180_000);
  const stops = Number(process.env.DAPRLET_STOPS ?? 25);
  await open(page, site.url, { appId: "load", components });
  const other = await context.newPage();
  await open(other, site.url, { appId: "counter", components });
  await other.evaluate(() => {
    const seen = new Map<string, number>();
    Object.assign(window, { seen });
    return window.daprlet.serve({
      appId: "counter",
      fetch: async (request) => {
        const id = await request.text();
        if (request.method !== "POST") return new Response(null, { status: 404 });
        seen.set(id, (seen.get(id) ?? 0) + 1);
        return new Response(id);
      },
    });
  });
  const kill = await workerKiller(context, page);
  const running = page.evaluate(() => {
    const state = {
      stop: false,
      done: 0,
      writes: new Map<string, string>(),
      invoked: [] as string[],
      failed: [] as string[],
    };
    Object.assign(window, { state });
    const write = async (lane: number) => {
      for (let i = 0; !state.stop; i++) {
        const key = `k${lane}-${i}`;
        // first-write: a second effect of the same request would be a conflict.
        const body = JSON.stringify([
          { key, value: `${lane}/${i}`, options: { concurrency: "first-write" } },
        ]);
        const response = await fetch("/v1.0/state/statestore", { method: "POST", body });
        if (response.status === 204) state.writes.set(key, `"${lane}/${i}"`);
        else state.failed.push(`write ${response.status} ${await response.text()}`);
        state.done++;
      }
    };
    const invoke = async (lane: number) => {
      for (let i = 0; !state.stop; i++) {
        const id = `i${lane}-${i}`;
        const response = await fetch("/v1.0/invoke/counter/method/count", { method: "POST", body: id });
        if (response.status === 200 && (await response.text()) === id) state.invoked.push(id);
        else state.failed.push(`invoke ${response.status} ${await response.text()}`);
        state.done++;
      }
    };
    return Promise.all([
      write(0),
      write(1),
      write(2),
      write(3),
      invoke(0),
      invoke(1),
      invoke(2),
      invoke(3),
    ]).then(async () => {
      const wrong: string[] = [];
      for (const [key, value] of state.writes) {
        const got = await (await fetch(`/v1.0/state/statestore/${key}`)).text();
        if (got !== value) wrong.push(`${key}: ${got}`);
      }
      return { wrong, failed: state.failed, writes: state.writes.size, invoked: state.invoked };
    });
  });
  for (let i = 0; i < stops; i++) {
    await page.waitForTimeout(Math.random() * 400);
    await kill();
  }
  await page.waitForTimeout(1000);
  await page.evaluate(() => Object.assign((window as unknown as { state: object }).state, { stop: true }));
  const result = await running;
  const seen = await other.evaluate(() => [...(window as unknown as { seen: Map<string, number> }).seen]);
  console.log(
    `${stops} stops: ${result.writes} writes and ${result.invoked.length} invocations acknowledged, ${seen.length} seen by the app`,
  );
  expect(result.failed).toEqual([]);
  expect(result.wrong).toEqual([]);
  expect(seen.filter(([, times]) => times !== 1)).toEqual([]);
  expect(result.invoked.filter((id) => !seen.some(([known]) => known === id))).toEqual([]);
  expect(result.writes).toBeGreaterThan(stops);
  expect(result.invoked.length).toBeGreaterThan(stops);
  expect(site.reached).toEqual([]);
});

test("plain fetches in flight are dispatched again and answered", async ({ page, context, site }) => {
  await open(page, site.url, { appId: "plain", components });
  const kill = await workerKiller(context, page);
  await page.evaluate(() => {
    const frame = document.createElement("iframe");
    frame.srcdoc = "<p>";
    document.body.append(frame);
    return new Promise((loaded) => frame.addEventListener("load", loaded));
  });
  const answers = page.evaluate(async () => {
    const frame = document.querySelector("iframe") as HTMLIFrameElement;
    const plain = (frame.contentWindow as Window & typeof globalThis).fetch;
    const statuses: Record<string, number> = {};
    for (let i = 0; i < 60; i++) {
      const body = JSON.stringify([{ key: `p${i}`, value: i }]);
      const { status } = await plain("/v1.0/state/statestore", { method: "POST", body });
      statuses[status] = (statuses[status] ?? 0) + 1;
    }
    return statuses;
  });
  for (let i = 0; i < 5; i++) {
    await page.waitForTimeout(100);
    await kill();
  }
  expect(await answers).toEqual({ 204: 60 });
  expect(site.reached).toEqual([]);
});

test("a site below a path has the API below it too, and at the root", async ({ page }) => {
  const site = await Site.start("/repo/demo/");
  try {
    await open(page, site.url, { appId: "sub", components });
    await call(page, "v1.0/state/statestore", { method: "POST", body: '[{"key":"k","value":1}]' });
    for (const path of [
      "v1.0/state/statestore/k",
      "/repo/demo/v1.0/state/statestore/k",
      "/v1.0/state/statestore/k",
    ]) {
      expect(await call(page, path)).toMatchObject({ status: 200, body: "1" });
    }
    expect(site.reached).toEqual([]);
  } finally {
    await site.stop();
  }
});
