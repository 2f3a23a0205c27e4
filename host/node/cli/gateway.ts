import { createHash, randomBytes } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import { describeGateway } from "../../gateway/describe.ts";
import { remarksOn } from "../../gateway/remarks.ts";
import { commandArguments, serveArguments } from "../../gateway/serve-arguments.ts";
import { flags } from "../../gateway/table-shape.ts";
import {
  buildGateway,
  type GatewayFile,
  isGatewayFile,
  openGateway,
  sha256,
  writeWhole,
} from "../gateway/gateway-files.ts";
import { findWasmtime } from "../gateway/wasmtime.ts";
import { AppProcess } from "./app-process.ts";
import { Given, UsageError } from "./arguments.ts";
import type { Terminal } from "./terminal.ts";

export interface GatewayFlags {
  readonly inspect?: boolean;
  readonly address?: string;
  readonly port?: string;
}

/** `daprlet gateway token`: a token that nobody can guess, and what a configuration says of it. */
export function token(terminal: Terminal): number {
  const made = randomBytes(32).toString("base64url");
  terminal.out(`token  ${made}`);
  terminal.out(`digest ${createHash("blake2b512").update(made).digest("hex")}`);
  return 0;
}

/** A word as a shell takes it. */
const quoted = (word: string) =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;

function shown(words: readonly string[]): string {
  return ["wasmtime", ...words].map(quoted).join(" ");
}

/** How the file is served, and how it makes one call: in a folder that `wasmtime` finds, as it makes none. */
function usage(path: string, { configuration, imports }: GatewayFile, terminal: Terminal): void {
  const { folder } = configuration;
  if (folder !== "") terminal.out(`once:        mkdir -p ${quoted(folder)}`);
  terminal.out(`run it with: ${shown(serveArguments(path, configuration, imports))}`);
  const once = commandArguments(path, configuration, imports);
  if (once === undefined) return;
  terminal.out(`one call:    ${shown(once)} --capability …`);
  if (configuration.flags & flags.spool) terminal.out(`drain:       ${shown(once)} drain`);
}

function warn({ configuration, remarks }: GatewayFile, terminal: Terminal, address?: string): void {
  const { listenAddress } = configuration;
  const own = remarksOn({ ...configuration, listenAddress: address ?? listenAddress });
  for (const sentence of [...own, ...remarks]) {
    terminal.err(`warning: ${sentence}`);
  }
}

function sizes({ bytes }: GatewayFile): string {
  return `${bytes.length} bytes, sha256 ${sha256(bytes)}`;
}

/** `daprlet gateway build`. Answers the exit code. */
export async function build(paths: readonly string[], output: string, terminal: Terminal): Promise<number> {
  if (!/\.wasm$/i.test(output))
    throw new UsageError(`-o takes the name of a file that ends with .wasm, not ${output}`);
  const gateway = await buildGateway(paths);
  warn(gateway, terminal);
  await writeWhole(output, gateway.bytes);
  terminal.out(`${output}: ${sizes(gateway)}`);
  usage(output, gateway, terminal);
  return 0;
}

async function inspect(path: string, terminal: Terminal): Promise<number> {
  const gateway = await openGateway(path);
  for (const line of describeGateway(gateway.configuration)) terminal.out(line);
  terminal.out(`imports   ${gateway.imports.join(", ")}`);
  terminal.out(`file      ${sizes(gateway)}`);
  usage(path, gateway, terminal);
  return 0;
}

/** `daprlet gateway`: serves a gateway's file, or what its configuration makes, by wasmtime. Answers the exit code. */
export async function gateway(path: string, flags: GatewayFlags, terminal: Terminal): Promise<number> {
  if (flags.inspect) return await inspect(path, terminal);
  const given = new Given();
  if (flags.port !== undefined) given.add("port", flags.port);
  const port = flags.port === "0" ? 0 : given.port("port");
  const wasmtime = await findWasmtime(terminal.environment);
  if (await isGatewayFile(path)) {
    return await serve(wasmtime, path, await openGateway(path), { address: flags.address, port }, terminal);
  }
  const built = await buildGateway([path]);
  const folder = await mkdtemp(join(tmpdir(), "daprlet-gateway-"));
  try {
    const file = join(folder, "gateway.wasm");
    await writeFile(file, built.bytes);
    return await serve(wasmtime, file, built, { address: flags.address, port }, terminal);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** How long calls under way may take when it is asked to end: wasmtime itself would wait for idle connections, too. */
const GRACE_MS = 5_000;

function checkEnvironment({ configuration }: GatewayFile, terminal: Terminal): void {
  const missing = configuration.secrets
    .map(({ variable }) => variable)
    .filter((variable) => !terminal.environment[variable]);
  if (missing.length > 0) {
    throw new Error(
      `the gateway reads ${missing.join(", ")} from the environment, where there is none of it: set it first`,
    );
  }
}

async function serve(
  wasmtime: string,
  path: string,
  file: GatewayFile,
  listen: { readonly address: string | undefined; readonly port: number | undefined },
  terminal: Terminal,
): Promise<number> {
  checkEnvironment(file, terminal);
  if (file.configuration.folder !== "") await mkdir(file.configuration.folder, { recursive: true });
  warn(file, terminal, listen.address);
  const { appId } = file.configuration;
  let up = false;
  const child = new AppProcess({
    command: [wasmtime, ...serveArguments(path, file.configuration, file.imports, listen)],
    environment: terminal.environment,
    out: terminal.out,
    err(line) {
      const url = /^Serving HTTP on (http:\S+?)\/?$/.exec(line)?.[1];
      if (url === undefined) return terminal.err(line);
      up = true;
      terminal.out(`${appId} is up: the gateway is at ${url}`);
    },
  });
  let asked = 0;
  terminal.onSignal((signal) => {
    asked++;
    if (asked > 1) return child.kill("SIGKILL");
    // On this signal it lets calls end. A terminal's Ctrl-C has reached it by itself.
    if (signal !== "SIGINT" || !terminal.interactive) child.kill("SIGINT");
    setTimeout(() => child.kill("SIGKILL"), GRACE_MS).unref();
  });
  const { code, signal } = await child.ended;
  if (asked > 0) return 0;
  if (signal !== undefined) terminal.err(`wasmtime was ended by ${signal}`);
  if (!up) terminal.err("wasmtime did not serve the gateway: it takes wasmtime 48 or later");
  return code ?? 128 + (signal === undefined ? 0 : constants.signals[signal]);
}
