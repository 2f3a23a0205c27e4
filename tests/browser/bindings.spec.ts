import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startSidecar } from "../../host/node/start-sidecar.ts";
import { startTarget, type Target } from "../hosts/target.ts";
import { call, expect, open, type Registering, test, workerKiller } from "./fixtures.ts";

const jquery = readFileSync(
  fileURLToPath(new URL("../../node_modules/jquery/dist/jquery.min.js", import.meta.url)),
  "utf8",
);

/** The book's page: a button, and jQuery that posts to the sidecar when it is clicked. */
const page = `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><title>bindings</title>
<script src="jquery.js"></script>
<button id="send">Send</button>
<script type="module">
  import * as daprlet from "./client.js";
  window.daprlet = daprlet;
</script>
<script>
  window.outcomes = [];
  $("#send").click(() => $.ajax({
    type: "POST",
    url: "http://localhost:3500/v1.0/bindings/target",
    contentType: "application/json",
    data: JSON.stringify({ data: "Hello, World!" }),
    complete: ({ status }) => window.outcomes.push(status),
  }));
</script>`;

declare global {
  interface Window {
    outcomes: number[];
  }
}

const targets: Target[] = [];
test.beforeAll(async () => {
  targets.push(await startTarget(), await startTarget());
});
test.beforeEach(() => {
  for (const target of targets) target.reached.length = 0;
});
test.afterAll(() => Promise.all(targets.map((target) => target.close())));

const target = (n: number) => ({
  name: "target",
  type: "bindings.http",
  metadata: { url: targets[n]?.url ?? "" },
});
const app = (...components: unknown[]): Registering => ({ appId: "clicks", components });

test("T10, T11: the book's page clicks while its target is changed by update()", async ({
  page: tab,
  site,
  context,
}) => {
  site.files.set("", page);
  site.files.set("jquery.js", jquery);
  const requests: string[] = [];
  tab.on("request", (request) => requests.push(`${request.method()} ${request.url()}`));
  await open(tab, site.url, app(target(0)));
  const update = (...components: unknown[]) =>
    tab.evaluate(async (given) => {
      const { registered } = window as unknown as {
        registered: { update(components: unknown): Promise<void> };
      };
      return await registered.update(given).then(
        () => "done",
        (error: Error) => error.message,
      );
    }, components);
  const [first, second] = targets as [Target, Target];
  await tab.click("#send");
  await expect.poll(() => first.reached.length).toBe(1);
  expect(first.reached[0]).toMatchObject({ method: "POST", body: '"Hello, World!"' });
  await tab.evaluate(() => {
    const button = document.querySelector("button");
    setInterval(() => button?.click(), 100);
  });
  await expect.poll(() => first.reached.length).toBeGreaterThan(3);
  expect(await update(target(1))).toBe("done");
  const before = first.reached.length;
  await expect.poll(() => second.reached.length).toBeGreaterThan(3);
  const broken = { ...target(0), metadata: { url: "nowhere" } };
  expect(await update(broken, { name: "files", type: "bindings.localstorage" })).toMatch(
    /^update\(\): component target: metadata field url: .*; component files \(register\(\)\): type bindings.localstorage is not available in a page/,
  );
  const reached = second.reached.length;
  await expect.poll(() => second.reached.length).toBeGreaterThan(reached + 3);
  // What was open is what the worker starts with after it was stopped.
  const kill = await workerKiller(context, tab);
  await kill();
  const after = second.reached.length;
  await expect.poll(() => second.reached.length).toBeGreaterThan(after + 3);
  expect(first.reached.length).toBe(before);
  expect((await tab.evaluate(() => window.outcomes)).filter((status) => status !== 200)).toEqual([]);
  // No preflight to 3500, and nothing that reached the network there: the worker answered.
  expect(requests.filter((line) => line.startsWith("OPTIONS"))).toEqual([]);
  expect(site.reached).toEqual([]);
});

test("update() in page mode, and one that contradicts itself", async ({ page: tab, site }) => {
  await tab.addInitScript(() => {
    delete (Navigator.prototype as { serviceWorker?: unknown }).serviceWorker;
  });
  const { door } = await open(tab, site.url, app(target(0)));
  expect(door).toBe("page");
  const body = JSON.stringify({ operation: "create", data: 1 });
  const send = () => call(tab, "/v1.0/bindings/target", { method: "POST", body });
  expect((await send()).status).toBe(200);
  const update = (components: unknown[]) =>
    tab.evaluate(async (given) => {
      const { registered } = window as unknown as {
        registered: { update(components: unknown): Promise<void> };
      };
      return await registered.update(given).then(
        () => "done",
        (error: Error) => error.message,
      );
    }, components);
  expect(await update([target(1)])).toBe("done");
  expect((await send()).status).toBe(200);
  expect(await update([target(0), target(0)])).toMatch(/duplicate definition of Component name target/);
  expect((await send()).status).toBe(200);
  expect(targets.map(({ reached }) => reached.length)).toEqual([1, 2]);
});

test("T10: the book's page opened as a file is refused by a sidecar on Node, and served where it is named", async ({
  page: tab,
}) => {
  const folder = mkdtempSync(join(tmpdir(), "daprlet-file-"));
  const [first] = targets as [Target];
  const start = (allowedOrigins?: string) =>
    startSidecar({
      appId: "clicks",
      components: [target(0)],
      logLevel: "error",
      ...(allowedOrigins !== undefined && { allowedOrigins }),
    });
  const click = async (port: number) => {
    const html = page
      .replace("localhost:3500", `localhost:${port}`)
      .replace(/<script type="module">[\s\S]*?<\/script>/, "");
    writeFileSync(join(folder, "index.html"), html);
    await tab.goto(`file://${join(folder, "index.html")}`);
    await tab.click("#send");
    await expect.poll(() => tab.evaluate(() => window.outcomes.length)).toBe(1);
    return await tab.evaluate(() => window.outcomes[0]);
  };
  writeFileSync(join(folder, "jquery.js"), jquery);
  const closed = await start();
  // The browser keeps a refused preflight from the script: there is no status.
  expect(await click(closed.port)).toBe(0);
  expect(first.reached).toEqual([]);
  await closed.stop();
  const open = await start("*");
  expect(await click(open.port)).toBe(200);
  expect(first.reached.map(({ body }) => body)).toEqual(['"Hello, World!"']);
  await open.stop();
  rmSync(folder, { recursive: true });
});
