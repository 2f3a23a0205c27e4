import { execFile } from "node:child_process";
import { chmodSync, existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { defaultLimits } from "../../host/capability/manifest.ts";
import { runArguments } from "../../host/node/capability/container-engine.ts";
import { tryPackage } from "../../host/node/cli/capability/try-package.ts";
import type { Terminal } from "../../host/node/cli/terminal.ts";
import { fakeEngine, programOf } from "./container-engines.ts";
import { bookManifest, ContainerSidecar } from "./container-sidecar.ts";

const realPath = process.env.PATH ?? "";

describe("T59: what an engine is asked for", () => {
  const engine = fakeEngine(join(tmpdir(), `daprlet-asked-docker-${process.pid}`));
  let sidecar: ContainerSidecar;

  beforeAll(() => void engine.prepare());
  afterAll(() => engine.remove());

  beforeEach(() => {
    sidecar = new ContainerSidecar(engine);
  });

  afterEach(async () => await sidecar.stop());

  it("is a container without privileges, with no more than its limits, reached by this machine alone", async () => {
    await sidecar.start(bookManifest(sidecar.container), {
      all: true,
      limits: { memory: "512Mi", concurrency: 3 },
    });
    await sidecar.call();
    const [name] = engine.names();
    const file = join(process.env.FAKE_DOCKER ?? "", `${name}.json`);
    expect(JSON.parse(readFileSync(file, "utf8")).switches).toMatchObject({
      "--rm": true,
      "--read-only": true,
      "--cap-drop": "ALL",
      "--security-opt": "no-new-privileges",
      "--publish": "127.0.0.1::5000",
      "--memory": String(512 << 20),
      "--memory-swap": String(512 << 20),
      "--cpu-period": "100000",
      "--cpu-quota": "300000",
      "--stop-timeout": "0",
    });
  }, 30_000);

  it("is removed also where the engine creates it later than its client was wanted", async () => {
    vi.stubEnv("FAKE_DOCKER_LATE", "true");
    const one = await sidecar.start(bookManifest(sidecar.container), { all: true, limits: { timeMs: 1 } });
    await sidecar.call();
    await expect.poll(async () => (await sidecar.shown()).containers?.[0]?.started).toBe(1);
    await one.stop(0);
    await expect.poll(() => existsSync(join(process.env.FAKE_DOCKER ?? "", "created"))).toBe(true);
    expect(engine.names()).toEqual([]);
  }, 30_000);

  it("is told where it holds no container to its memory", async () => {
    vi.stubEnv(
      "FAKE_DOCKER_SAYS",
      "Resource limits are not supported and ignored on cgroups V1 rootless systems\n",
    );
    await sidecar.start(bookManifest(sidecar.container));
    await sidecar.call();
    expect(sidecar.warnings).toEqual([
      "container example/detect:1.2 has no limit of memory: its engine has none here",
    ]);
  }, 30_000);

  it("is no container that was not granted, and one that nothing runs is called by name", async () => {
    const one = await sidecar.start(bookManifest(sidecar.container), {});
    const ungranted = await sidecar.call();
    expect([ungranted.status, ungranted.text]).toEqual([
      503,
      expect.stringContaining("the container example/detect:1.2 was not granted"),
    ]);
    expect((await sidecar.shown()).containers).toMatchObject([
      { status: "refused", cause: expect.stringContaining("was not granted") },
    ]);
    await one.stop(0);
    vi.stubEnv("PATH", sidecar.package);
    await sidecar.start(bookManifest(sidecar.container));
    const without = await sidecar.call();
    expect([without.status, without.text]).toEqual([
      503,
      expect.stringContaining(
        "it is offered as the container example/detect:1.2, and neither docker nor podman is on the PATH to run it: install one of them",
      ),
    ]);
    expect(engine.names()).toEqual([]);
  }, 30_000);

  it("is asked of podman where docker's engine does not answer, and of docker where neither does", async () => {
    const bin = process.env.PATH ?? "";
    const silent = '#!/bin/sh\necho "docker: Cannot connect to the Docker daemon" >&2; exit 125\n';
    renameSync(join(bin, "docker"), join(bin, "podman"));
    writeFileSync(join(bin, "docker"), silent);
    chmodSync(join(bin, "docker"), 0o755);
    const one = await sidecar.start(bookManifest(sidecar.container));
    expect(await sidecar.call()).toMatchObject({ status: 200 });
    await one.stop(0);
    writeFileSync(join(bin, "podman"), silent);
    await sidecar.start(bookManifest(sidecar.container));
    expect(await sidecar.call()).toMatchObject({
      status: 503,
      text: expect.stringContaining("cannot be started: docker: Cannot connect to the Docker daemon"),
    });
  }, 30_000);

  it("is tried by daprlet capability test", async () => {
    sidecar.write(bookManifest(sidecar.container));
    const requests = [{ request: "POST /object", body: "picture" }];
    writeFileSync(join(sidecar.package, "requests.json"), JSON.stringify(requests));
    const said: string[] = [];
    const say = (line: string) => said.push(line);
    const code = await tryPackage(sidecar.package, { out: say, err: say } as unknown as Terminal);
    expect([code, said]).toEqual([
      0,
      [
        "container example/detect:1.2: started by its first call, listens on 5000",
        "asks to: run the container example/detect:1.2 on this machine, with its network; at most 60000 ms a call",
        expect.stringMatching(/^✓ POST \/object: 200/),
        "1 passed, 0 failed",
      ],
    ]);
    expect(engine.names()).toEqual([]);
  }, 30_000);

  it("is no switch of a command", async () => {
    await sidecar.start(bookManifest("Container: --privileged"));
    expect((await sidecar.call()).status).toBe(404);
    expect(await sidecar.shown()).toMatchObject({
      status: "refused",
      cause: expect.stringContaining("Container must name an image"),
    });
  });
});

it.runIf(programOf("docker"))("docker's own client takes the arguments", async () => {
  const args = runArguments("daprlet-1-1-0", "example/detect:1.2", 5000, defaultLimits);
  const env = { PATH: realPath, DOCKER_HOST: "unix:///nonexistent.sock" };
  const said = await promisify(execFile)("docker", args, { env }).catch(
    (error: { stderr: string }) => error.stderr,
  );
  expect(said).toMatch(/connect/i);
  expect(said).not.toMatch(/unknown flag|invalid argument|requires/i);
});
