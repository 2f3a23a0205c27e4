import { execFileSync } from "node:child_process";
import { createReadStream, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { extname, join, resolve } from "node:path";
import { expect, test } from "playwright/test";

const root = resolve(import.meta.dirname, "../..");
const folder = mkdtempSync(join(tmpdir(), "daprlet-site-"));
const types: Record<string, string> = {
  ".js": "text/javascript",
  ".html": "text/html",
  ".wasm": "application/wasm",
};
const reached: string[] = [];
let server: Server;

/** As dumb a host as there is: files by name under /repo/demo/, no special headers, 404 for the rest. */
test.beforeAll(async () => {
  execFileSync(process.execPath, [join(root, "dist/node/main.js"), "init", folder]);
  writeFileSync(
    join(folder, "index.html"),
    `<!doctype html><title>site</title><script type="module">
      import { register, serve } from "./client.js";
      await register({ appId: "static" });
      await serve({ appId: "static", fetch: () => new Response("served by the page") });
      document.title = await fetch("/v1.0/invoke/static/method/x").then((r) => r.text());
    </script>`,
  );
  server = createServer((request, response) => {
    const path = (request.url ?? "").split("?")[0] as string;
    if (!path.startsWith("/repo/demo/")) reached.push(path);
    const name = path.replace(/^\/repo\/demo\//, "") || "index.html";
    response.setHeader("content-type", types[extname(name)] ?? "text/plain");
    createReadStream(join(folder, name))
      .on("error", () => {
        response.statusCode = 404;
        response.end();
      })
      .pipe(response);
  });
  await new Promise<void>((listening) => server.listen(4312, "localhost", listening));
});

test.afterAll(async () => {
  await new Promise((closed) => server.close(closed));
  rmSync(folder, { recursive: true, force: true });
});

test("the files of `daprlet init` make any static host a site with a sidecar, under a sub-path too", async ({
  page,
}) => {
  await page.goto("http://localhost:4312/repo/demo/");
  await expect(page).toHaveTitle("served by the page", { timeout: 20_000 });
  expect(reached.filter((path) => path.startsWith("/v1"))).toEqual([]);
});
