import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { componentYaml, freePort, json, runApp, untilHealthy, Workshop } from "./cli.ts";

let shop: Workshop;
beforeEach(() => {
  shop = new Workshop();
});
afterEach(() => shop.close());

describe("daprlet run", () => {
  it("T7: reads ./components of the working folder, in the form that the book prints", async () => {
    shop.write(
      "components/statestore.yaml",
      'apiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata:\n  name: statestore\nspec:\n  type: state.in-memory\n  metadata:\n  - name: redisHost\n    value: localhost:6379\n  - name: redisPassword\n    value: ""\n',
    );
    shop.write("components/notes.txt", "kind: [not a resource");
    const port = await freePort();
    const running = shop.start(["run", "--app-id", "a", "--port", String(port)]);
    expect(await untilHealthy(port)).toBe(204);
    await running.says(/loaded component statestore \(state\.in-memory\)/);
    const { components } = await json(`http://localhost:${port}/v1.0/metadata`);
    expect(components).toMatchObject([{ name: "statestore", type: "state.in-memory", version: "v1" }]);
    expect(existsSync(join(shop.folder, ".daprlet"))).toBe(false);
  });

  it("T7: names the components that there are when a type is none of them", async () => {
    shop.write("components/other.yaml", componentYaml("statestore", "state.cassandra"));
    const running = shop.start(["run", "--app-id", "a"]);
    expect(await running.ended).toBe(1);
    expect(running.err).toMatch(
      /component statestore \(components\/other\.yaml, document 1\): type state\.cassandra is not supported by daprlet; it has .*state\.sqlite/,
    );
  });

  it("T8: takes the book's switches, no -- before the command, and hands the ports on", async () => {
    const { running, port, appPort, url } = await runApp(shop, [
      "--max-concurrency",
      "-1",
      "--profile-port",
      "7777",
    ]);
    expect(running.out).toContain(
      `ps is up: its sidecar is at http://localhost:${port}, its app on port ${appPort}`,
    );
    const environment = await json(`${url}/v1.0/invoke/ps/method/environment`);
    expect(environment).toEqual({ APP_ID: "ps", APP_PORT: String(appPort), DAPR_HTTP_PORT: String(port) });
    expect(running.err).toMatch(/without effect yet: --profile-port/);
    expect(running.out).toContain("== APP == the app listens");
    expect(await json(`${url}/v1.0/metadata`)).toMatchObject({
      extended: { appCommand: expect.stringContaining("app.mjs"), cliPID: String(running.child.pid) },
      appConnectionProperties: { port: appPort, protocol: "http" },
    });
  });

  it("T9: keeps serving after a command that has ended, until Ctrl-C, which ends it with 0", async () => {
    const port = await freePort();
    const running = shop.start(["run", "--port", String(port), "echo", "a"]);
    await running.says(/the command ended; the sidecar stays/);
    expect(running.out).toContain("== APP == a\n");
    expect(await untilHealthy(port)).toBe(204);
    const { id } = await json(`http://localhost:${port}/v1.0/metadata`);
    expect(id).toMatch(/^echo-[0-9a-f]{4}$/);
    running.child.kill("SIGINT");
    expect(await running.ended).toBe(0);
  });

  it("T24: publish finds the one that runs; --data and --payload are one", async () => {
    const { running } = await runApp(shop);
    for (const flag of ["--payload", "--data"]) {
      const data = `{ "message": "This is a test", "by": "${flag}" }`;
      const publish = shop.start(["publish", "--topic", "A", flag, data]);
      expect([await publish.ended, publish.err]).toEqual([0, ""]);
      await running.says(new RegExp(`== APP == event ${JSON.stringify(JSON.parse(data))}`));
    }
    const unknown = shop.start(["publish", "--publish-app-id", "nobody", "--topic", "A", "--data", "1"]);
    expect(await unknown.ended).toBe(1);
    expect(unknown.err).toMatch(/no sidecar of nobody is running; there is ps/);
  });

  it("T24: publish without a running sidecar fails with a sentence", async () => {
    const publish = shop.start(["publish", "--topic", "A", "--data", "x"]);
    expect(await publish.ended).toBe(1);
    expect(publish.err).toMatch(/no sidecar is running; start one with `daprlet run`/);
  });

  it("invoke, list and stop find it too, without a token", async () => {
    const { running, port, appPort } = await runApp(shop, [], { DAPR_API_TOKEN: "t" });
    const invoke = shop.start(["invoke", "--app-id", "ps", "--method", "greeting", "--verb", "get"]);
    expect([await invoke.ended, invoke.out]).toEqual([0, "Hello, World!\n"]);
    const list = shop.start(["list", "-o", "json"]);
    expect(await list.ended).toBe(0);
    expect(JSON.parse(list.out)).toMatchObject([
      { appId: "ps", httpPort: port, appPort, pid: running.child.pid },
    ]);
    const table = shop.start(["list"]);
    await table.ended;
    expect(table.out).toMatch(new RegExp(`^APP ID .*\n *ps +${port} +${appPort} `));
    const stop = shop.start(["stop", "--app-id", "ps"]);
    expect([await stop.ended, stop.out]).toEqual([0, "ps stopped\n"]);
    expect(await running.ended).toBe(7);
    expect(running.out).toContain("== APP == bye 204");
    const again = shop.start(["stop", "ps"]);
    expect(await again.ended).toBe(1);
  });

  it("T3: keeps what was stored when the sidecar is killed, in a folder that it names", async () => {
    const first = await runApp(shop);
    await first.running.says(new RegExp(`keeps its data in ${join(shop.folder, ".daprlet", "state.db")}`));
    const saved = await fetch(`${first.url}/v1.0/state/statestore`, {
      method: "POST",
      body: '[{"key":"mystate","value":6}]',
    });
    expect(saved.status).toBe(204);
    first.running.child.kill("SIGKILL");
    await first.running.ended;
    expect(readFileSync(join(shop.folder, ".daprlet/.gitignore"), "utf8")).toBe("*\n");
    const port = await freePort();
    shop.start(["run", "--app-id", "ps", "--port", String(port)]);
    expect(await untilHealthy(port)).toBe(204);
    const read = await fetch(`http://localhost:${port}/v1.0/state/statestore/mystate`);
    expect([read.status, await read.text()]).toEqual([200, "6"]);
    expect(await json(`http://localhost:${port}/v1.0/metadata`)).toMatchObject({
      extended: { "storage.statestore": "persistent" },
    });
  });

  it("T15: two sidecars of one machine find each other by app id, without a setting", async () => {
    const { running } = await runApp(shop);
    const port = await freePort();
    const began = Date.now();
    shop.start(["run", "--app-id", "other", "--port", String(port)]);
    expect(await untilHealthy(port)).toBe(204);
    const url = `http://localhost:${port}/v1.0/invoke/ps/method/greeting`;
    expect(await (await fetch(url)).text()).toBe("Hello, World!");
    expect(Date.now() - began).toBeLessThan(3_000);
    const twin = shop.start(["run", "--app-id", "other"]);
    await twin.says(/warning: other runs already \(pid \d+\): its calls and events are shared with this one/);
    running.child.kill("SIGKILL");
    await running.ended;
    const gone = await fetch(url);
    expect([gone.status, await gone.json()]).toEqual([
      500,
      { errorCode: "ERR_DIRECT_INVOKE", message: expect.stringMatching(/^failed to invoke, id: ps, err: /) },
    ]);
  });

  it.each([
    ["--strict", "404"],
    ["", "204"],
  ])("the book's publish without a pub/sub name under %j is %s", async (flag, status) => {
    const { url } = await runApp(shop, flag === "" ? [] : [flag]);
    const answer = await fetch(`${url}/v1.0/publish/A`, { method: "POST", body: "{}" });
    expect(String(answer.status)).toBe(status);
  });

  it("starts a relay for the first and joins it with the second", async () => {
    const relay = await freePort();
    const { running, url } = await runApp(shop, ["--relay", String(relay)]);
    expect(running.err).toContain(`the relay is at ws://127.0.0.1:${relay}`);
    const port = await freePort();
    const other = shop.start([
      ...["run", "--app-id", "other", "--relay", String(relay), "--port", String(port)],
    ]);
    await other.says(/joining the relay that is there/);
    expect(await untilHealthy(port)).toBe(204);
    const published = await fetch(`http://localhost:${port}/v1.0/publish/pubsub/A`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: '"through the relay"',
    });
    expect(published.status).toBe(204);
    await running.says(/== APP == event "through the relay"/);
    expect((await json(`${url}/v1.0/metadata`)).components).toMatchObject([
      { type: "state.sqlite" },
      { name: "pubsub", type: "pubsub.relay" },
    ]);
  });
});

describe("endings", () => {
  const run = async (source: string, args: readonly string[] = []) => {
    const app = shop.write("ending.mjs", source);
    const port = await freePort();
    return {
      port,
      running: shop.start(["run", "--app-id", "a", "--port", String(port), ...args, "--", "node", app]),
    };
  };

  it.each([
    ["with an app port, exit code 0", "setTimeout(() => process.exit(0), 50)", ["--app-port", "1"], 0],
    ["with an app port, exit code 5", "setTimeout(() => process.exit(5), 50)", ["--app-port", "1"], 5],
    ["without an app port, exit code 5", "process.exit(5)", [], 5],
    ["by a signal", "process.kill(process.pid, 'SIGKILL')", [], 137],
  ])("the app's end %s is the command's", async (_, source, args, code) => {
    const { running, port } = await run(source as string, args as string[]);
    expect(await running.ended).toBe(code);
    expect(await untilHealthy(port, "/v1.0/healthz", 0)).toBe(0);
  });

  it("passes a signal on, waits for the app, and ends with its code", async () => {
    const { running, port } = await runApp(shop);
    running.child.kill("SIGTERM");
    expect(await running.ended).toBe(7);
    expect(running.out).toContain("== APP == bye 204");
    expect(await untilHealthy(port, "/v1.0/healthz", 0)).toBe(0);
  });

  it("ends with 0 when the app just dies of the signal that was passed on", async () => {
    const { running } = await run("setInterval(() => {}, 1000); console.log('up')");
    await running.says(/== APP == up/);
    running.child.kill("SIGINT");
    expect(await running.ended).toBe(0);
  });

  it("kills an app that ignores the signal when it is asked again", async () => {
    const { running } = await run(
      "process.on('SIGTERM', () => console.log('no')); setInterval(() => {}, 1000); console.log('up')",
    );
    await running.says(/== APP == up/);
    running.child.kill("SIGTERM");
    await running.says(/== APP == no/);
    running.child.kill("SIGTERM");
    expect(await running.ended).toBe(137);
    expect(running.err).toContain("asked twice");
  });

  it("a shutdown by the API ends the app and the command", async () => {
    const { running, url } = await runApp(shop);
    expect((await fetch(`${url}/v1.0/shutdown`, { method: "POST" })).status).toBe(204);
    expect(await running.ended).toBe(7);
  });

  it("a forced shutdown ends the process with 1, and does not leave the app behind", async () => {
    const { running, url, appPort } = await runApp(shop);
    const headers = { "dapr-force-shutdown": "true" };
    expect((await fetch(`${url}/v1.0/shutdown`, { method: "POST", headers })).status).toBe(204);
    expect(await running.ended).toBe(1);
    const app = () =>
      fetch(`http://127.0.0.1:${appPort}/greeting`).then(
        () => "there",
        () => "gone",
      );
    await expect.poll(app, { timeout: 5_000 }).toBe("gone");
  });

  it("says that a command was not found", async () => {
    const running = shop.start(["run", "--app-id", "a", "--", "no-such-command-of-daprlet"]);
    expect(await running.ended).toBe(127);
    expect(running.err).toContain("the command no-such-command-of-daprlet was not found");
    shop.write("text.txt", "no program");
    expect(await shop.start(["run", "--", "./text.txt"]).ended).toBe(126);
  });
});

describe("the command line itself", () => {
  it("tells its version and its commands", async () => {
    const version = shop.start(["--version"]);
    expect([await version.ended, version.out]).toEqual([0, expect.stringMatching(/^\d+\.\d+\.\d+\n$/)]);
    const help = shop.start(["--help"]);
    expect(await help.ended).toBe(0);
    for (const command of ["run", "daprd", "publish", "invoke", "list", "stop", "relay", "init"]) {
      expect(help.out).toMatch(new RegExp(`^ {2}${command} `, "m"));
    }
  });

  it("runs a relay until it is asked to end", async () => {
    const port = await freePort();
    const running = shop.start(["relay", "--port", String(port)]);
    await running.says(new RegExp(`the relay is at ws://127\\.0\\.0\\.1:${port}`));
    running.child.kill("SIGTERM");
    expect(await running.ended).toBe(0);
    const open = shop.start(["relay", "--port", String(port), "--address", "0.0.0.0"]);
    expect(await open.ended).toBe(1);
    expect(open.err).toMatch(/needs a token/);
  });
});
