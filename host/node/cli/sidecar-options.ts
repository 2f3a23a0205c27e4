import { accessSync, constants, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import type { Log, LogLevel } from "../../platform.ts";
import { present } from "../../present.ts";
import type { ComponentObject } from "../../resources/component-from-object.ts";
import { type DefaultRelay, defaultPubSub } from "../given-components.ts";
import { runtimeFolder } from "../machine/runtime-folder.ts";
import type { MetricsDoor, SidecarOptions } from "../sidecar-options.ts";
import { type Given, UsageError } from "./arguments.ts";
import { cliLog, type LogFormat } from "./cli-log.ts";
import { logFile } from "./log-file.ts";
import type { Terminal } from "./terminal.ts";

const levels: ReadonlyMap<string, LogLevel> = new Map([
  ["debug", "debug"],
  ["info", "info"],
  ["warn", "warn"],
  ["warning", "warn"],
  ["error", "error"],
  // What Dapr would end with, daprlet reports as an error.
  ["fatal", "error"],
  ["panic", "error"],
]);

export function logLevel(given: Given): LogLevel {
  const text = given.text("log-level") ?? "info";
  const level = levels.get(text.toLowerCase());
  if (level === undefined) {
    throw new UsageError(`--log-level is one of ${[...levels.keys()].join(", ")}, not ${text}`);
  }
  return level;
}

export function commandLog(
  given: Given,
  appId: string,
  format: LogFormat,
  colour: boolean,
  write: (line: string) => void,
): Log {
  const file = given.text("log-file");
  return cliLog({
    level: logLevel(given),
    format: given.on("log-as-json") ? "json" : format,
    colour: colour && file === undefined,
    appId,
    write: file === undefined ? write : logFile(resolve(file), "choose another by --log-file"),
    now: () => new Date(),
  });
}

const folder = "./components";

type Environment = Terminal["environment"];

/** `.daprlet` of the working folder; where nobody may write there, the user's folder for data. */
function dataFolder(environment: Environment): string {
  const own = resolve(".daprlet");
  try {
    mkdirSync(own, { recursive: true });
    accessSync(own, constants.W_OK);
    // The folder is nobody's source.
    if (!existsSync(join(own, ".gitignore"))) writeFileSync(join(own, ".gitignore"), "*\n");
    return own;
  } catch {
    const home = join(environment.XDG_DATA_HOME || join(homedir(), ".local", "share"), "daprlet");
    mkdirSync(home, { recursive: true });
    return home;
  }
}

/** A store that survives, and what to say about it. */
function durableDefaults(
  relay: DefaultRelay | undefined,
  environment: Environment,
): { readonly components: readonly ComponentObject[]; readonly sentence: string } {
  const file = join(dataFolder(environment), "state.db");
  const metadata = { connectionString: file, actorStateStore: "true" };
  const store = { name: "statestore", type: "state.sqlite", metadata };
  const events = relay === undefined ? "in memory" : "on the relay";
  return {
    components: [store, defaultPubSub(relay)],
    sentence: `no component files: state store statestore keeps its data in ${file}, pub/sub pubsub is ${events}`,
  };
}

function protocol(given: Given): "http" | "https" {
  const text = (given.text("app-protocol") ?? "http").toLowerCase();
  if (given.on("app-ssl") && text === "http") return "https";
  if (text === "http" || text === "https") return text;
  throw new UsageError(`--app-protocol ${text} is not supported yet; use http or https`);
}

function bytes(given: Given, quantity: string, legacy: string, unit: number): number | undefined {
  const number = given.number(legacy);
  return given.bytes(quantity) ?? (number === undefined || number <= 0 ? undefined : number * unit);
}

function health(given: Given): SidecarOptions["appHealth"] {
  if (!given.on("enable-app-health-check")) return undefined;
  const path = given.text("app-health-check-path");
  const seconds = given.number("app-health-probe-interval");
  const timeoutMs = given.number("app-health-probe-timeout");
  const threshold = given.number("app-health-threshold");
  if (timeoutMs !== undefined && timeoutMs > (seconds ?? 5) * 1000) {
    throw new UsageError("--app-health-probe-timeout must not be longer than --app-health-probe-interval");
  }
  return {
    ...(path !== undefined && { path }),
    ...(seconds !== undefined && { intervalMs: seconds * 1000 }),
    ...(timeoutMs !== undefined && { timeoutMs }),
    ...(threshold !== undefined && { threshold }),
  };
}

/** What the app is asked. Throws UsageError. */
function asking(given: Given): SidecarOptions["asking"] {
  const disabled = (given.list("disable-init-endpoints") ?? []).map((name) => name.toLowerCase());
  const unknown = disabled.find((name) => name !== "config" && name !== "subscribe");
  if (unknown !== undefined) {
    throw new UsageError(`--disable-init-endpoints takes config and subscribe, not ${unknown}`);
  }
  return present<NonNullable<SidecarOptions["asking"]>>({
    subscriptions: disabled.includes("subscribe") ? false : undefined,
    config: disabled.includes("config") ? false : undefined,
    bindingProbeMs: given.duration("app-binding-options-timeout"),
  });
}

/** On, as in Dapr, unless switched off. */
function metrics(given: Given): SidecarOptions["metrics"] {
  if (given.has("enable-metrics") && !given.on("enable-metrics")) return undefined;
  return present<MetricsDoor>({
    port: given.port("metrics-port"),
    preferredPort: 9090,
    listenAddresses: given.list("metrics-listen-address"),
  });
}

function certificate(given: Given): SidecarOptions["certificate"] {
  const cert = given.text("tls-cert-file");
  const key = given.text("tls-key-file");
  if (cert === undefined && key === undefined) return undefined;
  if (cert !== undefined && key !== undefined) return { cert, key };
  throw new UsageError("--tls-cert-file and --tls-key-file go together");
}

function appWasm(given: Given): SidecarOptions["appWasm"] {
  const module = given.text("app-wasm");
  if (module === undefined) return undefined;
  if (given.has("app-port"))
    throw new UsageError("--app-wasm is the app; leave --app-port out, or run it as another one");
  return { module };
}

/** What `run` and `daprd` start, as their switches and the environment say. Throws UsageError. */
export function sidecarOptions(
  given: Given,
  appId: string,
  relay: string | undefined,
  terminal: Terminal,
  log: Log,
): SidecarOptions {
  const { environment } = terminal;
  const room = given.text("relay-room");
  const token = given.text("relay-token") ?? (environment.DAPRLET_RELAY_TOKEN || undefined);
  const mode = given.text("mode");
  if (mode !== undefined && mode !== "standalone") {
    throw new UsageError(`--mode ${mode} is not supported; daprlet runs standalone`);
  }
  if (appId.includes(".")) log.warn(`other apps cannot invoke ${appId}: an app id must not contain a dot`);
  const graceful = given.number("dapr-graceful-shutdown-seconds");
  const paths = given.has("resources-path")
    ? given.paths("resources-path")
    : existsSync(folder)
      ? [folder]
      : undefined;
  let components: readonly ComponentObject[] | undefined;
  if (paths === undefined) {
    const own = durableDefaults(relay === undefined ? undefined : { url: relay, room, token }, environment);
    components = own.components;
    log.info(own.sentence);
  }
  return present<SidecarOptions>({
    appId,
    namespace: environment.NAMESPACE || undefined,
    appPort: given.port("app-port"),
    appWasm: appWasm(given),
    appProtocol: protocol(given),
    appChannelAddress: given.text("app-channel-address"),
    appMaxConcurrency: given.number("app-max-concurrency"),
    appHealth: health(given),
    appApiToken: environment.APP_API_TOKEN || undefined,
    apiToken: environment.DAPR_API_TOKEN || undefined,
    port: given.port("dapr-http-port"),
    metrics: metrics(given),
    publicPort: given.port("dapr-public-port"),
    publicListenAddresses: given.list("dapr-public-listen-address"),
    asking: asking(given),
    listenAddresses: given.list("dapr-listen-addresses"),
    unixDomainSocket: given.text("unix-domain-socket"),
    certificate: certificate(given),
    allowCleartext: given.on("allow-cleartext") || undefined,
    allowedOrigins: given.text("allowed-origins"),
    allowedHosts: given.list("allowed-hosts"),
    maxBodySize: bytes(given, "max-body-size", "dapr-http-max-request-size", 1 << 20),
    readBufferSize: bytes(given, "read-buffer-size", "dapr-http-read-buffer-size", 1 << 10),
    components,
    resourcesPaths: paths,
    configPaths: given.paths("config"),
    capabilities: given.has("capabilities-path") ? { paths: given.paths("capabilities-path") } : undefined,
    machineFolder: runtimeFolder(environment),
    environment: (name) => environment[name],
    strict: given.on("strict"),
    log,
    logCalls: given.has("enable-api-logging") ? given.on("enable-api-logging") : undefined,
    blockShutdownMs: given.duration("dapr-block-shutdown-duration"),
    reconcileMs: given.duration("hot-reload-reconcile-interval"),
    gracefulShutdownMs: graceful === undefined || graceful < 0 ? undefined : graceful * 1000,
    relay,
    relayRoom: room,
    relayToken: token,
    abort: () => terminal.exit(1),
  });
}
