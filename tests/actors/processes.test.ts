/**
 * Three sidecars as processes, on one store, found with nothing configured: killed and held up in turn while counters
 * count. COUNTERS_CALLS says how many calls.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { startRelay } from "../../host/node/start-relay.ts";
import { consoleLog } from "../../host/web-platform.ts";
import { componentYaml } from "../hosts/components.ts";
import { freePorts } from "../hosts/free-ports.ts";
import { daprletProgram } from "../hosts/node.ts";
import { missingRedis, startRedis } from "../redis-server.ts";
import { type CounterApp, counterApp } from "./counters.ts";

const calls = Number(process.env.COUNTERS_CALLS ?? 600);
/** Few, so that calls wait for each other. */
const counters = 5;
/** Longer than a lease and the time after which others take over. */
const heldUpMs = 7_500;

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

class Instance {
  port = 0;
  process: ChildProcess | undefined;
  app: CounterApp | undefined;

  /** `folder`: that of all instances. */
  constructor(
    readonly folder: string,
    readonly more: readonly string[],
  ) {}

  async start(): Promise<void> {
    this.app ??= await counterApp(() => this.port);
    [this.port = 0] = await freePorts(1);
    const flags = [
      ...["--app-id", "counters", "--app-port", String(this.app.port), "--log-level", "error"],
      ...["--dapr-http-port", String(this.port), "--resources-path", join(this.folder, "resources")],
      ...["--enable-metrics=false", ...this.more],
    ];
    this.process = spawn(process.execPath, [daprletProgram, "daprd", ...flags], {
      env: { ...process.env, XDG_RUNTIME_DIR: join(this.folder, "run") },
      stdio: ["ignore", "ignore", "inherit"],
    });
    const up = () =>
      fetch(`http://127.0.0.1:${this.port}/v1.0/healthz`).then(
        ({ ok }) => ok,
        () => false,
      );
    while (!(await up())) await pause(50);
  }

  async kill(): Promise<void> {
    const ended = new Promise((resolve) => this.process?.once("exit", resolve));
    this.process?.kill("SIGCONT");
    this.process?.kill("SIGKILL");
    await ended;
  }

  async close(): Promise<void> {
    await this.kill();
    await this.app?.close();
  }
}

/** Calls until the call is answered: at whichever instance answers. */
async function increment(instances: readonly Instance[], call: number): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    const { port } = instances[(call + attempt) % instances.length] as Instance;
    const path = `/v1.0/actors/Counter/${call % counters}/method/increment`;
    try {
      const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
        method: "POST",
        body: `call-${call}`,
        signal: AbortSignal.timeout(20_000),
      });
      await answer.arrayBuffer();
      if (answer.ok) return;
    } catch {
      // Killed, or held up.
    }
    await pause(20);
  }
}

/** Kills the first, holds up the second for longer than a lease, kills the third, while the counters count. */
async function count(instances: readonly Instance[]): Promise<void> {
  const [first, second, third] = instances as readonly [Instance, Instance, Instance];
  let next = 0;
  let done = 0;
  const worker = async () => {
    while (next < calls) {
      await increment(instances, next++);
      done++;
      // So that the calls last as long as what is done to their sidecars.
      await pause(10);
    }
  };
  const working = Promise.all(Array.from({ length: 12 }, worker));
  const until = async (part: number) => {
    while (done < calls * part) await pause(20);
  };
  await until(0.2);
  await first.kill();
  await first.start();
  await until(0.5);
  second.process?.kill("SIGSTOP");
  await pause(heldUpMs);
  second.process?.kill("SIGCONT");
  await until(0.8);
  await third.kill();
  await third.start();
  await working;
}

async function see(instances: readonly Instance[]): Promise<void> {
  const port = instances[0]?.port;
  const kept = await Promise.all(
    Array.from({ length: counters }, async (_, id) => {
      const answer = await fetch(`http://127.0.0.1:${port}/v1.0/actors/Counter/${id}/state/kept`);
      return (await answer.json()) as { count: number; calls: string[] };
    }),
  );
  expect(kept.reduce((sum, { count }) => sum + count, 0)).toBe(calls);
  expect(new Set(kept.flatMap((each) => each.calls)).size).toBe(calls);
  expect(instances.map(({ app }) => app?.overlaps())).toEqual([0, 0, 0]);
}

/** Three instances on a store of that type, counting. */
async function counting(
  type: string,
  metadata: (folder: string) => Record<string, string>,
  ...flags: readonly string[]
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "dc-"));
  mkdirSync(join(folder, "resources"));
  mkdirSync(join(folder, "run"), { mode: 0o700 });
  const yaml = componentYaml({
    name: "statestore",
    type,
    metadata: { ...metadata(folder), actorStateStore: "true" },
  });
  writeFileSync(join(folder, "resources", "statestore.yaml"), yaml);
  const instances = [0, 1, 2].map(() => new Instance(folder, flags));
  try {
    for (const instance of instances) await instance.start();
    await count(instances);
    await see(instances);
  } finally {
    await Promise.all(instances.map((instance) => instance.close()));
    rmSync(folder, { recursive: true, force: true });
  }
}

describe.concurrent("counters of three sidecars count each call once, whoever is killed or held up", () => {
  it("on one file of state.sqlite", async () => {
    await counting("state.sqlite", (folder) => ({ connectionString: join(folder, "counters.sqlite") }));
  }, 300_000);

  it("by way of a relay", async () => {
    const log = consoleLog("error", "relay");
    const relay = await startRelay({ port: 0, log });
    try {
      const file = (folder: string) => ({ connectionString: join(folder, "counters.sqlite") });
      await counting("state.sqlite", file, "--relay", relay.url);
    } finally {
      await relay.close();
    }
  }, 300_000);

  it.skipIf(missingRedis !== undefined && process.env.CI !== "true")(
    "on one Redis",
    async () => {
      const redis = await startRedis();
      try {
        await counting("state.redis", () => ({ redisHost: redis.address }));
      } finally {
        await redis.stop();
      }
    },
    300_000,
  );
});
