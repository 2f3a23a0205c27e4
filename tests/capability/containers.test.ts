import { type ChildProcess, execFile } from "node:child_process";
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { defaultLimits } from "../../host/capability/manifest.ts";
import { ContainerEngine, runArguments } from "../../host/node/capability/container-engine.ts";
import { tryPackage } from "../../host/node/cli/capability/try-package.ts";
import type { Terminal } from "../../host/node/cli/terminal.ts";
import { createRuntime, type LocalRuntime } from "../../host/node/create-runtime.ts";

/** A busy machine takes its time. */
const patient = { timeout: 20_000 };

const manifest = (...offers: string[]) =>
  `name: object-detection\nversion: "1.0"\nlimits: { timeMs: 60000 }\noffers:\n${offers.map((offer) => `  - ${offer}\n`).join("")}`;
const container = "Container: { image: example/detect:1.2, port: 5000 }";
const openapi = {
  openapi: "3.1.0",
  info: { title: "detect", version: "1" },
  paths: { "/object": { post: { operationId: "object", requestBody: { content: { "*/*": {} } } } } },
};
const realPath = process.env.PATH ?? "";

let folder: string;
let containers: string;
let runtime: LocalRuntime | undefined;
const children: ChildProcess[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "daprlet-containers-"));
  containers = join(folder, "containers");
  for (const name of ["bin", "containers", "package"]) mkdirSync(join(folder, name));
  cpSync(join(import.meta.dirname, "fake-docker.mjs"), join(folder, "bin/docker"));
  chmodSync(join(folder, "bin/docker"), 0o755);
  vi.stubEnv("PATH", [join(folder, "bin"), dirname(process.execPath)].join(delimiter));
  vi.stubEnv("FAKE_DOCKER", containers);
});

afterEach(async () => {
  await runtime?.stop(0);
  for (const child of children.splice(0)) child.kill("SIGKILL");
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

async function started(
  text: string,
  grant: unknown = { containers: ["example/detect:1.2"] },
  clock: "system" | "fake" = "system",
): Promise<LocalRuntime> {
  writeFileSync(join(folder, "package/capability.yaml"), text);
  writeFileSync(join(folder, "package/openapi.json"), JSON.stringify(openapi));
  runtime = await createRuntime({
    clock,
    capabilities: { paths: [join(folder, "package")], grants: { "object-detection": grant } },
    log: { debug() {}, info() {}, warn() {}, error() {} },
  });
  return runtime;
}

async function call(one: LocalRuntime, body = "picture", path = "/v1/capabilities/object?as=rectangles") {
  const response = await one.fetch(path, { method: "POST", body });
  const from = response.headers.get("daprlet-capability-source");
  return { status: response.status, from, text: await response.text() };
}

interface Shown {
  readonly measured: object;
  readonly containers?: readonly {
    readonly status: string;
    readonly started: number;
    readonly cause?: string;
  }[];
}

async function shown(one: LocalRuntime): Promise<Shown> {
  const { capabilities } = (await (await one.fetch("/v1.0/capabilities")).json()) as {
    capabilities: Shown[];
  };
  return capabilities[0] as Shown;
}

const running = () => readdirSync(containers).filter((name) => name.endsWith(".json"));
const pidOf = (text: string) => (JSON.parse(text) as { pid: number }).pid;

describe("T59: a container of the book's manifest", () => {
  it("is started by its first call, answers, and is ended with the sidecar", async () => {
    const one = await started(manifest(container));
    expect((await shown(one)).containers).toEqual([
      { image: "example/detect:1.2", port: 5000, status: "stopped", started: 0 },
    ]);
    expect(running()).toEqual([]);
    const answer = await call(one);
    expect(answer).toMatchObject({ status: 200, from: "container" });
    expect(JSON.parse(answer.text)).toMatchObject({ url: "/object?as=rectangles", body: "picture" });
    expect((await call(one)).text).toContain(`"pid":${pidOf(answer.text)},`);
    expect((await shown(one)).containers).toMatchObject([{ status: "running", started: 1 }]);
    expect((await shown(one)).measured).toMatchObject({ calls: 2, answered: 2 });
    await one.stop(0);
    expect(running()).toEqual([]);
  }, 30_000);

  it("has no privileges, no more than its limits, and is reached by this machine alone", async () => {
    const one = await started(manifest(container), {
      all: true,
      limits: { memory: "512Mi", concurrency: 1 },
    });
    await call(one);
    const [file = ""] = running();
    expect(JSON.parse(readFileSync(join(containers, file), "utf8")).switches).toMatchObject({
      "--rm": true,
      "--read-only": true,
      "--cap-drop": "ALL",
      "--security-opt": "no-new-privileges",
      "--publish": "127.0.0.1::5000",
      "--memory": String(512 << 20),
      "--memory-swap": String(512 << 20),
      "--cpus": "1",
    });
  }, 30_000);

  it("is started again by the next call when it has died", async () => {
    const one = await started(manifest(container));
    const first = pidOf((await call(one)).text);
    expect((await call(one, "die")).status).toBe(503);
    await expect.poll(async () => (await shown(one)).containers?.[0]?.status, patient).toBe("stopped");
    expect((await shown(one)).containers?.[0]?.cause).toMatch(/has ended: it exited with 3/);
    const again = await call(one);
    expect(again.status).toBe(200);
    expect(pidOf(again.text)).not.toBe(first);
    expect((await shown(one)).containers).toMatchObject([{ status: "running", started: 2 }]);
  }, 30_000);

  it("is late after its deadline, and others are answered", async () => {
    const one = await started(manifest(container), { all: true, limits: { timeMs: 3_000 } });
    await expect.poll(async () => (await call(one)).status, patient).toBe(200);
    const late = call(one, "hang");
    expect((await call(one)).status).toBe(200);
    expect(await late).toMatchObject({
      status: 504,
      text: expect.stringContaining("container example/detect:1.2 did not answer within 3000 ms"),
    });
  }, 30_000);

  it("answers what is under way when its package changes, and is ended then", async () => {
    const one = await started(manifest(container), "all");
    const first = pidOf((await call(one)).text);
    const slow = call(one, "slow");
    writeFileSync(join(folder, "package/capability.yaml"), `description: new\n${manifest(container)}`);
    await expect.poll(async () => pidOf((await call(one)).text), patient).not.toBe(first);
    expect(await slow).toMatchObject({ status: 200, from: "container" });
    await expect.poll(running, patient).toHaveLength(1);
  }, 30_000);

  it("says why it cannot be started, and is tried again after a pause", async () => {
    const absent = manifest("Container: absent/detect");
    const one = await started(absent, "all", "fake");
    const answer = await call(one);
    expect(answer.status).toBe(503);
    expect(answer.text).toContain(
      "container absent/detect cannot be started: docker: Error response from daemon: pull access denied",
    );
    expect((await shown(one)).containers).toMatchObject([{ status: "stopped", started: 1 }]);
    await call(one);
    expect((await shown(one)).containers).toMatchObject([{ started: 1 }]);
    await one.advance(5_001);
    await call(one);
    expect((await shown(one)).containers).toMatchObject([{ started: 2 }]);
  }, 30_000);

  it("is not run where it was not granted, and called by name where nothing runs it", async () => {
    const one = await started(manifest(container), {});
    const ungranted = await call(one);
    expect([ungranted.status, ungranted.text]).toEqual([
      503,
      expect.stringContaining("the container example/detect:1.2 was not granted"),
    ]);
    expect((await shown(one)).containers).toMatchObject([
      { status: "refused", cause: expect.stringContaining("was not granted") },
    ]);
    await one.stop(0);
    vi.stubEnv("PATH", join(folder, "containers"));
    const without = await call(await started(manifest(container)));
    expect([without.status, without.text]).toEqual([
      503,
      expect.stringContaining(
        "it is offered as the container example/detect:1.2, and neither docker nor podman is on the PATH to run it: install one of them",
      ),
    ]);
    expect(running()).toEqual([]);
  }, 30_000);

  it("that a killed sidecar left is removed by the next one, and no other's", async () => {
    const engine = ContainerEngine.find(join(folder, "bin"));
    if (engine === undefined) throw new Error("there is no engine");
    const left = (name: string) => children.push(engine.run(name, "example/detect:1.2", 5000, defaultLimits));
    // No process has this number: Linux gives out at most 4,194,304.
    const killed = "daprlet-4194305-1-0000";
    const living = engine.name("0001");
    left(killed);
    left(living);
    await expect.poll(running, patient).toHaveLength(2);
    const one = await started(manifest(container));
    await expect.poll(running, patient).toEqual([`${living}.json`]);
    expect((await call(one)).status).toBe(200);
  }, 30_000);

  it("is tried by daprlet capability test", async () => {
    writeFileSync(join(folder, "package/capability.yaml"), manifest(container));
    writeFileSync(join(folder, "package/openapi.json"), JSON.stringify(openapi));
    const requests = [{ request: "POST /object", body: "picture" }];
    writeFileSync(join(folder, "package/requests.json"), JSON.stringify(requests));
    const said: string[] = [];
    const say = (line: string) => said.push(line);
    const code = await tryPackage(join(folder, "package"), { out: say, err: say } as unknown as Terminal);
    expect([code, said]).toEqual([
      0,
      [
        "container example/detect:1.2: started by its first call, listens on 5000",
        "asks to: run the container example/detect:1.2 on this machine, with its network; at most 60000 ms a call",
        expect.stringMatching(/^✓ POST \/object: 200/),
        "1 passed, 0 failed",
      ],
    ]);
    expect(running()).toEqual([]);
  }, 30_000);

  it("is no switch of a command", async () => {
    const one = await started(manifest("Container: --privileged"), "all");
    expect((await call(one)).status).toBe(404);
    expect(await shown(one)).toMatchObject({
      status: "refused",
      cause: expect.stringContaining("Container must name an image"),
    });
  });
});

const docker = ContainerEngine.find(realPath) !== undefined;

it.runIf(docker)("the engine's own client takes the arguments", async () => {
  const args = runArguments("daprlet-1-1-0", "example/detect:1.2", 5000, defaultLimits);
  const env = { PATH: realPath, HOME: folder, DOCKER_HOST: "unix:///nonexistent.sock" };
  const said = await promisify(execFile)("docker", args, { env }).catch(
    (error: { stderr: string }) => error.stderr,
  );
  expect(said).toMatch(/connect/i);
  expect(said).not.toMatch(/unknown flag|invalid argument|requires/i);
});
