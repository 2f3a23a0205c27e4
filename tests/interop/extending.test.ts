import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Workshop } from "../node/cli.ts";

const root = resolve(import.meta.dirname, "../..");
const guide = readFileSync(join(root, "docs/extending.md"), "utf8");

/** The programs and files of the guide by the name in their first line. */
function blocks(language: string): ReadonlyMap<string, string> {
  const found = guide.matchAll(/^```(\w+)\n(?:\/\/|#) ([\w.-]+)\n([\s\S]*?)^```$/gm);
  const wanted = [...found].filter(([, written]) => written === language);
  return new Map(wanted.map(([, , name = "", text = ""]) => [name, text]));
}

const component = (name: string, type: string, metadata: readonly unknown[] = [], more = {}) =>
  JSON.stringify({
    apiVersion: "dapr.io/v1alpha1",
    kind: "Component",
    metadata: { name },
    spec: { type, version: "v1", metadata },
    ...more,
  });

/** Every program of the guide, loaded by `daprlet run`, in one sidecar with an app behind it. */
describe("the guide to components of one's own", () => {
  // Within the package, where its own name leads to what was built.
  const modules = mkdtempSync(join(root, "dist", ".extending-"));
  const workshop = new Workshop();
  const posted: string[] = [];
  let app: Server;
  let url: string;

  beforeAll(async () => {
    app = createServer((request, response) => {
      let body = "";
      request.on("data", (chunk: Buffer) => {
        body += chunk.toString();
      });
      request.on("end", () => {
        if (request.method === "POST") posted.push(`${request.url} ${body}`);
        const asked = request.url === "/dapr/subscribe" || request.method !== "GET";
        response.statusCode = asked ? 200 : 404;
        response.end(
          request.url === "/dapr/subscribe"
            ? JSON.stringify([
                { pubsubname: "direct", topic: "t", route: "/t", metadata: { rawPayload: "true" } },
              ])
            : "",
        );
      });
    });
    await new Promise<void>((done) => app.listen(0, "127.0.0.1", done));
    const resources = [
      component("shared", "secretstores.shared"),
      component("folder", "state.folder", [{ name: "path", secretKeyRef: { name: "FOLDER" } }], {
        auth: { secretStore: "shared" },
      }),
      component("direct", "pubsub.direct"),
      component("bell", "bindings.bell"),
      component("lines", "exporters.lines", [{ name: "path", value: join(workshop.folder, "spans") }]),
      ...blocks("yaml").values(),
    ];
    workshop.write("components/all.yaml", resources.join("\n---\n"));
    const programs = [...blocks("js")].map(([name, text]) => {
      writeFileSync(join(modules, name), text);
      return ["--components-module", join(modules, name)];
    });
    const port = (app.address() as AddressInfo).port;
    workshop.write("phone-book.json", JSON.stringify({ friend: `http://127.0.0.1:${port}` }));
    const sidecar = workshop.start(
      ["run", "--app-id", "shop", "--app-port", String(port), "--dapr-http-port", "0", ...programs.flat()],
      { SHARED_FOLDER: join(workshop.folder, "items"), SHARED_KEY: "of the environment" },
    );
    [, url = ""] = await sidecar.says(/its sidecar is at (http:\S+?),? /);
  }, 60_000);

  afterAll(async () => {
    await workshop.close();
    app.close();
    app.closeAllConnections();
    rmSync(modules, { recursive: true, force: true });
  });

  const post = (path: string, body: string, type = "application/json") =>
    fetch(`${url}${path}`, { method: "POST", body, headers: { "content-type": type } });

  /** What each program is tried with. */
  const trials: Readonly<Record<string, () => Promise<void>>> = {
    "require-json.mjs": async () => {
      const refused = await post("/v1.0/publish/direct/none", "a", "text/plain");
      expect([refused.status, await refused.json()]).toEqual([415, { error: "send application/json" }]);
      const passed = await post("/v1.0/publish/direct/none", "{}");
      expect([passed.status, passed.headers.get("x-checked")]).toEqual([204, "json"]);
      const elsewhere = await post("/v1.0/bindings/bell", '{"operation":"get"}', "text/plain");
      expect(elsewhere.status).not.toBe(415);
    },
    "folder-store.mjs": async () => {
      const items = JSON.stringify([{ key: "a/b", value: { n: 1 } }]);
      expect((await post("/v1.0/state/folder", items)).status).toBe(204);
      expect(readdirSync(join(workshop.folder, "items"))).toEqual(["shop%7C%7Ca%2Fb"]);
      expect(await (await fetch(`${url}/v1.0/state/folder/a%2Fb`)).json()).toEqual({ n: 1 });
      await fetch(`${url}/v1.0/state/folder/a%2Fb`, { method: "DELETE" });
      expect((await fetch(`${url}/v1.0/state/folder/a%2Fb`)).status).toBe(204);
      mkdirSync(join(workshop.folder, "items", "shop%7C%7Cdir"));
      expect(await (await fetch(`${url}/v1.0/state/folder/dir`)).json()).toMatchObject({
        errorCode: "ERR_STATE_GET",
        message: expect.stringContaining("the folder cannot be read: EISDIR"),
      });
      const refused = await post("/v1.0/state/folder/transaction", '{"operations":[]}');
      expect([refused.status, ((await refused.json()) as { errorCode: string }).errorCode]).toEqual([
        500,
        "ERR_STATE_STORE_NOT_SUPPORTED",
      ]);
    },
    "direct-pubsub.mjs": async () => {
      expect((await post("/v1.0/publish/direct/t?metadata.rawPayload=true", '{"n":7}')).status).toBe(204);
      await expect.poll(() => posted.some((one) => one.startsWith("/t "))).toBe(true);
    },
    "bell.mjs": async () => {
      const rung = await post("/v1.0/bindings/bell", '{"operation":"ring","data":"ding"}');
      expect([rung.status, await rung.json(), rung.headers.get("metadata.heard")]).toEqual([
        200,
        "rung",
        "1",
      ]);
      await expect.poll(() => posted).toContain('/bell "ding"');
    },
    "phone-book.mjs": async () => {
      expect((await post("/v1.0/invoke/friend/method/hello", '"you"')).status).toBe(200);
      expect(posted).toContain('/v1.0/invoke/friend/method/hello "you"');
      const unknown = await post("/v1.0/invoke/nobody/method/hello", "1");
      expect(await unknown.text()).toContain("couldn't find service: nobody");
    },
    "lines.mjs": async () => {
      const answer = await fetch(`${url}/v1.0/metadata?key=private`);
      const [, traceId = "-"] = (answer.headers.get("traceparent") ?? "").split("-");
      const spans = () =>
        readFileSync(join(workshop.folder, "spans"), { encoding: "utf8", flag: "a+" })
          .split("\n")
          .filter((line) => line.includes(traceId))
          .map((line) => JSON.parse(line));
      await expect.poll(() => spans().length, { timeout: 10_000 }).toBe(1);
      const api = { "dapr.api": "GET /v1.0/metadata", "url.full": "/v1.0/metadata" };
      expect(spans()[0]).toMatchObject({ appId: "shop", name: "/v1.0/metadata", kind: "client", ...api });
    },
    "shared-secrets.mjs": async () => {
      const found = await fetch(`${url}/v1.0/secrets/shared/KEY`);
      expect(await found.json()).toEqual({ KEY: "of the environment" });
      const missing = await fetch(`${url}/v1.0/secrets/shared/NONE`);
      expect(await missing.json()).toMatchObject({
        errorCode: "ERR_SECRET_GET",
        message: expect.stringContaining("secret NONE not found"),
      });
    },
  };

  it.each([...blocks("js").keys()])("%s", async (name) => {
    const trial = trials[name];
    await expect.poll(async () => (await fetch(`${url}/v1.0/healthz`)).status).toBe(204);
    if (trial === undefined) expect.fail(`${name} is not tried: add it to the trials`);
    await trial();
  });

  it("has a program for each trial", () => {
    expect(Object.keys(trials).filter((name) => !blocks("js").has(name))).toEqual([]);
  });

  it.each([
    ["export const nothing = 1;", /exports no component: export what defineStore, or its like, answers/],
    ["throw new Error('broken');", /cannot be loaded: broken/],
    [
      "export const a = { type: 'states.a', version: 'v1', metadata: {}, features: [], open() {} };",
      /type states\.a begins with none of secretstores, state/,
    ],
  ])("%s: one sentence, and no sidecar", async (text, sentence) => {
    const path = workshop.write("wrong.mjs", text);
    const refused = workshop.start(["run", "--app-id", "x", "--components-module", path]);
    expect(await refused.ended).toBe(1);
    expect(refused.err).toMatch(sentence);
  });
});
