import type { ChildProcess } from "node:child_process";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { defaultLimits } from "../../host/capability/manifest.ts";
import { ContainerEngine } from "../../host/node/capability/container-engine.ts";
import { engines } from "./container-engines.ts";
import { bookManifest, ContainerSidecar } from "./container-sidecar.ts";

/** A busy machine takes its time. */
const patient = { timeout: 20_000 };

describe.each(engines)("T59: a container of the book's manifest, run by $name", (engine) => {
  let cannot = engine.missing;
  let sidecar: ContainerSidecar;
  const children: ChildProcess[] = [];

  beforeAll(() => {
    cannot ??= engine.prepare();
    if (cannot !== undefined) console.warn(`containers are not tested with ${engine.name}: ${cannot}`);
  }, 180_000);

  afterAll(() => {
    if (engine.missing === undefined) engine.remove();
  }, 60_000);

  beforeEach((context) => {
    context.skip(cannot !== undefined, cannot);
    sidecar = new ContainerSidecar(engine);
  });

  afterEach(async () => {
    if (cannot !== undefined) return;
    await sidecar.stop();
    for (const child of children.splice(0)) child.kill("SIGKILL");
  }, 60_000);

  it("is started by its first call, answers, and is ended with the sidecar", async () => {
    const runtime = await sidecar.start(bookManifest(sidecar.container), { containers: [engine.image] });
    expect((await sidecar.shown()).containers).toEqual([
      { image: engine.image, port: 5000, status: "stopped", started: 0 },
    ]);
    expect(engine.names()).toEqual([]);
    const answer = await sidecar.call();
    expect(answer).toMatchObject({ status: 200, from: "container" });
    expect(JSON.parse(answer.text)).toMatchObject({ url: "/object?as=rectangles", body: "picture" });
    expect(answer.text).toContain(`"id":"${await sidecar.id()}"`);
    expect(await sidecar.shown()).toMatchObject({
      containers: [{ status: "running", started: 1 }],
      measured: { calls: 2, answered: 2 },
    });
    await runtime.stop(0);
    expect(engine.names()).toEqual([]);
  }, 30_000);

  it("is started again by the next call when it has died, at once", async () => {
    await sidecar.start(bookManifest(sidecar.container));
    const first = await sidecar.id();
    expect(await sidecar.call("die")).toMatchObject({
      status: 503,
      text: expect.stringContaining(`container ${engine.image} failed: `),
    });
    expect(await sidecar.id()).not.toBe(first);
    expect((await sidecar.shown()).containers).toMatchObject([{ status: "running", started: 2 }]);
    await sidecar.call("die");
    await expect.poll(async () => (await sidecar.shown()).containers?.[0]?.status, patient).toBe("stopped");
    expect((await sidecar.shown()).containers?.[0]?.cause).toMatch(
      /has ended: it exited with 3: it was told to$/,
    );
  }, 30_000);

  it("is late after its deadline, and others are answered", async () => {
    await sidecar.start(bookManifest(sidecar.container), { all: true, limits: { timeMs: 3_000 } });
    await expect.poll(async () => (await sidecar.call()).status, patient).toBe(200);
    const late = sidecar.call("hang");
    expect((await sidecar.call()).status).toBe(200);
    expect(await late).toMatchObject({
      status: 504,
      text: expect.stringContaining(`container ${engine.image} did not answer within 3000 ms`),
    });
  }, 30_000);

  it("answers what is under way when its package changes, and is ended then", async () => {
    await sidecar.start(bookManifest(sidecar.container));
    const first = await sidecar.id();
    const slow = sidecar.id("slow");
    sidecar.write(`description: new\n${bookManifest(sidecar.container)}`);
    await expect.poll(() => sidecar.id(), patient).not.toBe(first);
    expect(await slow).toBe(first);
    await expect.poll(() => engine.names(), patient).toHaveLength(1);
  }, 30_000);

  it("says why it cannot be started, and is tried again after a pause", async () => {
    const runtime = await sidecar.start(bookManifest(`Container: "${engine.broken}"`), "all", "fake");
    const answer = await sidecar.call();
    expect(answer.status).toBe(503);
    expect(answer.text).toMatch(/ cannot be started: (docker|Error): .*(pull access|permission) denied/);
    expect((await sidecar.shown()).containers).toMatchObject([{ status: "stopped", started: 1 }]);
    await sidecar.call();
    expect((await sidecar.shown()).containers).toMatchObject([{ started: 1 }]);
    await runtime.advance(5_001);
    await sidecar.call();
    expect((await sidecar.shown()).containers).toMatchObject([{ started: 2 }]);
  }, 30_000);

  it("leaves nothing where it is ended while it starts", async () => {
    const runtime = await sidecar.start(bookManifest(sidecar.container), {
      all: true,
      limits: { timeMs: 1 },
    });
    expect(await sidecar.call()).toMatchObject({
      status: 504,
      text: expect.stringContaining("is starting still after 1 ms: nothing answers on its port yet"),
    });
    await expect.poll(async () => (await sidecar.shown()).containers?.[0]?.started, { interval: 5 }).toBe(1);
    await runtime.stop(0);
    expect(engine.names()).toEqual([]);
  }, 30_000);

  it("that a killed sidecar left is removed by the next one, and no other's", async () => {
    const [program] = ContainerEngine.found();
    if (program === undefined) throw new Error("there is no engine");
    const left = (name: string) => children.push(program.run(name, engine.image, 5000, defaultLimits));
    // No process has this number: Linux gives out at most 4,194,304.
    const killed = "daprlet-4194305-1-0000";
    const living = program.name("0001");
    left(killed);
    left(living);
    await expect.poll(() => engine.names(), patient).toHaveLength(2);
    await sidecar.start(bookManifest(sidecar.container));
    await expect.poll(() => engine.names(), patient).toEqual([living]);
    expect((await sidecar.call()).status).toBe(200);
    await program.remove(living);
  }, 30_000);

  it.runIf(engine.say)(
    "has its memory, and nothing to write to but that and its volumes, which go with it",
    async () => {
      const say = engine.say ?? (() => "");
      // Port 80 is for the privileged, of whom it is none.
      const manifest = bookManifest(sidecar.container.replace("5000", "80"));
      await sidecar.start(manifest, { all: true, limits: { memory: "32Mi" } });
      expect((await sidecar.call("grow")).status).toBe(503);
      await expect
        .poll(async () => (await sidecar.shown()).containers?.[0]?.cause, patient)
        .toMatch(/it was killed \(137\), as one is that takes more memory than its 32 MiB$/);
      expect(JSON.parse((await sidecar.call("write")).text)).toMatchObject({
        wrote: { "/": false, "/etc": false, "/tmp": true, "/data": true },
      });
      const [name = ""] = engine.names();
      const volume = say("inspect", "--format", "{{range .Mounts}}{{.Name}} {{end}}", name).trim();
      expect(say("volume", "ls", "--quiet")).toContain(volume);
      await sidecar.stop();
      expect(say("volume", "ls", "--quiet")).not.toContain(volume);
    },
    30_000,
  );
});
