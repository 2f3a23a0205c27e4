import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { bake } from "../../host/gateway/bake.ts";
import type { GatewayPackage } from "../../host/gateway/packages/admit-package.ts";
import { composeGuests } from "../../host/gateway/packages/compose-guests.ts";
import { guestRows } from "../../host/gateway/packages/guest-rows.ts";
import { encodeTable } from "../../host/gateway/table.ts";
import type { GatewayTable } from "../../host/gateway/table-shape.ts";
import { gatewayTable } from "../gateway/gateway-table.ts";
import { onPath, untilHealthy } from "./daprd.ts";
import { ended } from "./ended.ts";
import { freePorts } from "./free-ports.ts";
import type { Fetch } from "./host.ts";
import { httpFetch } from "./http-fetch.ts";

/** Undefined where gateways can run; under `CI=true` it is a failure that they cannot. */
export const missingWasmtime = onPath("wasmtime")
  ? undefined
  : "wasmtime is not on the PATH: what runs in it is left out of this run";

export interface GatewayOptions {
  /** What runs it: wasmtime, or jco on Node, where instances are always reused. */
  readonly host?: "wasmtime" | "jco";
  /** Which file of dist/gateway; `http` when left out. */
  readonly variant?: string;
  /** Instances answer many requests, as they do in production, instead of one each. */
  readonly reused?: boolean;
  /**
   * After how long without a request a reused instance ends, and with it what it keeps. When left out: after no test does, however
   * long a busy machine pauses; wasmtime's own default is a second.
   */
  readonly idle?: string;
  /** More switches of `wasmtime serve`. */
  readonly flags?: readonly string[];
  /** The table as bytes, instead of one that is made of what is given. */
  readonly table?: Uint8Array;
  readonly port?: number;
  /** Composed into the file, which is of a variant for packages then. */
  readonly packages?: readonly GatewayPackage[];
  /** What the gateway has as its folder. */
  readonly folder?: string;
  /** Variables that it sees. */
  readonly environment?: Readonly<Record<string, string>>;
}

export interface Gateway {
  readonly port: number;
  readonly url: string;
  /** Of the process that serves. */
  readonly pid: number;
  readonly fetch: Fetch;
  /** What it wrote to its output. */
  said(): string;
  /** Ends it without warning and starts it again on the same port. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

const dist = new URL("../../dist/gateway/", import.meta.url);

/** A variant as it ships, without a configuration. */
export function builtGateway(variant: string): Uint8Array {
  return readFileSync(new URL(`${variant}.wasm`, dist));
}

/** Switches without which a variant's imports are refused. */
function needed(variant: string): readonly string[] {
  const cli = /sockets|folder/.test(variant) ? ["-S", "cli"] : [];
  return variant.includes("sockets") ? [...cli, "-S", "inherit-network", "-S", "tcp"] : cli;
}

const jco = fileURLToPath(new URL("../../node_modules/@bytecodealliance/jco/dist/jco.js", import.meta.url));

/** What serves this file. */
function serving(file: string, port: number, options: GatewayOptions): readonly [string, ...string[]] {
  const {
    host,
    variant = "http",
    reused = false,
    flags = [],
    folder,
    environment = {},
    idle = "600s",
  } = options;
  if (host === "jco")
    return [process.execPath, jco, "serve", file, "--port", String(port), "--host", "127.0.0.1"];
  const reuse = reused ? ["--max-instance-reuse-count", "100000", "--idle-instance-timeout", idle] : [];
  const dir = folder === undefined ? [] : ["--dir", `${folder}::/`];
  const variables = Object.entries(environment).flatMap(([name, value]) => ["--env", `${name}=${value}`]);
  const own = [...needed(variant), ...dir, ...variables, ...reuse, ...flags];
  return ["wasmtime", "serve", "--addr", `127.0.0.1:${port}`, ...own, file];
}

/** Bakes a gateway of these options and serves it on a port of its own. */
export async function startGateway(
  given: Partial<GatewayTable>,
  options: GatewayOptions = {},
): Promise<Gateway> {
  const { packages = [], table } = options;
  const variant = options.variant ?? (packages.length > 0 ? "http+packages" : "http");
  const folder = mkdtempSync(join(tmpdir(), "daprlet-gateway-"));
  const file = join(folder, "gateway.wasm");
  const plain = gatewayTable(given);
  const written = table ?? encodeTable({ ...plain, ...guestRows(packages, plain) });
  const guests = packages.map(({ guest }) => guest);
  writeFileSync(file, composeGuests(bake(builtGateway(variant), written), guests));
  const port = options.port ?? ((await freePorts(1))[0] as number);
  const { fetch, close } = httpFetch(port);
  let output = "";
  let child: ChildProcess;
  const launch = async () => {
    const [command, ...args] = serving(file, port, options);
    // jco serves from a child of its own: they are one group, and end together.
    const env = { ...process.env, ...options.environment };
    child = spawn(command, args, { env, stdio: ["ignore", "pipe", "pipe"], detached: true });
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on("data", (chunk: Buffer) => {
        output = (output + chunk.toString()).slice(-8000);
      });
    }
    await untilHealthy(fetch, child, () => output).catch(async (error: unknown) => {
      await kill();
      throw error;
    });
  };
  const kill = async () => {
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, "SIGKILL");
    await ended(child);
  };
  await launch();
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    get pid() {
      return child.pid ?? 0;
    },
    fetch,
    said: () => output,
    async restart() {
      await kill();
      await launch();
    },
    async stop() {
      await kill();
      close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
