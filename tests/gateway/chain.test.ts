/**
 * A page, whose own sidecar is its service worker, reaches a Node app and its state through two gateways, of which the
 * second has the app at two sidecars; one of them is killed under load.
 */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { type Browser, chromium, type Page } from "playwright";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as yaml from "yaml";
import { compileGateway } from "../../host/gateway/compile-gateway.ts";
import { readGateway } from "../../host/gateway/read-gateway.ts";
import { needsOf, variantOf } from "../../host/gateway/serve-arguments.ts";
import { encodeTable } from "../../host/gateway/table.ts";
import { call, open, Site } from "../browser/fixtures.ts";
import { chromiumPath } from "../browser/playwright.config.ts";
import { type Gateway, startGateway } from "../hosts/wasmtime-host.ts";
import { component, daprletRun, type Launched, temporaryFolder } from "../interop/launch.ts";
import { underWasmtime } from "./gateways.ts";

/** Calls of each kind while one sidecar dies. */
const calls = Number(process.env.CHAIN_CALLS ?? 100);

const digest = (token: string) => createHash("blake2b512").update(token).digest("hex");
const gatewayYaml = (name: string, lines: string) =>
  `apiVersion: daprlet/v1alpha1\nkind: Gateway\nmetadata: {name: ${name}}\nspec:\n${lines}\n`;
/** The app's own store as it is, and the same with the caller's keys apart. */
const stores = (where: string) =>
  ["its", "shared"]
    .map((name) => {
      const rule = name === "its" ? "{name: keyPrefix, value: none}" : "";
      const there = `{name: component, value: ${where === "{name: app, value: hello}" ? "statestore" : name}}`;
      return `---\napiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata: {name: ${name}}\nspec:\n  type: state.dapr\n  version: v1\n  metadata: [${[where, there, rule].filter(Boolean).join(", ")}]\n`;
    })
    .join("");

async function serve(text: string, environment: Readonly<Record<string, string>>): Promise<Gateway> {
  const table = compileGateway(readGateway([{ name: "gateway.yaml", text }], yaml));
  const flags = Object.entries(environment).flatMap(([name, value]) => ["--env", `${name}=${value}`]);
  const options = { variant: variantOf(needsOf(table)), reused: true, flags };
  return await startGateway({}, { ...options, table: encodeTable(table) });
}

const missing =
  daprletRun.missing ??
  (chromiumPath === undefined ? "chromium is not installed: `apt-get install chromium`" : undefined);
const declare = missing === undefined ? underWasmtime : describe.skip;

declare(`a page and a Node app behind two gateways${missing === undefined ? "" : ` (${missing})`}`, () => {
  const { folder, remove } = temporaryFolder();
  let site: Site;
  let browser: Browser;
  let page: Page;
  let sidecars: Launched[];
  let gateways: Gateway[] = [];

  beforeAll(async () => {
    site = await Site.start();
    const components = [
      component("statestore", "state.sqlite", { connectionString: join(folder, "state.db") }),
    ];
    const launch = (name: string) =>
      daprletRun.launch({ appId: "hello", app: "hello.mjs", folder: join(folder, name), components });
    sidecars = [await launch("a"), await launch("b")];
    const upstreams = sidecars.map(({ port }) => `{sidecar: "http://127.0.0.1:${port}"}`).join(", ");
    const inner = await serve(
      gatewayYaml(
        "inner",
        `  apps: [{id: hello, upstreams: [${upstreams}]}]\n  callers: [{appId: edge, digest: ${digest("edge's")}}]`,
      ) + stores("{name: app, value: hello}"),
      {},
    );
    const outer = await serve(
      gatewayYaml(
        "edge",
        `  sites: [{name: inside, sidecar: "${inner.url}", token: {envRef: INNER}}]\n  allowedOrigins: ["${site.origin}"]\n  callers: [{appId: shop, digest: ${digest("shop's")}}]`,
      ) + stores(`{name: url, value: "${inner.url}"}, {name: token, envRef: INNER}`),
      { INNER: "edge's" },
    );
    gateways = [inner, outer];
    browser = await chromium.launch({
      ...(chromiumPath === undefined ? {} : { executablePath: chromiumPath }),
      args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"],
    });
    page = await (await browser.newContext()).newPage();
    const endpoint = `---\napiVersion: dapr.io/v1alpha1\nkind: HTTPEndpoint\nmetadata: {name: hello}\nspec:\n  baseUrl: ${outer.url}/v1.0/invoke/hello.inside/method\n  headers: [{name: dapr-api-token, value: "shop's"}]\n`;
    const own = stores(`{name: url, value: "${outer.url}"}, {name: token, value: "shop's"}`) + endpoint;
    const { door } = await open(page, site.url, { appId: "shop", components: own.slice(4) });
    expect(door).toBe("worker");
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    await Promise.all(
      [...gateways, ...(sidecars ?? [])].map((each) => ("stop" in each ? each.stop() : each.kill())),
    );
    await site?.stop();
    remove();
  });

  it("reaches the app, the app's state, and its own beside it", async () => {
    expect(await call(page, "/v1.0/invoke/hello/method/counted")).toMatchObject({
      status: 200,
      body: "I've greeted you 0 times.",
    });
    expect(await call(page, "/v1.0/state/its/mystate")).toMatchObject({ status: 200, body: "0" });
    const saved = await call(page, "/v1.0/state/shared", {
      method: "POST",
      body: '[{"key":"k","value":[1]}]',
    });
    expect(saved).toMatchObject({ status: 204 });
    expect(await call(page, "/v1.0/state/shared/k")).toMatchObject({ status: 200, body: "[1]" });
    const name = encodeURIComponent("edge|~|shop|~~|shop|~~~|k");
    expect((await sidecars[1]?.fetch(`/v1.0/state/statestore/${name}`))?.text).toBe("[1]");
  });

  it(
    "fails no call that may be repeated when a sidecar is killed under load",
    async () => {
      const working = page.evaluate(async (count) => {
        const statuses: Record<string, number> = {};
        const written: number[] = [];
        let next = 0;
        const one = async (kind: string, path: string, init?: RequestInit) => {
          const { status } = await fetch(path, init);
          statuses[`${kind} ${status}`] = (statuses[`${kind} ${status}`] ?? 0) + 1;
          return status;
        };
        const worker = async () => {
          while (next < count) {
            const at = next++;
            Object.assign(window, { done: at });
            await one("invoke", "/v1.0/invoke/hello/method/greeting");
            await one("read", "/v1.0/state/its/mystate");
            const body = JSON.stringify([{ key: `n${at}`, value: at }]);
            if ((await one("write", "/v1.0/state/shared", { method: "POST", body })) === 204)
              written.push(at);
          }
        };
        await Promise.all(Array.from({ length: 8 }, worker));
        const keys = written.map((at) => `n${at}`);
        const found = await fetch("/v1.0/state/shared/bulk", {
          method: "POST",
          body: JSON.stringify({ keys }),
        });
        const items = (await found.json()) as { key: string; data: number }[];
        return { statuses, kept: items.filter(({ key, data }) => key === `n${data}`).length };
      }, calls);
      await page.waitForFunction((third) => ((window as { done?: number }).done ?? 0) > third, calls / 3);
      await sidecars[0]?.kill();
      expect(await working).toEqual({
        statuses: { "invoke 200": calls, "read 200": calls, "write 204": calls },
        kept: calls,
      });
    },
    30_000 + 100 * calls,
  );
});
