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

test("an open page keeps its worker alive, also when nobody calls", { tag: "@waits" }, async ({
  page,
  site,
}) => {
  test.setTimeout(90_000);
  const components = [{ name: "memory", type: "state.in-memory" }];
  await open(page, site.url, { appId: "idle", components });
  await call(page, "/v1.0/state/memory", { method: "POST", body: '[{"key":"k","value":"kept"}]' });
  await page.waitForTimeout(40_000);
  // What is in the worker's memory is gone when it was ended in between.
  expect(await call(page, "/v1.0/state/memory/k")).toMatchObject({ status: 200, body: '"kept"' });
});

test("both doors hand the app the same request, whatever it was made of", async ({ page, site }) => {
  await open(page, site.url, { appId: "echo" });
  const [byShim, byEvent] = await page.evaluate(async () => {
    await window.daprlet.serve({
      appId: "echo",
      subscriptions: [],
      fetch: async (request) => {
        const { pathname, search } = new URL(request.url);
        const type = request.headers.get("content-type")?.replace(/boundary=.*/, "boundary") ?? null;
        const bytes = (await request.arrayBuffer()).byteLength;
        const own = request.headers.get("x-own");
        return Response.json([
          request.method,
          pathname + search,
          type,
          bytes,
          own,
          request.headers.get("accept"),
        ]);
      },
    });
    const frame = document.createElement("iframe");
    frame.srcdoc = "<p>";
    document.body.append(frame);
    await new Promise((loaded) => frame.addEventListener("load", loaded));
    const plain = (frame.contentWindow as Window & typeof globalThis).fetch;
    const form = () => {
      const data = new FormData();
      data.set("a", "b");
      return data;
    };
    const url = "/v1.0/invoke/echo/method/a%20b/c?x=1&y=%2F";
    const requests: (() => Parameters<typeof fetch>)[] = [
      () => [url],
      () => [url, { method: "post", body: "text" }],
      () => [
        url,
        { method: "PUT", body: '{"a":1}', headers: { "Content-Type": "application/json", "X-Own": "1" } },
      ],
      () => [url, { method: "POST", body: new URLSearchParams({ a: "b" }) }],
      () => [url, { method: "POST", body: new Blob(["blob"], { type: "text/csv" }) }],
      () => [url, { method: "POST", body: new Uint8Array(1000).subarray(1, 8) }],
      () => [url, { method: "POST", body: new Uint8Array(100).buffer }],
      () => [url, { method: "DELETE" }],
      () => [url, { method: "PATCH", body: "" }],
      () => [url, { method: "QUERY", body: "custom", headers: [["x-own", "2"]] }],
      () => [new URL(url, location.href), { headers: new Headers({ "x-own": "3", accept: "text/plain" }) }],
      () => [new Request(url, { method: "POST", body: "in a Request", headers: { "x-own": "4" } })],
      () => [new Request(url, { method: "POST", body: "replaced" }), { body: "by init" }],
      () => [`${location.origin}/a%20b/c?x=1&y=%2F`, { headers: { "dapr-app-id": "echo" } }],
      () => [url, { method: "POST", body: form() }],
    ];
    const answers = (by: typeof fetch) =>
      Promise.all(requests.map(async (made) => JSON.stringify(await (await by(...made())).json())));
    return [await answers(fetch), await answers(plain)];
  });
  // The boundary of a form, and so its length, are made up by the browser each time; the rest is compared.
  expect(byShim?.slice(0, -1)).toEqual(byEvent?.slice(0, -1));
  expect(byShim?.at(-1)).toContain("multipart/form-data; boundary");
  expect(site.reached).toEqual([]);
});

test("a HEAD, a missing item and an unknown path are answered alike by both doors", async ({
  page,
  site,
}) => {
  await open(page, site.url, { appId: "alike" });
  const answers = await page.evaluate(async () => {
    const frame = document.createElement("iframe");
    frame.srcdoc = "<p>";
    document.body.append(frame);
    await new Promise((loaded) => frame.addEventListener("load", loaded));
    const plain = (frame.contentWindow as Window & typeof globalThis).fetch;
    const both = async (...made: Parameters<typeof fetch>) => {
      const told = async (by: typeof fetch) => {
        const response = await by(...made);
        return `${response.status} ${response.headers.get("content-type")} ${await response.text()} ${response.url}`;
      };
      return [await told(fetch), await told(plain)];
    };
    return await Promise.all([
      both("/v1.0/state/statestore/none"),
      both("/v1.0/state/statestore/none", { method: "HEAD" }),
      both("/v1.0/nothing/here"),
      both("/v1.0/state/statestore", { method: "POST", body: "{" }),
    ]);
  });
  for (const [byShim, byEvent] of answers) expect(byShim).toBe(byEvent);
  expect(site.reached).toEqual([]);
});
