import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { appSource, componentYaml, freePort, type Running, untilHealthy, Workshop } from "./cli.ts";

let shop: Workshop;
beforeEach(() => {
  shop = new Workshop();
});
afterEach(() => shop.close());

/** Small apps: each says that it runs, and waits to be ended; the workshop's folder is in its words. */
const waits = (name: string) => [
  "sh",
  "-c",
  `echo ${name} runs, $WHO; exec tail -n 0 -f ${shop.folder}/dapr.yaml`,
];

interface App {
  readonly id: string;
  readonly command: readonly string[];
  readonly more?: string;
}

function template(apps: readonly App[], common = "env: {WHO: common}"): string {
  for (const { id } of apps) mkdirSync(join(shop.folder, id), { recursive: true });
  const list = apps.map(
    ({ id, command, more = "" }) =>
      `  - appDirPath: ${id}\n    command: ${JSON.stringify(command)}\n${more === "" ? "" : `    ${more}\n`}`,
  );
  return shop.write("dapr.yaml", `version: 1\ncommon:\n  ${common}\napps:\n${list.join("")}`);
}

/** Whether any process has this workshop's folder in its words. */
const left = () => {
  const all = execFileSync("ps", ["-eo", "pid,args"], { encoding: "utf8" }).split("\n");
  return all.filter((line) => line.includes(shop.folder));
};

const allUp = (running: Running, ids: readonly string[]) =>
  Promise.all(ids.map((id) => running.says(new RegExp(`^${id} is up: `, "m"), 40_000)));

describe("daprlet run -f", () => {
  it("runs five apps; the crash of one ends no other, and decides the exit code after Ctrl-C", async () => {
    const app = shop.write("app.mjs", appSource);
    const [port, appPort] = [await freePort(), await freePort()];
    const ids = ["ps", "a", "b", "c", "crash"];
    template([
      {
        id: "ps",
        command: ["node", app],
        more: `appPort: ${appPort}\n    daprHTTPPort: ${port}\n    daprdLogDestination: console`,
      },
      { id: "a", command: waits("a") },
      { id: "b", command: waits("b"), more: "env: {WHO: own}" },
      { id: "c", command: waits("c"), more: "appLogDestination: file" },
      { id: "crash", command: ["sh", "-c", "echo to be seen; exit 3"] },
    ]);
    shop.write("shared/store.yaml", componentYaml("statestore", "state.in-memory"));
    const running = shop.start(["run", "-f", ".", "--resources-path", "shared"]);
    await running.says(/^5 apps of dapr\.yaml: ps, a, b, c, crash; Ctrl-C stops them$/m);
    await allUp(running, ids);
    await running.says(/^== APP - crash == to be seen$/m);
    await running.says(/^crash ended with exit code 3; see crash\/\.dapr\/logs$/m);
    expect(await untilHealthy(port)).toBe(204);
    const answer = await fetch(`http://localhost:${port}/v1.0/invoke/ps/method/greeting`);
    expect(await answer.text()).toBe("Hello, World!");
    await running.says(/^== APP - a == a runs, common$/m);
    await running.says(/^== APP - b == b runs, own$/m);
    expect(running.err).toMatch(/^== DAPR - ps == loaded component statestore \(state\.in-memory\)/m);
    const logs = readdirSync(join(shop.folder, "c/.dapr/logs"));
    expect(logs).toEqual([
      expect.stringMatching(/^c_app_\d{14}\.log$/),
      expect.stringMatching(/^c_daprd_\d{14}\.log$/),
    ]);
    const log = () => readFileSync(join(shop.folder, "c/.dapr/logs", logs[0] as string), "utf8");
    await expect.poll(log, { timeout: 10_000 }).toBe("c runs, common\n");
    expect(running.out).not.toContain("c runs");

    const again = shop.start(["run", "-f", "."]);
    expect([await again.ended, again.out]).toEqual([1, ""]);
    expect(again.err).toBe("daprlet: . runs already (a, b, c, ps); stop it with `daprlet stop -f .`\n");
    const list = shop.start(["list"]);
    await list.ended;
    expect(list.out).toMatch(/^APP ID .* RUN FILE\na .*dapr\.yaml\n/);

    running.child.kill("SIGINT");
    expect(await running.ended).toBe(3);
    expect(left()).toEqual([]);
  }, 90_000);

  it("ends with 0 by SIGTERM and by `daprlet stop -f`", async () => {
    template([
      { id: "a", command: waits("a") },
      { id: "b", command: waits("b") },
    ]);
    for (const end of ["signal", "stop"]) {
      const running = shop.start(["run", "--run-file", "dapr.yaml"]);
      await allUp(running, ["a", "b"]);
      if (end === "signal") running.child.kill("SIGTERM");
      else {
        const stop = shop.start(["stop", "-f", "dapr.yaml"]);
        expect([await stop.ended, stop.out, stop.err]).toEqual([0, "a, b stopped\n", ""]);
      }
      expect(await running.ended).toBe(0);
    }
    const stop = shop.start(["stop", "-f", "dapr.yaml"]);
    expect([await stop.ended, stop.err]).toEqual([1, "no app of dapr.yaml is running\n"]);
  }, 90_000);

  it("leaves nothing behind when it is killed, and when the sidecar of an app is", async () => {
    template([
      { id: "a", command: waits("a") },
      { id: "b", command: waits("b") },
    ]);
    const running = shop.start(["run", "-f", "dapr.yaml"]);
    await Promise.all([running.says(/a runs/, 40_000), running.says(/b runs/, 40_000)]);
    const list = shop.start(["list", "-o", "json"]);
    await list.ended;
    const [a] = JSON.parse(list.out) as { appId: string; pid: number; appPid: number }[];
    process.kill(a?.pid as number, "SIGKILL");
    await running.says(/^a ended with exit code 137/m);
    const gone = (pid: number) => {
      try {
        return !process.kill(pid, 0);
      } catch {
        return true;
      }
    };
    await expect.poll(() => gone(a?.appPid as number), { timeout: 20_000 }).toBe(true);
    running.child.kill("SIGKILL");
    await expect.poll(left, { timeout: 20_000 }).toEqual([]);
  }, 90_000);

  it("goes on without an app whose port is taken, or whose command is not there, and says so", async () => {
    const server = createServer();
    const port = await new Promise<number>((resolve) =>
      server.listen(0, "127.0.0.1", () => resolve((server.address() as { port: number }).port)),
    );
    template([
      { id: "a", command: waits("a") },
      { id: "b", command: waits("b"), more: `daprHTTPPort: ${port}` },
      { id: "c", command: ["no-such-command-of-daprlet"] },
    ]);
    const running = shop.start(["run", "-f", "dapr.yaml"]);
    await allUp(running, ["a"]);
    await running.says(/^b did not start, and ended with exit code 1; see b\/\.dapr\/logs$/m, 40_000);
    expect(running.err).toMatch(
      new RegExp(`^b: port ${port} of 127\\.0\\.0\\.1 is taken by another program`, "m"),
    );
    await running.says(/^c: the command no-such-command-of-daprlet was not found$/m);
    await running.says(/^c ended with exit code 127; see c\/\.dapr\/logs$/m);
    running.child.kill("SIGTERM");
    expect([1, 127]).toContain(await running.ended);
    server.close();
  }, 90_000);

  it.each([
    [
      "where no log can be written",
      [],
      /a\/\.dapr\/logs\/a_app_\d+\.log cannot be written \(E\w+\); set appLogDestination of a to console/,
    ],
    [
      "beside a command",
      ["node", "app.js"],
      /--run-file names the commands of its apps; leave out node app\.js/,
    ],
  ])("starts nothing %s", async (_, more, expected) => {
    template([{ id: "a", command: waits("a") }]);
    shop.write("a/.dapr", "a file");
    const running = shop.start(["run", "-f", "dapr.yaml", ...more]);
    expect([await running.ended, running.out]).toEqual([1, ""]);
    expect(running.err).toMatch(expected);
  });
});
