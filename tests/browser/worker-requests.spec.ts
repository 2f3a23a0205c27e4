import { call, expect, open, test, workerKiller } from "./fixtures.ts";

test("a request made while the sidecar starts waits for it", async ({ page, site }) => {
  await page.goto(site.url);
  await page.waitForFunction(() => window.daprlet !== undefined);
  const answered = await page.evaluate(async () => {
    const registering = window.daprlet.register({ appId: "early" });
    const early = await fetch("/v1.0/healthz");
    await registering;
    return early.status;
  });
  expect(answered).toBe(204);
  expect(site.reached).toEqual([]);
});

test("components come as objects, as YAML and from a URL, and are kept for the app", async ({
  page,
  site,
}) => {
  const yaml = (name: string) =>
    `apiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata:\n  name: ${name}\nspec:\n  type: state.in-memory\n  version: v1\n`;
  site.files.set("components.yaml", `${yaml("fromurl")}---\n${yaml("second")}`);
  const loaded = async () => {
    const { components } = JSON.parse((await call(page, "/v1.0/metadata")).body);
    return components.map(({ name }: { name: string }) => name).sort();
  };
  await open(page, site.url, { appId: "given", components: [{ name: "object", type: "state.in-memory" }] });
  expect(await loaded()).toEqual(["object"]);
  await open(page, site.url, { appId: "given" });
  expect(await loaded()).toEqual(["object"]);
  await open(page, site.url, { appId: "given", components: yaml("text") });
  expect(await loaded()).toEqual(["text"]);
  await open(page, site.url, { appId: "given", components: "components.yaml" });
  expect(await loaded()).toEqual(["fromurl", "second"]);
  const failure = await page.evaluate((text) => {
    return window.daprlet.register({ appId: "given", components: text }).then(
      () => "registered",
      (error: Error) => error.message,
    );
  }, "kind: Component\nmetadata:\n  name: x\nspec:\n  version: v1\n");
  expect(failure).toMatch(/register\(\), document 1, line \d+: spec.type/);
  expect(await loaded()).toEqual(["fromurl", "second"]);
});

test("bodies stream both ways through the shim, and an abort reaches the app", async ({
  page,
  context,
  site,
}) => {
  await open(page, site.url, { appId: "caller" });
  const other = await context.newPage();
  await open(other, site.url, { appId: "streams" });
  await other.evaluate(() => {
    const told = { aborted: false };
    Object.assign(window, { told });
    return window.daprlet.serve({
      appId: "streams",
      subscriptions: [],
      fetch: async (request) => {
        const { pathname } = new URL(request.url);
        if (pathname === "/never") {
          request.signal.addEventListener("abort", () => Object.assign(told, { aborted: true }));
          return await new Promise<Response>(() => undefined);
        }
        if (pathname === "/echo") return new Response(request.body);
        const parts = ["one ", "two ", "three"];
        return new Response(
          new ReadableStream({
            async pull(controller) {
              const part = parts.shift();
              if (part === undefined) return controller.close();
              controller.enqueue(new TextEncoder().encode(part));
              await new Promise((later) => setTimeout(later, 120));
            },
          }),
        );
      },
    });
  });
  const results = await page.evaluate(async () => {
    const chunks: string[] = [];
    const response = await fetch("/v1.0/invoke/streams/method/parts");
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      chunks.push(new TextDecoder().decode(value));
    }
    const upload = new ReadableStream({
      async start(controller) {
        for (const part of ["up", "load", "ed"]) {
          controller.enqueue(new TextEncoder().encode(part));
          await new Promise((later) => setTimeout(later, 60));
        }
        controller.close();
      },
    });
    const init: RequestInit & { duplex: "half" } = { method: "POST", body: upload, duplex: "half" };
    const echoed = await (await fetch("/v1.0/invoke/streams/method/echo", init)).text();
    const big = new Uint8Array(3_000_000).fill(7);
    const back = await (
      await fetch("/v1.0/invoke/streams/method/echo", { method: "POST", body: big })
    ).arrayBuffer();
    const aborted = await fetch("/v1.0/invoke/streams/method/never", {
      signal: AbortSignal.timeout(300),
    }).then(
      () => "answered",
      (error: Error) => error.name,
    );
    return { chunks, echoed, big: back.byteLength, kept: big.byteLength, aborted };
  });
  expect(results.chunks.length).toBeGreaterThan(1);
  expect(results.chunks.join("")).toBe("one two three");
  expect(results).toMatchObject({
    echoed: "uploaded",
    big: 3_000_000,
    kept: 3_000_000,
    aborted: "TimeoutError",
  });
  await expect
    .poll(() => other.evaluate(() => (window as unknown as { told: { aborted: boolean } }).told.aborted))
    .toBe(true);
});

test("a stream that the stopped worker was sending fails, and does not hang", async ({
  page,
  context,
  site,
}) => {
  await open(page, site.url, { appId: "endless" });
  await page.evaluate(() =>
    window.daprlet.serve({
      appId: "endless",
      subscriptions: [],
      fetch: () => {
        const stream = new ReadableStream({
          start: (controller) => controller.enqueue(new TextEncoder().encode("data: first\n\n")),
        });
        return new Response(stream, { headers: { "content-type": "text/event-stream" } });
      },
    }),
  );
  await page.evaluate(async () => {
    const response = await fetch("/v1.0/invoke/endless/method/events");
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    await reader.read();
    const ended = reader.read().then(
      () => "ended",
      (error: Error) => `${error.name}: ${error.message}`,
    );
    Object.assign(window, { ended });
  });
  const kill = await workerKiller(context, page);
  await kill();
  expect(await page.evaluate(() => (window as unknown as { ended: Promise<string> }).ended)).toContain(
    "TypeError: the service worker was stopped",
  );
});

test("two apps of one page each have their own fetch, and redirects are followed as a browser does", async ({
  page,
  site,
}) => {
  await open(page, site.url, { appId: "one" });
  const answers = await page.evaluate(async () => {
    const one = (window as unknown as { registered: { fetch: typeof fetch } }).registered;
    const two = await window.daprlet.register({ appId: "two" });
    await window.daprlet.serve({
      appId: "two",
      subscriptions: [],
      fetch: (request) =>
        new URL(request.url).pathname === "/moved"
          ? new Response(null, { status: 302, headers: { location: "/v1.0/invoke/two/method/here" } })
          : new Response(`called by ${request.headers.get("dapr-caller-app-id")}`),
    });
    const text = async (by: typeof fetch, path: string) => await (await by(path)).text();
    const manual = await fetch("/v1.0/invoke/two/method/moved", { redirect: "manual" });
    return {
      one: await text(one.fetch, "/v1.0/invoke/two/method/x"),
      moved: await text(one.fetch, "/v1.0/invoke/two/method/moved"),
      ids: await Promise.all(
        [one.fetch, two.fetch, window.fetch].map(
          async (by) => (await (await by("/v1.0/metadata")).json()).id,
        ),
      ),
      manual: manual.type === "opaqueredirect" || manual.status === 302,
      again: await window.daprlet
        .register({ appId: "two" })
        .then(() => text(one.fetch, "/v1.0/invoke/two/method/still-served")),
    };
  });
  expect(answers).toEqual({
    one: "called by one",
    moved: "called by one",
    ids: ["one", "two", "two"],
    manual: true,
    again: "called by one",
  });
  expect(site.reached).toEqual([]);
});

test("an open page keeps its worker alive, also when nobody calls", async ({ page, site }) => {
  test.setTimeout(90_000);
  const components = [{ name: "memory", type: "state.in-memory" }];
  await open(page, site.url, { appId: "idle", components });
  await call(page, "/v1.0/state/memory", { method: "POST", body: '[{"key":"k","value":"kept"}]' });
  await page.waitForTimeout(40_000);
  // What is in the worker's memory is gone when it was ended in between.
  expect(await call(page, "/v1.0/state/memory/k")).toMatchObject({ status: 200, body: '"kept"' });
});
