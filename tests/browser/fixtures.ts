import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { extname, resolve } from "node:path";
import { type BrowserContext, test as base, type CDPSession, type Page } from "playwright/test";
import type * as Client from "../../worker/client/index.ts";

const dist = resolve(import.meta.dirname, "../../dist");
const types: Record<string, string> = {
  ".js": "text/javascript",
  ".html": "text/html",
  ".wasm": "application/wasm",
};

/** A page that has the client on `window.daprlet`, and has registered nothing. */
const blank = `<!doctype html><meta charset="utf-8"><title>site</title><link rel="icon" href="data:,">
<script type="module">
  import * as daprlet from "./client.js";
  window.daprlet = daprlet;
</script>`;

declare global {
  interface Window {
    daprlet: typeof Client;
  }
}

/** As dumb a host as there is: the built files below a path, no special headers, 404 for the rest. */
export class Site {
  /** Paths that reached the network, in order; without the site's own files. */
  readonly reached: string[] = [];
  /** Files by name, beside those of dist/; a function makes one anew at each request. */
  readonly files = new Map<string, string | (() => string | Buffer)>([["", blank]]);
  /** On all that is found. */
  readonly headers: Record<string, string> = {};
  /** True: any origin may read, as documents of an opaque one need to load anything. */
  allowOrigins = false;
  readonly #server: Server;

  private constructor(
    readonly base: string,
    server: Server,
    readonly origin: string,
  ) {
    this.#server = server;
  }

  get url(): string {
    return `${this.origin}${this.base}`;
  }

  static async start(base = "/", host = "localhost", port = 0): Promise<Site> {
    const server = createServer();
    await new Promise<void>((listening, failed) => {
      server.once("error", failed);
      server.listen(port, "127.0.0.1", listening);
    });
    const address = server.address() as { port: number };
    const site = new Site(base, server, `http://${host}:${address.port}`);
    server.on("request", (request, response) => {
      const path = (request.url ?? "").split("?")[0] as string;
      const found = path.startsWith(base) ? site.#file(path.slice(base.length)) : undefined;
      if (found === undefined) {
        site.reached.push(`${request.method} ${request.url}`);
        response.writeHead(404, { "content-type": "text/html" }).end("<h1>static 404</h1>");
        return;
      }
      const type = types[extname(path)] ?? "text/html";
      if (site.allowOrigins) response.setHeader("access-control-allow-origin", "*");
      response.writeHead(200, { ...site.headers, "content-type": type }).end(found);
    });
    return site;
  }

  #file(name: string): string | Buffer | undefined {
    const own = this.files.get(name);
    if (own !== undefined) return typeof own === "string" ? own : own();
    if (!/^[\w-]+\.(js|wasm)$/.test(name)) return undefined;
    try {
      return readFileSync(resolve(dist, name));
    } catch {
      return undefined;
    }
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((closed) => this.#server.close(closed));
  }
}

export interface Registering {
  readonly appId: string;
  readonly [option: string]: unknown;
}

/** Loads the blank page and registers; answers what `register` told, without its functions. */
export async function open(
  page: Page,
  address: string,
  options: Registering,
): Promise<{ appId: string; door: string; storage: string; scope: string; note?: string }> {
  await page.goto(address);
  await page.waitForFunction(() => window.daprlet !== undefined);
  return await page.evaluate(async (given) => {
    const registered = await window.daprlet.register(given as unknown as Client.RegisterOptions);
    Object.assign(window, { registered });
    return JSON.parse(JSON.stringify(registered));
  }, options);
}

/** One fetch in the page. `body` in the answer is text. */
export async function call(
  page: Page,
  path: string,
  init: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<{ status: number; headers: Record<string, string>; body: string }> {
  return await page.evaluate(
    async ([url, options]) => {
      const response = await fetch(url as string, options as RequestInit);
      return {
        status: response.status,
        headers: Object.fromEntries(response.headers),
        body: await response.text(),
      };
    },
    [path, init] as const,
  );
}

/** Ends the browser's service workers, as it does by itself when they are idle. */
export async function workerKiller(context: BrowserContext, page: Page): Promise<() => Promise<void>> {
  const session: CDPSession = await context.newCDPSession(page);
  await session.send("ServiceWorker.enable");
  return () => session.send("ServiceWorker.stopAllWorkers").then(() => undefined);
}

export const test = base.extend<{ site: Site }>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the parameter's pattern.
  site: async ({}, use) => {
    const site = await Site.start();
    await use(site);
    await site.stop();
  },
});

export { expect } from "playwright/test";
