/** The book's walkthroughs of capabilities (chapter 7) in a page, with its worker and without one. */
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join, resolve } from "node:path";
import jpeg from "jpeg-js";
import type { Browser, Page } from "playwright/test";
import { PNG } from "pngjs";
import type { PackageSource } from "../../host/capability/package-source.ts";
import type * as Client from "../../worker/client/index.ts";
import { adderPackage, printedPackage } from "../capability/add.ts";
import { detect, isSame, type Thing } from "../capability/detect/detecting.ts";
import { tallyPackage } from "../capability/tally-package.ts";
import { packageOf } from "../capability/wat-package.ts";
import { composed } from "./composed.ts";
import { call, expect, open, Site, test, workerKiller } from "./fixtures.ts";
import { addressesOf, nameOf, patience, post, putPackages } from "./package-site.ts";

const root = resolve(import.meta.dirname, "../..");
const pictures = join(root, "capabilities/detect/pictures");
const patiently = { timeout: 20_000 };

const doors = ["worker", "page"] as const;

interface Visit {
  readonly page: Page;
  readonly site: Site;
  /** Ends what runs the sidecar, and all that it has in memory. */
  kill(): Promise<void>;
  stop(): Promise<void>;
}

/** A page of a site with these packages, all of them granted what they ask for, whose sidecar runs there. */
async function visit(
  browser: Browser,
  door: (typeof doors)[number],
  packages: readonly PackageSource[],
  components?: string,
): Promise<Visit> {
  const site = await Site.start();
  await putPackages(site, packages);
  const grants = { ...patience, ...Object.fromEntries(packages.map((one) => [nameOf(one), "all"])) };
  const capabilities = { packages: addressesOf(packages), grants, fromPages: true };
  const context = await browser.newContext({ serviceWorkers: door === "page" ? "block" : "allow" });
  const page = await context.newPage();
  if (door === "page")
    await context.addInitScript(() => Reflect.deleteProperty(Navigator.prototype, "serviceWorker"));
  else
    site.files.set(
      "sw.js",
      await composed(
        `import { capabilities, compose, workerRegistry } from "daprlet/worker";
         compose(self, workerRegistry, { capabilities: capabilities(${JSON.stringify(capabilities)}), own: true });`,
      ),
    );
  const options = { appId: "book", capabilities, ...(components !== undefined && { components }) };
  const registered = await open(page, site.url, options);
  expect(registered.door).toBe(door);
  const kill = door === "page" ? () => open(page, site.url, options) : await workerKiller(context, page);
  return {
    page,
    site,
    kill: async () => void (await kill()),
    stop: async () => {
      await context.close();
      await site.stop();
    },
  };
}

/** A picture of known boxes, as PNG. */
function known(name: string) {
  const { width, height, data } = jpeg.decode(readFileSync(join(pictures, name)));
  const image = new PNG({ width, height });
  image.data.set(data);
  const truth = JSON.parse(readFileSync(join(pictures, "objects.json"), "utf8"));
  return { png: [...PNG.sync.write(image)], things: truth[name] as readonly Thing[] };
}

/** The book's call. Whoever asks the network for it is refused: nobody is at that address. */
const detected = (page: Page, png: readonly number[]) =>
  page.evaluate(async (bytes) => {
    const answer = await fetch("http://localhost:3500/v1/capabilities/detect/object?as=rectangles", {
      method: "POST",
      headers: { "content-type": "image/png" },
      body: new Uint8Array(bytes),
    });
    const from = answer.headers.get("daprlet-capability-source");
    return { status: answer.status, from, json: await answer.json() };
  }, png);

function expectFound(answer: unknown, things: readonly Thing[]): void {
  const { objects } = answer as { objects: readonly Thing[] };
  expect(things.filter((thing) => !objects.some((one) => isSame(one, thing)))).toEqual([]);
}

/** An API elsewhere that detects, and lets all origins ask it. */
async function remoteDetector() {
  let asked = 0;
  const server = createServer(async (request, response) => {
    const all = { "access-control-allow-origin": "*", "access-control-allow-headers": "*" };
    if (request.method === "OPTIONS") return void response.writeHead(204, all).end();
    asked += 1;
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    response.writeHead(200, { ...all, "content-type": "application/json", "cache-control": "max-age=60" });
    response.end(JSON.stringify(detect(Buffer.concat(chunks))));
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked: () => asked,
    async close() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

/** `detect`, asked of a remote API first. */
function detectPackage(remote: string): PackageSource {
  const built = join(root, "dist/capabilities/detect");
  const manifest = JSON.parse(readFileSync(join(built, "capability.json"), "utf8"));
  const [offer] = manifest.offers;
  return packageOf("detect", new Uint8Array(readFileSync(join(built, "detect.wasm"))), {
    offers: [{ ...offer, sources: [{ remote, withinMs: 15_000 }, { module: "main" }] }],
    limits: { ...manifest.limits, timeMs: 30_000 },
  });
}

for (const door of doors) {
  test(`T58, T61: the book's call finds known boxes by a remote offer, from the cache, by the package when that is down, and offline; add.wat adds (${door})`, async ({
    browser,
  }) => {
    test.setTimeout(90_000);
    const remote = await remoteDetector();
    const packages = [detectPackage(remote.url), printedPackage, adderPackage];
    const { page, site, stop } = await visit(browser, door, packages);
    const [first, second, third] = [known("08.jpg"), known("05.jpg"), known("02.jpg")];
    const far = await detected(page, first.png);
    expect([far.status, far.from]).toEqual([200, "remote"]);
    expectFound(far.json, first.things);
    expect(await detected(page, first.png)).toEqual({ ...far, from: "remote; cached" });
    expect(remote.asked()).toBe(1);

    const sum = async (name: string) => {
      const { status, body } = await call(page, `/v1.0/capabilities/${name}/add?a=2&b=3`);
      return [status, body];
    };
    expect(await sum("printed")).toEqual([500, expect.stringContaining("it exports nothing")]);
    expect(await sum("adder")).toEqual([200, "5"]);

    await remote.close();
    const near = await detected(page, second.png);
    expect([near.status, near.from]).toEqual([200, "module"]);
    expectFound(near.json, second.things);
    expect(Object.keys(near.json)).toEqual(Object.keys(far.json));
    await page.context().setOffline(true);
    const alone = await detected(page, third.png);
    expect([alone.status, alone.from]).toEqual([200, "module"]);
    expectFound(alone.json, third.things);
    await page.context().setOffline(false);
    expect(site.reached.filter((path) => !path.includes("favicon"))).toEqual([]);
    await stop();
  });

  test(`T59: the book's manifest as printed is added by a page, its container refused by name, and what is asked first turned round without a restart (${door})`, async ({
    browser,
  }) => {
    const { page, site, stop } = await visit(browser, door, []);
    const openapi = '{"openapi":"3.1.0","paths":{"/object":{"get":{"operationId":"object"}}}}';
    const book = (offers: string) => {
      site.files.set("book/capability.yaml", `name: object-detection\noffers:\n${offers}`);
      site.files.set("book/openapi.json", openapi);
    };
    site.files.set("v2/object", "from afar");
    const add = (address: string, prefer?: "local" | "remote") =>
      page.evaluate(
        async ([from, first]) => {
          const { addPackage, fetchPackage } = await import(new URL("packages.js", location.href).href);
          const { scope } = (window as unknown as { registered: Client.Registered }).registered;
          const one = await fetchPackage(from);
          await addPackage(one, { scope, granted: one.asks, prefer: first });
          return one.asks.map(({ phrase }: { phrase: string }) => phrase);
        },
        [address, prefer] as const,
      );
    const container = '  - Container: { image: "me/detect:1" }\n';
    book(`${container}  - OpenAPI: { url: "${site.url}v2", spec: openapi.json }\n`);
    expect(await add("book")).toContain("run the container me/detect:1 on this machine, with its network");
    expect((await call(page, "/v1/capabilities/object")).body).toBe("from afar");
    book(container);
    await add("book");
    expect((await call(page, "/v1/capabilities/object")).body).toContain(
      "it is offered as the container me/detect:1, and this host runs no containers",
    );

    const both = {
      ...(adderPackage.manifest as object),
      offers: [
        {
          ...(adderPackage.manifest as { offers: object[] }).offers[0],
          sources: [{ remote: `${site.url}v2` }, { module: "main" }],
        },
      ],
    };
    site.files.set("v2/add", "from afar");
    await putPackages(site, [{ ...adderPackage, manifest: both }]);
    const sum = async () => (await call(page, "/v1.0/capabilities/adder/add?a=2&b=3")).body;
    await add("packages/adder");
    expect(await sum()).toBe("from afar");
    await add("packages/adder", "local");
    expect(await sum()).toBe("5");
    await stop();
  });

  test(`T60: functions in a page count what calls them, and one that waits is called once, with the sidecar ended after each of its prerequisites (${door})`, async ({
    browser,
  }) => {
    test.setTimeout(90_000);
    const component = (name: string, type: string, metadata = "") =>
      `apiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata: { name: ${name} }\nspec: { type: ${type}, version: v1, metadata: [${metadata}] }`;
    const components = [
      component("statestore", "state.indexeddb"),
      component("pubsub", "pubsub.browser"),
      component("tick", "bindings.cron", '{ name: schedule, value: "@every 1s" }'),
    ].join("\n---\n");
    const { page, kill, stop } = await visit(browser, door, [await tallyPackage()], components);
    const counted = async (what: string) => Number((await call(page, `/v1.0/state/statestore/${what}`)).body);
    const invoke = async (path: string, body = '{"trip":7}') => {
      const answer = await call(page, `/v1.0/functions/${path}`, { ...post, body });
      return [answer.status, answer.body];
    };
    for (const times of ["1", "2"]) expect(await invoke("count")).toEqual([200, times]);
    const published = async () => {
      await call(page, "/v1.0/publish/pubsub/counted", post);
      return await counted("event");
    };
    await expect.poll(published, patiently).toBeGreaterThan(1);
    for (const what of ["binding", "timer"])
      await expect.poll(() => counted(what), patiently).toBeGreaterThan(1);

    expect(await invoke("bill?input=hotel")).toEqual([202, '{"waitsFor":["flight","car"]}']);
    await kill();
    expect(await invoke("count")).toEqual([200, "3"]);
    await expect
      .poll(async () => {
        await call(page, "/v1.0/publish/pubsub/flights", { ...post, body: '{"trip":7}' });
        return (await invoke("bill?input=hotel"))[1];
      }, patiently)
      .toBe('{"waitsFor":["car"]}');
    await kill();
    expect(await invoke("bill?input=car")).toEqual([200, "1"]);
    await kill();
    for (const input of ["car", "hotel", "flight"])
      expect(await invoke(`bill?input=${input}`)).toEqual([202, '{"waitsFor":[]}']);
    expect(await counted("join")).toBe(1);
    await stop();
  });
}
