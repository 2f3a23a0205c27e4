/** T30 with a person in front of it: the provider is another site, which can send nobody anywhere else. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { startSidecar } from "../../host/node/start-sidecar.ts";
import { freePorts } from "../hosts/free-ports.ts";
import { login, startProvider } from "../middleware/provider.ts";
import { yaml } from "../middleware/sidecar.ts";
import { expect, test } from "./fixtures.ts";

test("T30: a person logs in at a provider, comes back, and the app sees the token", async ({ page }) => {
  const seen: string[] = [];
  const app = createServer((request, response) => {
    if (request.url?.startsWith("/dapr/")) return response.writeHead(404).end();
    seen.push(`${request.url} ${request.headers.authorization}`);
    response.setHeader("content-type", "text/plain").end("the orders");
  });
  await new Promise<void>((resolve) => app.listen(0, "127.0.0.1", resolve));
  const provider = await startProvider("twitter");
  const [port = 0] = await freePorts(1);
  const method = `http://127.0.0.1:${port}/v1.0/invoke/shop/method`;
  const metadata = login(provider, `${method}/back`);
  const sidecar = await startSidecar({
    appId: "shop",
    appPort: (app.address() as AddressInfo).port,
    port,
    logLevel: "error",
    components: yaml([{ name: "auth", type: "oauth2", metadata }], ["auth"]),
  });
  try {
    await page.goto(`${method}/orders?of=me`);
    expect(page.url()).toContain(provider.url);
    expect(seen).toEqual([]);
    await page.click("#agree");
    await expect(page.locator("body")).toHaveText("the orders");
    expect([page.url(), seen]).toEqual([`${method}/orders?of=me`, ["/orders?of=me Bearer token-1"]]);

    // Another site that sends the person with the session's cookie, and the way back once more.
    for (const target of [`${method}/orders?of=me`, `${method}/delete`]) {
      await page.goto(`${provider.url}/authorize?redirect_uri=${encodeURIComponent(target)}`);
      await page.click("#agree");
      await page.waitForURL(`${method}/**`);
      await expect(page.locator("body")).toContainText("ERR_FORBIDDEN_HOST");
    }
    expect(seen).toHaveLength(1);
  } finally {
    await sidecar.stop();
    await provider.stop();
    app.closeAllConnections();
    app.close();
  }
});
