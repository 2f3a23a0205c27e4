/** What a page of another site can do to a sidecar on this machine, with everything that a browser lets it send: nothing. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Page } from "playwright/test";
import { type NodeSidecar, startSidecar } from "../../host/node/start-sidecar.ts";
import { expect, test } from "./fixtures.ts";
import { chromiumPath } from "./playwright.config.ts";

const closing: (() => Promise<unknown>)[] = [];
test.afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** A sidecar, the calls that reached its app, and the refusals that it logged. */
async function target(
  allowedOrigins = "",
): Promise<{ sidecar: NodeSidecar; seen: string[]; refused: string[] }> {
  const seen: string[] = [];
  const refused: string[] = [];
  const quiet = () => undefined;
  const warn = (_: string, fields: object = {}) => refused.push(JSON.stringify(fields));
  const app = (request: Request) => {
    seen.push(new URL(request.url).pathname);
    return new Response("app", { headers: { "content-type": "text/html" } });
  };
  const log = { debug: quiet, info: quiet, warn, error: quiet };
  const sidecar = await startSidecar({ appId: "a", app, log, allowedOrigins });
  closing.push(() => sidecar.stop());
  await sidecar.runtime.appReady;
  seen.length = 0;
  return { sidecar, seen, refused };
}

/** Another site of this machine: browsers take its pages for `same-site`, and those of 127.0.0.1 for another site. */
async function site(): Promise<number> {
  const server = createServer((_, response) => {
    response.setHeader("content-type", "text/html");
    response.end("<!doctype html><title>evil</title><body></body>");
  });
  await new Promise<void>((resolve) => server.listen(0, () => resolve()));
  closing.push(() => new Promise((resolve) => server.close(resolve)));
  return (server.address() as AddressInfo).port;
}

/** All that a page can send without leave; answers what it could read of it. */
async function attack(page: Page, url: string): Promise<string[]> {
  return await page.evaluate(async (to) => {
    const read: string[] = [];
    const tried = async (init: RequestInit) => {
      const answer = await fetch(to, init).catch(() => undefined);
      if (answer?.ok) read.push(await answer.text());
    };
    await tried({});
    await tried({ mode: "no-cors" });
    await tried({ method: "POST", mode: "no-cors", body: "simple" });
    await tried({ method: "POST", headers: { "content-type": "application/json" }, body: "{}" });
    await tried({ method: "DELETE", headers: { "dapr-app-id": "a" } });
    navigator.sendBeacon(to, "beacon");
    const loaded = (element: HTMLElement) =>
      new Promise((resolve) => {
        element.onload = element.onerror = resolve;
        document.body.append(element);
      });
    await loaded(Object.assign(document.createElement("img"), { src: to }));
    await loaded(Object.assign(document.createElement("script"), { src: to }));
    await loaded(Object.assign(document.createElement("iframe"), { src: to, name: "target" }));
    const frame = document.querySelector("iframe") as HTMLIFrameElement;
    const form = Object.assign(document.createElement("form"), {
      method: "post",
      action: to,
      target: "target",
    });
    form.enctype = "text/plain";
    document.body.append(form);
    const posted = new Promise((resolve) => {
      frame.onload = resolve;
    });
    form.submit();
    await posted;
    // A document of an opaque origin: `Origin: null`.
    const opaque = Object.assign(document.createElement("iframe"), {
      srcdoc: `<script>fetch(${JSON.stringify(to)}, { method: "POST", mode: "no-cors", body: "x" }).finally(() => parent.postMessage("done", "*"))</script>`,
    });
    opaque.setAttribute("sandbox", "allow-scripts");
    const done = new Promise((resolve) => addEventListener("message", resolve, { once: true }));
    document.body.append(opaque);
    await done;
    return read;
  }, url);
}

for (const host of ["localhost", "127.0.0.1"]) {
  test(`a page of http://${host} and another port reaches no app, by anything that a browser sends`, async ({
    page,
  }) => {
    const { sidecar, seen, refused } = await target();
    await page.goto(`http://${host}:${await site()}/`);
    expect(await attack(page, `http://localhost:${sidecar.port}/v1.0/invoke/a/method/x`)).toEqual([]);
    await expect.poll(() => refused.length).toBeGreaterThan(9);
    // A link that a person follows from there, too.
    const answered = page.waitForResponse(/method\/link/);
    await page.evaluate(
      (to) => void setTimeout(() => location.assign(to)),
      `http://localhost:${sidecar.port}/v1.0/invoke/a/method/link`,
    );
    expect((await answered).status()).toBe(403);
    expect(seen).toEqual([]);
    expect((await fetch(`${sidecar.url}/v1.0/invoke/a/method/program`)).status).toBe(200);
    expect(seen).toEqual(["/program"]);
  });
}

test("a name that was rebound to this machine reaches no app", async ({ browser }) => {
  const { sidecar, seen, refused } = await target("http://localhost:8080");
  const args = ["--host-resolver-rules=MAP evil.example 127.0.0.1", "--no-sandbox"];
  const path = chromiumPath === undefined ? {} : { executablePath: chromiumPath };
  const rebound = await browser.browserType().launch({ ...path, args });
  closing.push(() => rebound.close());
  const page = await rebound.newPage();
  const origin = `http://evil.example:${sidecar.port}`;
  const answer = await page.goto(`${origin}/v1.0/invoke/a/method/x`);
  expect(answer?.status()).toBe(403);
  const status = await page.evaluate(
    async () => (await fetch("/v1.0/invoke/a/method/x", { method: "POST" })).status,
  );
  expect(status).toBe(403);
  expect(refused.length).toBeGreaterThan(1);
  expect(seen).toEqual([]);
});

test("an origin that is allowed may call, and read what it is answered", async ({ page }) => {
  const port = await site();
  const { sidecar, seen } = await target(`http://localhost:${port}`);
  await page.goto(`http://localhost:${port}/`);
  const text = await page.evaluate(async (to) => {
    const init = { method: "POST", headers: { "content-type": "application/json" }, body: "{}" };
    return await (await fetch(to, init)).text();
  }, `http://localhost:${sidecar.port}/v1.0/invoke/a/method/x`);
  expect([text, seen]).toEqual(["app", ["/x"]]);
});
