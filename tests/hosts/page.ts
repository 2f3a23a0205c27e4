import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright";
import { build, type Rolldown } from "vite";
import { Site } from "../browser/fixtures.ts";
import { chromiumPath } from "../browser/playwright.config.ts";
import { resourcesYaml, secrets } from "./components.ts";
import { Answer, type Feature, type Fetch, type Host, type HostDefinition, type Sidecar } from "./host.ts";
import { startTarget } from "./target.ts";

const built = existsSync(fileURLToPath(new URL("../../dist/sw.js", import.meta.url)));

/** The page: the client on `window.daprlet`, and what `page-entry.ts` adds. */
export const pageHtml = `<!doctype html><meta charset="utf-8"><title>host</title><link rel="icon" href="data:,">
<script type="module">
  import "./page-entry.js";
  import * as daprlet from "./client.js";
  window.daprlet = daprlet;
</script>`;

/** The test app and the caller as one script: `page-entry.js` beside {@link pageHtml}. */
export async function bundlePageEntry(): Promise<string> {
  const output = (await build({
    configFile: false,
    logLevel: "error",
    build: {
      write: false,
      minify: false,
      rolldownOptions: {
        input: fileURLToPath(new URL("page-entry.ts", import.meta.url)),
        output: { format: "es", codeSplitting: false },
      },
    },
  })) as Rolldown.RolldownOutput;
  return output.output[0].code;
}

/** Paths that a page's own origin answers; every other one is asked for on localhost:3500. */
const own = /^\/(v1\.0(-alpha1|-alpha2|-beta1)?|v1\/capabilities)(\/|\?|$)/;

export interface PageHostOptions {
  readonly name: string;
  /** fetch: the worker's fetch event. shim: the port to the worker. page: the runtime in the page, behind the shim. */
  readonly door: "fetch" | "shim" | "page";
}

/** Two tabs of one site, an app in each; a request is a fetch within the first tab. */
export function pageHost({ name, door }: PageHostOptions): HostDefinition {
  const features: Feature[] = [
    "locks",
    "settings",
    "persistent",
    "durableEvents",
    "eventTtl",
    "wildcards",
    "unsized",
    "sidecar",
    "hangups",
  ];
  // Once for all doors: the actors are behind them.
  if (door === "shim") features.push("actors", "placement", "reminders");
  if (door !== "page") features.push("chunks");
  if (door !== "fetch") features.push("redirects");
  let missing: string | undefined;
  if (chromiumPath === undefined)
    missing = `chromium is not installed: the API in a page (${name}) was not tested; install it with \`apt-get install chromium\``;
  else if (!built) missing = `dist/sw.js is not built: run \`npm run build\` (${name})`;
  return {
    name,
    dialect: "daprlet",
    required: true,
    features: new Set(features),
    missing,
    start: () => start(door),
  };
}

async function start(door: PageHostOptions["door"]): Promise<Host> {
  const code = await bundlePageEntry();
  const site = await Site.start();
  site.files.set("", pageHtml);
  site.files.set("page-entry.js", code);
  const browser: Browser = await chromium.launch({
    ...(chromiumPath === undefined ? {} : { executablePath: chromiumPath }),
    args: [
      ...["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"],
      ...["--disable-background-networking", "--disable-component-update", "--disable-sync"],
    ],
  });
  const context = await browser.newContext();
  if (door === "page") {
    await context.addInitScript(() => {
      delete (Navigator.prototype as { serviceWorker?: unknown }).serviceWorker;
    });
  }
  const target = await startTarget();
  const open = (appId: string) => tab(context, site, appId, door, target.url);
  const tabs = [await open("api-a"), await open("api-b")];
  const [self, peer] = tabs as [Tab, Tab];
  const kill = door === "page" ? undefined : await workerKiller(context, self.page);
  return {
    appId: self.appId,
    fetch: self.fetch,
    peer,
    restart: () => (kill === undefined ? self.reload() : kill()),
    async stop() {
      await browser.close();
      await site.stop();
      await target.close();
    },
  };
}

async function workerKiller(context: BrowserContext, page: Page): Promise<() => Promise<void>> {
  const session = await context.newCDPSession(page);
  await session.send("ServiceWorker.enable");
  return async () => {
    await session.send("ServiceWorker.stopAllWorkers");
  };
}

interface Tab extends Sidecar {
  readonly page: Page;
  reload(): Promise<void>;
}

async function tab(
  context: BrowserContext,
  site: Site,
  appId: string,
  door: PageHostOptions["door"],
  target: string,
): Promise<Tab> {
  const page = await context.newPage();
  const types = {
    state: { type: "state.indexeddb", metadata: {} },
    pubsub: { type: "pubsub.browser", metadata: {} },
    secrets: { type: "secretstores.in-memory", metadata: secrets },
    lock: "lock.indexeddb",
    configuration: { type: "configuration.indexeddb", metadata: {} },
    target,
  };
  const components = resourcesYaml(types, "api-a");
  const load = async () => {
    await page.goto(site.url);
    await page.waitForFunction(() => window.daprlet !== undefined && window.daprletTest !== undefined);
    const registered = await page.evaluate(
      async ({ appId, components }) => {
        const { daprlet, daprletTest } = window;
        const { door, note } = await daprlet.register({ appId, components });
        const { subscriptions, actorConfig } = daprletTest;
        const config = appId === "api-a" ? { config: actorConfig } : {};
        const app = daprletTest.createTestApp({ subscriptions, ...config });
        await daprlet.serve({ appId, fetch: (request) => app.fetch(request) });
        return { door, note };
      },
      { appId, components },
    );
    const expected = door === "page" ? "page" : "worker";
    if (registered.door !== expected)
      throw new Error(`the runtime is in the ${registered.door}: ${registered.note}`);
  };
  await load();
  let bodies = 0;
  const fetch: Fetch = async (
    path,
    { method = "GET", headers = {}, body, streamed = false, timeout = 15_000 } = {},
  ) => {
    const fields = (Array.isArray(headers) ? headers : Object.entries(headers)).map(
      ([key, value]): [string, string] => [key, value],
    );
    const relative = door === "shim" && (own.test(path) || fields.some(([key]) => key === "dapr-app-id"));
    const bytes = body === undefined ? undefined : Buffer.from(body);
    const large = bytes !== undefined && bytes.byteLength > 64 << 10;
    const at = `body-${bodies++}`;
    if (large) site.files.set(at, () => bytes);
    const answer = await page.evaluate((call) => window.daprletTest.call(call), {
      url: relative ? path : `http://localhost:3500${path}`,
      method,
      headers: fields,
      body: large ? { at: `${site.url}${at}` } : bytes?.toString("base64"),
      streamed,
      timeout,
      native: door === "fetch",
    });
    site.files.delete(at);
    return new Answer(
      answer.status,
      answer.fields,
      new Uint8Array(Buffer.from(answer.body, "base64")),
      answer.spread,
    );
  };
  return { appId, fetch, page, reload: load };
}
