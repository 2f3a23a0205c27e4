import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { daprd, untilHealthy } from "../hosts/daprd.ts";
import { ended } from "../hosts/ended.ts";
import { freePorts } from "../hosts/free-ports.ts";
import type { Fetch } from "../hosts/host.ts";
import { httpFetch } from "../hosts/http-fetch.ts";
import { daprletProgram, node } from "../hosts/node.ts";
import { pythonWithDapr } from "./python.ts";

export interface LaunchOptions {
  readonly appId: string;
  /** A file of `apps/`, JavaScript or Python, or a path; undefined: a sidecar without an app. */
  readonly app?: string;
  /** Where the sidecar runs and keeps its data. */
  readonly folder: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Component files as YAML; undefined: what daprlet has without any, and the same for daprd. */
  readonly components?: readonly string[];
  /** More switches, for daprlet only. */
  readonly flags?: readonly string[];
}

/** An app and its sidecar, each a process. */
export interface Launched {
  readonly appId: string;
  readonly port: number;
  readonly fetch: Fetch;
  /** What both wrote, as far as kept. */
  output(): string;
  /** SIGKILL to both. */
  kill(): Promise<void>;
  /** Ends the app only. */
  killApp(): Promise<void>;
  /** Starts both again with the same ports. */
  again(): Promise<void>;
}

export interface Kind {
  readonly name: string;
  readonly dialect: "daprd" | "daprlet";
  readonly missing: string | undefined;
  launch(options: LaunchOptions): Promise<Launched>;
}

const apps = fileURLToPath(new URL("apps/", import.meta.url));

/** The command that runs a file of `apps/`. */
function commandOf(app: string): readonly [program: string, file: string] {
  return [app.endsWith(".py") ? pythonWithDapr() : process.execPath, resolve(apps, app)];
}

/** A new folder, and what removes it. */
export function temporaryFolder(): { folder: string; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), "daprlet-interop-"));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** A component file. */
export function component(
  name: string,
  type: string,
  metadata: Readonly<Record<string, string>> = {},
): string {
  const values = Object.entries(metadata).map(([key, value]) => ({ name: key, value }));
  return `apiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata:\n  name: ${name}\nspec:\n  type: ${type}\n  version: v1\n  metadata: ${JSON.stringify(values)}\n`;
}

function writeResources(options: LaunchOptions): string {
  const resources = join(options.folder, "resources");
  mkdirSync(resources, { recursive: true });
  const yaml = options.components ?? [
    component("statestore", "state.sqlite", { connectionString: join(options.folder, "state.db") }),
    component("pubsub", "pubsub.in-memory"),
  ];
  for (const [index, text] of yaml.entries()) writeFileSync(join(resources, `${index}.yaml`), text);
  return resources;
}

/** Resolves once nothing accepts connections on a port. */
async function released(port: number): Promise<void> {
  for (;;) {
    const accepted = await new Promise<boolean>((resolve) => {
      const socket = connect(port, "127.0.0.1");
      socket.once("connect", () => {
        socket.destroy();
        resolve(true);
      });
      socket.once("error", () => resolve(false));
    });
    if (!accepted) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Collects what processes write; keeps the end of it. */
class Output {
  text = "";
  of(child: ChildProcess): ChildProcess {
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on("data", (chunk: Buffer) => {
        this.text = (this.text + chunk.toString()).slice(-20_000);
      });
    }
    return child;
  }
}

/** `daprlet run … -- node app`, as its user types it. */
export const daprletRun: Kind = {
  name: "daprlet run",
  dialect: "daprlet",
  missing: node.missing,
  async launch(options) {
    const [port, appPort] = (await freePorts(2)) as [number, number];
    const { fetch } = httpFetch(port);
    const output = new Output();
    const resources = options.components === undefined ? [] : ["--resources-path", writeResources(options)];
    const command = options.app === undefined ? [] : ["--", ...commandOf(options.app)];
    let child: ChildProcess;
    const start = async () => {
      child = output.of(
        spawn(
          process.execPath,
          [
            ...[daprletProgram, "run", "--app-id", options.appId],
            ...["--dapr-http-port", String(port)],
            ...(options.app === undefined ? [] : ["--app-port", String(appPort)]),
            ...resources,
            ...(options.flags ?? []),
            ...command,
          ],
          {
            cwd: options.folder,
            env: { ...process.env, ...options.env },
            detached: true,
            stdio: ["ignore", "pipe", "pipe"],
          },
        ),
      );
      await untilHealthy(fetch, child, () => output.text);
    };
    await start();
    const appPid = async () => {
      const answer = await fetch("/v1.0/metadata");
      return Number((answer.json as { extended: { appPID?: string } }).extended.appPID);
    };
    return {
      appId: options.appId,
      port,
      fetch,
      output: () => output.text,
      async kill() {
        // The whole group: the sidecar and the app that it started.
        if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
          process.kill(-child.pid, "SIGKILL");
        }
        await ended(child);
        // The app is nobody's child now; its port tells when it is gone.
        if (options.app !== undefined) await released(appPort);
      },
      async killApp() {
        process.kill(await appPid(), "SIGKILL");
      },
      again: start,
    };
  },
};

/** daprd and the app side by side, as Dapr's command line starts them. */
export const daprdAndApp: Kind = {
  name: "daprd",
  dialect: "daprd",
  missing: daprd.missing,
  async launch(options) {
    const [port, appPort, grpc, internal, metrics] = (await freePorts(5)) as [
      number,
      number,
      number,
      number,
      number,
    ];
    const { fetch } = httpFetch(port);
    const output = new Output();
    const resources = writeResources(options);
    let sidecar: ChildProcess;
    let app: ChildProcess | undefined;
    const start = async () => {
      if (options.app !== undefined) {
        const environment = {
          ...process.env,
          ...options.env,
          APP_ID: options.appId,
          APP_PORT: String(appPort),
          DAPR_HTTP_PORT: String(port),
        };
        const stdio = ["ignore", "pipe", "pipe"] as ["ignore", "pipe", "pipe"];
        const [program, file] = commandOf(options.app);
        app = output.of(spawn(program, [file], { env: environment, stdio }));
      }
      sidecar = output.of(
        spawn(
          "daprd",
          [
            ...[
              "--app-id",
              options.appId,
              "--dapr-http-port",
              String(port),
              "--dapr-grpc-port",
              String(grpc),
            ],
            ...["--dapr-internal-grpc-port", String(internal), "--metrics-port", String(metrics)],
            ...(options.app === undefined ? [] : ["--app-port", String(appPort)]),
            ...["--resources-path", resources, "--log-level", "warn"],
          ],
          { env: { ...process.env, ...options.env }, stdio: ["ignore", "pipe", "pipe"] },
        ),
      );
      await untilHealthy(fetch, sidecar, () => output.text);
    };
    await start();
    const kill = async (child: ChildProcess | undefined) => {
      if (child === undefined) return;
      child.kill("SIGKILL");
      await ended(child);
    };
    return {
      appId: options.appId,
      port,
      fetch,
      output: () => output.text,
      kill: async () => {
        await Promise.all([kill(app), kill(sidecar)]);
      },
      killApp: () => kill(app),
      again: start,
    };
  },
};

export const kinds: readonly Kind[] = [daprletRun, daprdAndApp];
