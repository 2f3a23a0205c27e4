import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { describe, expect, test } from "vitest";
import { ended } from "./hosts/ended.ts";
import { freePorts } from "./hosts/free-ports.ts";

export interface RedisServerOptions {
  /** `always`: a write is answered after it is on the disk. Left out: nothing outlives the process. */
  readonly appendfsync?: "always" | "everysec";
  readonly password?: string;
  /** More of `redis.conf`, such as `["--maxmemory", "2mb"]`. */
  readonly more?: readonly string[];
}

/** A redis-server of its own: free port, temporary folder, loopback only. */
export interface RedisServer {
  /** host:port */
  readonly address: string;
  readonly port: number;
  /** For looking and for writing as other programs would; strings. */
  readonly client: Redis;
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
  /** Starts it again with the same port and data. */
  start(): Promise<void>;
  /** Stalls it: it is there and says nothing, until `resume`. */
  pause(): void;
  resume(): void;
  /** Removes all keys. */
  flush(): Promise<void>;
  /** Ends it and removes what it stored. */
  stop(): Promise<void>;
}

/** Why there is no Redis here; undefined where there is. */
export const missingRedis: string | undefined =
  spawnSync("redis-server", ["--version"]).status === 0
    ? undefined
    : "redis-server is not on the PATH (Debian: apt-get install redis-server): what runs on Redis is not tested";

/** As `describe`; without redis-server one skipped test says why, and fails under `CI=true`. */
export function describeWithRedis(title: string, declare: () => void): void {
  if (missingRedis === undefined) {
    describe(title, declare);
    return;
  }
  const reason = missingRedis;
  describe(title, () => {
    test.skipIf(process.env.CI !== "true")(reason, () => expect.fail(reason));
  });
}

export async function startRedis(options: RedisServerOptions = {}): Promise<RedisServer> {
  const [port] = (await freePorts(1)) as [number];
  const folder = mkdtempSync(join(tmpdir(), "daprlet-redis-"));
  const { appendfsync, password, more = [] } = options;
  const client = new Redis({
    port,
    host: "127.0.0.1",
    lazyConnect: true,
    retryStrategy: () => 20,
    ...(password !== undefined && { password }),
  });
  client.on("error", () => undefined);
  let child: ChildProcess;
  const start = async () => {
    let said = "";
    child = spawn(
      "redis-server",
      [
        ...["--port", String(port), "--bind", "127.0.0.1", "--dir", folder, "--save", ""],
        ...["--appendonly", appendfsync === undefined ? "no" : "yes"],
        ...(appendfsync === undefined ? [] : ["--appendfsync", appendfsync]),
        ...(password === undefined ? [] : ["--requirepass", password]),
        ...more,
      ],
      { stdio: ["ignore", "pipe", "pipe"] },
    );
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on("data", (chunk: Buffer) => {
        said = (said + chunk.toString()).slice(-4000);
      });
    }
    for (;;) {
      if (child.exitCode !== null) throw new Error(`redis-server ended with ${child.exitCode}:\n${said}`);
      const answer = await client.ping().catch(() => undefined);
      if (answer === "PONG") return;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };
  const kill = async () => {
    child.kill("SIGKILL");
    await ended(child);
  };
  // Also where a run ends by an error.
  const end = () => void child.kill("SIGKILL");
  process.once("exit", end);
  await start();
  return {
    address: `127.0.0.1:${port}`,
    port,
    client,
    kill,
    start,
    pause: () => void child.kill("SIGSTOP"),
    resume: () => void child.kill("SIGCONT"),
    flush: async () => void (await client.flushall()),
    async stop() {
      process.off("exit", end);
      client.disconnect();
      await kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
