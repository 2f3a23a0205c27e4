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

interface Load {
  readonly acknowledged: Record<"write" | "invoke" | "publish" | "plain publish" | "plain etag", string[]>;
  readonly failed: string[];
  broken: number;
  stop: boolean;
}

interface Seen {
  /** How often the app was asked, by what it was sent. */
  readonly invoked: Map<string, number>;
  /** Ids of the envelopes that brought the same data. */
  readonly events: Map<string, Set<string>>;
}

test("a worker that is stopped at random loses nothing and does nothing twice", async ({
  page,
  context,
  site,
}) => {
  test.setTimeout(300_000);
  const stops = Number(process.env.DAPRLET_STOPS ?? (process.env.CI === "true" ? 120 : 40));
  await open(page, site.url, { appId: "load" });
  const other = await context.newPage();
  await open(other, site.url, { appId: "counter" });
  await other.evaluate(() => {
    const seen: Seen = { invoked: new Map(), events: new Map() };
    Object.assign(window, { seen });
    return window.daprlet.serve({
      appId: "counter",
      subscriptions: [{ pubsubname: "pubsub", topic: "load", route: "/events" }],
      fetch: async (request) => {
        if (new URL(request.url).pathname === "/events") {
          const { id, data } = (await request.json()) as { id: string; data: string };
          seen.events.set(data, (seen.events.get(data) ?? new Set()).add(id));
          return new Response(null);
        }
        const sent = await request.text();
        seen.invoked.set(sent, (seen.invoked.get(sent) ?? 0) + 1);
        return new Response(sent);
      },
    });
  });
  const kill = await workerKiller(context, page);
  const running = page.evaluate(async () => {
    const load: Load = {
      acknowledged: { write: [], invoke: [], publish: [], "plain publish": [], "plain etag": [] },
      failed: [],
      broken: 0,
      stop: false,
    };
    Object.assign(window, { load });
    const frame = document.createElement("iframe");
    frame.srcdoc = "<p>";
    document.body.append(frame);
    await new Promise((loaded) => frame.addEventListener("load", loaded));
    const plain = (frame.contentWindow as Window & typeof globalThis).fetch;
    const lane = async (
      kind: keyof Load["acknowledged"],
      number: number,
      send: (id: string) => Promise<{ ok: boolean; answer: Response }>,
    ) => {
      for (let i = 0; !load.stop; i++) {
        const id = `${kind[0]}${number}-${i}`;
        const sent = await send(id).catch((error: unknown) => String(error));
        if (typeof sent === "string") {
          // A plain fetch whose answer was under way when the worker was stopped: the browser fails it.
          if (kind.startsWith("plain")) load.broken++;
          else load.failed.push(`${kind} ${id}: ${sent}`);
          continue;
        }
        const { ok, answer } = sent;
        if (ok) load.acknowledged[kind].push(id);
        else load.failed.push(`${kind} ${id}: ${answer.status} ${await answer.text()}`);
      }
    };
    const write = async (key: string) => {
      // With first-write a second effect of the same request would be a conflict.
      const body = JSON.stringify([{ key, value: key, options: { concurrency: "first-write" } }]);
      const answer = await fetch("/v1.0/state/statestore", { method: "POST", body });
      return { ok: answer.status === 204, answer };
    };
    const invoke = async (id: string) => {
      const answer = await fetch("/v1.0/invoke/counter/method/count", { method: "POST", body: id });
      return { ok: answer.status === 200 && (await answer.clone().text()) === id, answer };
    };
    const publish = (by: typeof fetch) => async (id: string) => {
      const answer = await by("/v1.0/publish/pubsub/load", { method: "POST", body: id });
      return { ok: answer.status === 204, answer };
    };
    let etag: string | undefined;
    let seenBroken = 0;
    const plainEtag = async (value: string) => {
      if (load.broken > seenBroken) {
        // What the broken call has done is not known: it is read, as any client would.
        const now = await plain("/v1.0/state/statestore/chain");
        etag = now.headers.get("etag") ?? undefined;
        seenBroken = load.broken;
      }
      const options = { concurrency: "first-write" };
      const body = JSON.stringify([
        { key: "chain", value, options, ...(etag === undefined ? {} : { etag }) },
      ]);
      const answer = await plain("/v1.0/state/statestore", { method: "POST", body });
      const now = await plain("/v1.0/state/statestore/chain");
      etag = now.headers.get("etag") ?? undefined;
      return { ok: answer.status === 204 && (await now.json()) === value, answer };
    };
    await Promise.all([
      ...[0, 1, 2].map((n) => lane("write", n, write)),
      ...[0, 1, 2].map((n) => lane("invoke", n, invoke)),
      ...[0, 1].map((n) => lane("publish", n, publish(fetch))),
      lane("plain publish", 9, publish(plain)),
      lane("plain etag", 0, plainEtag),
    ]);
    const lost: string[] = [];
    for (const key of load.acknowledged.write) {
      if ((await (await fetch(`/v1.0/state/statestore/${key}`)).text()) !== `"${key}"`) lost.push(key);
    }
    return { acknowledged: load.acknowledged, failed: load.failed, broken: load.broken, lost };
  });
  for (let i = 0; i < stops; i++) {
    await page.waitForTimeout(Math.random() * 400);
    await kill();
  }
  await page.waitForTimeout(500);
  await page.evaluate(() => Object.assign((window as unknown as { load: Load }).load, { stop: true }));
  const { acknowledged, failed, broken, lost } = await running;
  const looked = () =>
    other.evaluate(() => {
      const { invoked, events } = (window as unknown as { seen: Seen }).seen;
      return { invoked: [...invoked], events: [...events].map(([data, ids]) => [data, ids.size] as const) };
    });
  const published = [...acknowledged.publish, ...acknowledged["plain publish"]];
  await expect
    .poll(async () => new Set((await looked()).events.map(([data]) => data)).size, { timeout: 30_000 })
    .toBeGreaterThanOrEqual(published.length);
  const { invoked, events } = await looked();
  const doubled = events.filter(([, ids]) => ids > 1).map(([data]) => data);
  const plainDoubles = doubled.filter((data) => data.startsWith("p9-"));
  const counts = Object.entries(acknowledged).map(([kind, ids]) => `${ids.length} ${kind}`);
  console.log(
    `${stops} stops; acknowledged: ${counts.join(", ")}; plain fetches: ${plainDoubles.length} events doubled, ${broken} calls broken by the browser`,
  );
  expect(failed).toEqual([]);
  expect(lost).toEqual([]);
  expect(invoked.filter(([, times]) => times > 1)).toEqual([]);
  const called = new Set(invoked.map(([id]) => id));
  expect(acknowledged.invoke.filter((id) => !called.has(id))).toEqual([]);
  const arrived = new Set(events.map(([data]) => data));
  expect(published.filter((id) => !arrived.has(id))).toEqual([]);
  expect(doubled.filter((data) => !data.startsWith("p9-"))).toEqual([]);
  for (const ids of Object.values(acknowledged)) expect(ids.length).toBeGreaterThan(stops / 4);
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
    // A navigation outside the scope is none of the worker's: the client leads it below.
    for (const path of ["v1.0/metadata", "/v1.0/metadata", "http://localhost:3500/v1.0/metadata"]) {
      await page.evaluate((href) => {
        document.body.innerHTML = `<a href="${href}" target="shown">go</a><iframe name="shown"></iframe>`;
      }, path);
      await page.click("a");
      await expect(page.frameLocator("iframe").locator("body")).toContainText('"id":"sub"');
    }
    expect(site.reached).toEqual([]);
    await page.goto(`${site.url}v1.0/state/statestore/k`);
    await expect(page.locator("body")).toHaveText("1");
  } finally {
    await site.stop();
  }
});
