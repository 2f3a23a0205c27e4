import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { componentYaml, freePort, json, runApp, untilHealthy, Workshop } from "./cli.ts";

let shop: Workshop;
beforeEach(() => {
  shop = new Workshop();
});
afterEach(() => shop.close());

describe("daprlet daprd", () => {
  it("takes daprd's flags, loads what --resources-path names, logs as daprd does", async () => {
    shop.write("r/state.yaml", componentYaml("s", "state.in-memory"));
    const [port, publicPort] = [await freePort(), await freePort()];
    const running = shop.start([
      ...["daprd", "--app-id", "a", `--dapr-http-port=${port}`, "--dapr-grpc-port", "50001"],
      ...["--dapr-internal-grpc-port", "50002", "--metrics-port", "9090", "--enable-metrics=false"],
      ...["--placement-host-address", "localhost:50005", "--mode", "standalone", "--log-level", "debug"],
      ...["--resources-path", "r", "--dapr-public-port", String(publicPort), "--enable-api-logging=true"],
    ]);
    await running.says(/level=info msg="dapr initialized\. Status: Running\. Init Elapsed \d+ms" app_id=a /);
    expect(running.out).toMatch(/level=warning msg="accepted, without effect yet: --dapr-grpc-port/);
    expect(running.out.match(/without effect yet/g)).toHaveLength(1);
    expect((await json(`http://localhost:${port}/v1.0/metadata`)).components).toMatchObject([{ name: "s" }]);
    await running.says(/HTTP API Called.*method="GET \/v1\.0\/metadata"/);
    expect((await fetch(`http://localhost:${publicPort}/v1.0/healthz`)).status).toBe(204);
    expect((await fetch(`http://localhost:${publicPort}/v1.0/state/s/k`)).status).toBe(404);
    const wait = shop.start(["daprd", "--wait", "--dapr-http-port", String(port)]);
    expect(await wait.ended).toBe(0);
    running.child.kill("SIGTERM");
    expect(await running.ended).toBe(0);
    expect(running.err).toBe("");
  });

  it("takes names with one dash, paths with commas and a file for its log, and tells its version", async () => {
    shop.write("r/one.yaml", componentYaml("one", "state.in-memory"));
    shop.write("q/two.yaml", componentYaml("two", "state.in-memory"));
    const port = await freePort();
    const running = shop.start([
      ...["daprd", "-app-id", "a", `-dapr-http-port=${port}`, "-resources-path", "r,q"],
      ...["--log-file", "a.log", "--disable-builtin-k8s-secret-store"],
    ]);
    expect(await untilHealthy(port)).toBe(204);
    const { components } = await json(`http://localhost:${port}/v1.0/metadata`);
    expect(components).toMatchObject([{ name: "one" }, { name: "two" }]);
    running.child.kill("SIGTERM");
    expect(await running.ended).toBe(0);
    expect(running.out).toBe("");
    expect(readFileSync(join(shop.folder, "a.log"), "utf8")).toMatch(/Status: Running[\s\S]*msg="stopped"/);
    const version = shop.start(["daprd", "--version"]);
    expect(await version.ended).toBe(0);
    expect(version.out).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it("ends with 1 where what was under way had to be cut off", async () => {
    const app = createServer(({ url }, response) => {
      if (url !== "/hang") response.writeHead(404).end();
    });
    await new Promise<void>((resolve) => app.listen(0, "127.0.0.1", resolve));
    const { port: appPort } = app.address() as AddressInfo;
    const port = await freePort();
    const running = shop.start([
      ...["daprd", "--app-id", "a", `--dapr-http-port=${port}`, "--app-port", String(appPort)],
      ...["--dapr-graceful-shutdown-seconds", "1", "--enable-metrics=false"],
    ]);
    await running.says(/Status: Running/);
    const hangs = new Promise((resolve) => app.on("request", ({ url }) => url === "/hang" && resolve(url)));
    fetch(`http://localhost:${port}/v1.0/invoke/a/method/hang`).catch(() => undefined);
    await hangs;
    running.child.kill("SIGTERM");
    expect(await running.ended).toBe(1);
    expect(running.out).toMatch(/level=error msg="the stop took longer than 1000 ms/);
    app.closeAllConnections();
    app.close();
  });

  it("reads its resources again on SIGHUP, also where it does not watch them", async () => {
    const still = "kind: Configuration\nspec:\n  features:\n    - { name: HotReload, enabled: false }\n";
    shop.write("still.yaml", `apiVersion: dapr.io/v1alpha1\nmetadata:\n  name: still\n${still}`);
    shop.write("r/one.yaml", componentYaml("one", "state.in-memory"));
    const port = await freePort();
    const running = shop.start([
      ...["daprd", "--app-id", "a", `--dapr-http-port=${port}`, "--resources-path", "r"],
      ...["--config", "still.yaml", "--enable-metrics=false"],
    ]);
    await running.says(/Status: Running/);
    shop.write("r/two.yaml", componentYaml("two", "state.in-memory"));
    running.child.kill("SIGHUP");
    await running.says(/received SIGHUP[\s\S]*component two was opened/);
    const { components } = await json(`http://localhost:${port}/v1.0/metadata`);
    expect(components).toMatchObject([{ name: "one" }, { name: "two" }]);
    running.child.kill("SIGTERM");
    expect(await running.ended).toBe(0);
  });

  it("logs JSON on request", async () => {
    const port = await freePort();
    const running = shop.start(["daprd", "--app-id", "a", "--dapr-http-port", String(port), "--log-as-json"]);
    await running.says(/Status: Running/);
    for (const line of running.out.trim().split("\n")) {
      expect(JSON.parse(line)).toMatchObject({ app_id: "a", level: "info", type: "log" });
    }
  });

  it("asks for DAPR_API_TOKEN and shows APP_API_TOKEN to the app", async () => {
    const { url } = await runApp(shop, [], { DAPR_API_TOKEN: "mine", APP_API_TOKEN: "apps" });
    const path = `${url}/v1.0/invoke/ps/method/token`;
    expect((await fetch(path)).status).toBe(401);
    const answer = await fetch(path, { headers: { "dapr-api-token": "mine" } });
    expect([answer.status, await answer.text()]).toEqual([200, "apps"]);
  });

  it("T10: a page from a file is refused without the effect, and allowed by name", async () => {
    const headers = { origin: "null", "content-type": "application/json" };
    const body = '[{"key":"k","value":1}]';
    const [port, open] = [await freePort(), await freePort()];
    shop.start(["daprd", "--app-id", "a", "--dapr-http-port", String(port)]);
    shop.start(["daprd", "--app-id", "b", "--dapr-http-port", String(open), "--allowed-origins", "null"]);
    expect([await untilHealthy(port), await untilHealthy(open)]).toEqual([204, 204]);
    const save = (to: number) =>
      fetch(`http://localhost:${to}/v1.0/state/statestore`, { method: "POST", headers, body });
    const refused = await save(port);
    expect([refused.status, await refused.json()]).toMatchObject([403, { errorCode: "ERR_FORBIDDEN_HOST" }]);
    expect((await fetch(`http://localhost:${port}/v1.0/state/statestore/k`)).status).toBe(204);
    expect((await save(open)).status).toBe(204);
    expect((await fetch(`http://localhost:${open}/v1.0/state/statestore/k`)).status).toBe(200);
  });

  it.each([
    [["daprd"], /app id: use --app-id/],
    [["daprd", "--app-id", "a", "--no-such-flag"], /unknown option '--no-such-flag'/],
    [["daprd", "--app-id", "a", "--log-level", "loud"], /--log-level is one of .*not loud/],
    [
      ["daprd", "--app-id", "a", "--dapr-http-port", "many"],
      /--dapr-http-port takes a whole number, not many/,
    ],
    [["daprd", "--app-id", "a", "--dapr-http-port", "70000"], /70000 is no port/],
    [["daprd", "--app-id", "a", "--max-body-size", "big"], /--max-body-size takes a size/],
    [["daprd", "--app-id", "a", "--mode", "kubernetes"], /--mode kubernetes is not supported/],
    [["daprd", "--app-id", "a", "--app-protocol", "grpc"], /--app-protocol grpc is not supported yet/],
    [["daprd", "--app-id", "a", "--resources-path", "nowhere"], /resources path nowhere does not exist/],
    [["run", "-f", "dapr.yaml"], /--run-file dapr.yaml: there is no such file/],
    [["daprd", "-f", "dapr.yaml"], /--run-file: a template is for `daprlet run`/],
    [["run", "-k", "--app-id", "a"], /--kubernetes: daprlet does not run in Kubernetes mode/],
    [["fly"], /unknown command 'fly'/],
  ])("refuses %j by name", async (args, sentence) => {
    const running = shop.start(args as string[]);
    expect(await running.ended).toBe(1);
    expect(running.err).toMatch(sentence as RegExp);
  });

  it("names file, document, line and field of a resource that is not one", async () => {
    shop.write("r/a.yaml", `${componentYaml("s", "state.in-memory")}---\n${componentYaml("t", "5")}`);
    const running = shop.start(["daprd", "--app-id", "a", "--resources-path", "r"]);
    expect(await running.ended).toBe(1);
    expect(running.err).toContain("r/a.yaml, document 2, line 13: spec.type must be text");
  });

  it("warns once about resources that are not applied yet", async () => {
    shop.write(
      "r/a.yaml",
      "apiVersion: dapr.io/v1alpha1\nkind: MCPServer\nmetadata:\n  name: one\n---\napiVersion: dapr.io/v1alpha1\nkind: MCPServer\nmetadata:\n  name: two\n",
    );
    const port = await freePort();
    const running = shop.start([
      ...["daprd", "--app-id", "a", "--dapr-http-port", String(port), "--resources-path", "r"],
    ]);
    await running.says(/Status: Running/);
    expect(running.out.match(/resources of kind MCPServer are read and not applied yet/g)).toHaveLength(1);
    expect(running.out).toContain("one (r/a.yaml, document 1); two (r/a.yaml, document 2)");
  });
});
