import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { serve } from "@hono/node-server";
import { actorConfig, createTestApp, subscriptions, type TestAppOptions } from "../api/app.ts";
import { missingRedis, type RedisServer, startRedis } from "../redis-server.ts";
import { componentYaml, configurationYaml, secrets, writeResources } from "./components.ts";
import { ended } from "./ended.ts";
import { freePorts } from "./free-ports.ts";
import type { Fetch, Host, HostDefinition, Sidecar, StartOptions } from "./host.ts";
import { httpFetch } from "./http-fetch.ts";
import { startPlacement } from "./placement.ts";
import { startTarget } from "./target.ts";

export function onPath(program: string): boolean {
  return (process.env.PATH ?? "").split(delimiter).some((folder) => existsSync(join(folder, program)));
}

const hasPlacement = onPath("placement");

export interface Daprd extends Sidecar {
  readonly port: number;
  readonly metricsPort: number;
  readonly appPort: number;
  readonly pid: number;
  /** Kills the process and starts it again with the same ports. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export interface DaprdOptions extends StartOptions {
  readonly appId: string;
  readonly resources: string;
  /** Undefined: no app. */
  readonly appPort?: number;
  readonly program?: readonly string[];
  /** `--config`. */
  readonly config?: string;
  /** More switches. */
  readonly flags?: readonly string[];
  /** Apart from all other sidecars of the machine. */
  readonly namespace?: string;
}

/** Waits until `/v1.0/healthz` answers 204. */
export async function untilHealthy(fetch: Fetch, child: ChildProcess, said: () => string): Promise<void> {
  const end = Date.now() + 20_000;
  for (;;) {
    const status = await fetch("/v1.0/healthz").then(
      (answer) => answer.status,
      () => 0,
    );
    if (status === 204) return;
    if (child.exitCode !== null || Date.now() > end) {
      throw new Error(`the sidecar is not healthy (exit code ${child.exitCode}):\n${said()}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

/**
 * Starts `daprd …` or whatever takes daprd's flags (`program`), waits until it is healthy, and keeps what it said
 * for the error message.
 */
export async function startDaprd(options: DaprdOptions): Promise<Daprd> {
  const [port, grpc, internal, metrics] = (await freePorts(4)) as [number, number, number, number];
  const [command, ...first] = options.program ?? ["daprd"];
  const { fetch, close } = httpFetch(port);
  const environment = {
    ...process.env,
    API_SUITE_SECRET: "of the environment",
    DAPR_SUITE_SECRET: "Dapr's own",
    DAPR_API_TOKEN: options.apiToken,
    APP_API_TOKEN: options.appApiToken,
    ...(options.namespace === undefined ? {} : { NAMESPACE: options.namespace }),
  };
  let child: ChildProcess;
  const launch = async () => {
    let output = "";
    child = spawn(
      command as string,
      [
        ...first,
        ...["--app-id", options.appId],
        ...(options.appPort === undefined ? [] : ["--app-port", String(options.appPort)]),
        ...["--dapr-http-port", String(port), "--dapr-grpc-port", String(grpc)],
        ...["--dapr-internal-grpc-port", String(internal), "--metrics-port", String(metrics)],
        ...["--resources-path", options.resources, "--log-level", "warn"],
        ...(options.flags ?? []),
        ...(options.config === undefined ? [] : ["--config", options.config]),
      ],
      { env: environment, stdio: ["ignore", "pipe", "pipe"] },
    );
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on("data", (chunk: Buffer) => {
        output = (output + chunk.toString()).slice(-8000);
      });
    }
    await untilHealthy(fetch, child, () => output);
  };
  await launch();
  return {
    appId: options.appId,
    fetch,
    port,
    metricsPort: metrics,
    appPort: options.appPort ?? 0,
    get pid() {
      return child.pid ?? 0;
    },
    async restart() {
      child.kill("SIGKILL");
      await ended(child);
      await launch();
    },
    async stop() {
      child.kill("SIGKILL");
      await ended(child);
      close();
    },
  };
}

/** The test app on a port of its own. */
export async function serveTestApp(
  options: TestAppOptions = {},
): Promise<{ port: number; close(): Promise<void> }> {
  const app = createTestApp({ subscriptions, ...options });
  const [port] = (await freePorts(1)) as [number];
  const server = await new Promise<ReturnType<typeof serve>>((resolve) => {
    const listening = serve({ fetch: app.fetch, port, hostname: "127.0.0.1" }, () => resolve(listening));
  });
  return {
    port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        if ("closeAllConnections" in server) server.closeAllConnections();
      }),
  };
}

export interface PairOptions extends StartOptions {
  readonly program?: readonly string[];
  /** What has everything that a Redis can have, instead of files and memory; undefined: nothing but daprd's settings. */
  readonly redis?: RedisServer;
}

/** Two sidecars started by `program` with the test app behind each, on the components of the suites. */
export async function startPair(options: PairOptions): Promise<Host> {
  const folder = mkdtempSync(join(tmpdir(), "daprlet-api-"));
  const suffix = Math.random().toString(36).slice(2, 8);
  const ids = [`api-a-${suffix}`, `api-b-${suffix}`] as const;
  const resources = join(folder, "resources");
  const target = await startTarget();
  const forSettings =
    options.program === undefined && options.components !== false && missingRedis === undefined
      ? await startRedis({ more: ["--notify-keyspace-events", "KA"] })
      : undefined;
  const redis = options.redis ?? forSettings;
  const onRedis = (family: "state" | "pubsub" | "configuration", more = {}) =>
    redis && { type: `${family}.redis`, metadata: { redisHost: redis.address, ...more } };
  if (options.components !== false) {
    const secretsFile = join(folder, "secrets.json");
    writeFileSync(secretsFile, JSON.stringify(secrets));
    const types = {
      state: (options.redis && onRedis("state")) ?? {
        type: "state.sqlite",
        metadata: { connectionString: join(folder, "state.sqlite") },
      },
      // In memory daprd and daprlet alike deliver again what failed, which daprd on Redis does not.
      pubsub: (options.redis && onRedis("pubsub", { processingTimeout: "2s" })) ?? {
        type: "pubsub.in-memory",
        metadata: {},
      },
      secrets: { type: "secretstores.local.file", metadata: { secretsFile } },
      // The build of daprd that the suites run against has no lock store.
      lock: options.program === undefined ? undefined : "lock.in-memory",
      configuration:
        redis === undefined && options.program !== undefined
          ? { type: "configuration.in-memory", metadata: {} }
          : onRedis("configuration"),
      target: target.url,
      folder: join(folder, "files"),
    };
    writeResources(resources, types, ids[0]);
    const environment = { name: "environment", type: "secretstores.local.env", metadata: {} };
    writeFileSync(join(resources, "environment.yaml"), componentYaml(environment));
  } else mkdirSync(resources);
  const config = join(folder, "config.yaml");
  writeFileSync(config, configurationYaml(options.features));
  const apps = await Promise.all([serveTestApp({ config: actorConfig }), serveTestApp()]);
  const placement = options.program === undefined && hasPlacement ? await startPlacement() : undefined;
  // Who hosts actors of one type shares them with all who do in their namespace; daprd has a placement service of its own.
  const apart = options.program === undefined ? {} : { namespace: `suites-${suffix}` };
  const flags = placement === undefined ? [] : ["--placement-host-address", placement.address];
  const sidecars: Daprd[] = [];
  // One after the other: both create the same database.
  for (const [index, appId] of ids.entries()) {
    sidecars.push(
      await startDaprd({
        ...{ ...options, ...apart, appId, resources, config, flags },
        appPort: apps[index]?.port ?? 0,
      }),
    );
  }
  const [self, peer] = sidecars as [Daprd, Daprd];
  return {
    appId: self.appId,
    fetch: self.fetch,
    peer,
    restart: () => self.restart(),
    ...(redis !== undefined && {
      async change(key: string, value: string | null) {
        await (value === null ? redis.client.del(key) : redis.client.set(key, value));
      },
      async listening(key: string | undefined) {
        const heard = async () =>
          key === undefined
            ? redis.client.pubsub("NUMPAT")
            : (await redis.client.pubsub("NUMSUB", `__keyspace@0__:${key}`))[1];
        while (Number(await heard()) === 0) await new Promise((resolve) => setTimeout(resolve, 10));
      },
    }),
    async stop() {
      await Promise.all(sidecars.map((sidecar) => sidecar.stop()));
      await placement?.stop();
      await forSettings?.stop();
      await Promise.all([...apps, target].map((server) => server.close()));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** What a sidecar in a process of its own can be asked for, daprd and daprlet alike. */
export const ofPrograms: HostDefinition["features"] = new Set([
  "verbatim",
  "headers",
  "redirects",
  "persistent",
  "chunks",
  "configurable",
  "appToken",
  "processes",
  "files",
  "trace",
  "unsized",
  "sidecar",
  "hangups",
  "wildcards",
]);

/** The reference: what it answers is what the suites expect. */
export const daprd: HostDefinition = {
  name: "daprd",
  dialect: "daprd",
  required: false,
  features: new Set([
    ...ofPrograms,
    ...(missingRedis === undefined ? (["settings"] as const) : []),
    ...(hasPlacement ? (["actors", "placement"] as const) : []),
  ]),
  missing: onPath("daprd")
    ? undefined
    : "daprd is not on the PATH: the expectations of the API suites are not checked against it in this run",
  start: (options = {}) => startPair(options),
};
