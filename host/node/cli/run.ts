import { constants } from "node:os";
import type { Log } from "../../platform.ts";
import { type NodeSidecar, startSidecar } from "../start-sidecar.ts";
import { generatedAppId } from "./app-id.ts";
import { AppProcess, type Ending } from "./app-process.ts";
import { checkFlags, type Given } from "./arguments.ts";
import { commandLog, sidecarOptions } from "./sidecar-options.ts";
import type { Terminal } from "./terminal.ts";

/** How long an app may take to end after it was asked to, before it is killed. */
const APP_GRACE_MS = 10_000;

/** `daprlet run`: a sidecar, and the app's command beside it. Answers the exit code. */
export async function run(given: Given, command: readonly string[], terminal: Terminal): Promise<number> {
  const appId = given.text("app-id") ?? generatedAppId(command);
  const log = commandLog(given, appId, "readable", terminal.colour, terminal.err);
  const later = checkFlags(given);
  if (later !== undefined) log.warn(later);
  const signals = new Signals(terminal);
  const target = given.text("relay");
  const token = given.text("relay-token") ?? terminal.environment.DAPRLET_RELAY_TOKEN;
  const relay =
    target === undefined ? undefined : await (await import("./relay.ts")).relayFor(target, token, log);
  try {
    return await runBeside(given, command, appId, relay?.url, signals, terminal, log);
  } finally {
    await relay?.own?.close();
  }
}

async function runBeside(
  given: Given,
  command: readonly string[],
  appId: string,
  relay: string | undefined,
  signals: Signals,
  terminal: Terminal,
  log: Log,
): Promise<number> {
  const options = sidecarOptions(given, appId, relay, terminal, log);
  const { appPort } = options;
  const startedAt = Date.now();
  let appPid: number | undefined;
  let askToStop: () => void = () => undefined;
  const stopAsked = new Promise<void>((resolve) => {
    askToStop = resolve;
  });
  const sidecar = await startSidecar({
    ...options,
    preferredPort: 3500,
    onStopRequest: askToStop,
    status: () => ({ appPort, pid: terminal.pid, appPid, startedAt, command: command.join(" ") }),
  });
  const app = appPort === undefined ? "" : `, its app on port ${appPort}`;
  terminal.out(`${appId} is up: its sidecar is at ${sidecar.url}${app}`);
  if (command.length === 0) {
    await Promise.race([signals.first, stopAsked]);
    await sidecar.stop();
    return 0;
  }
  const child = startApp(command, sidecar, given, terminal);
  appPid = child.pid;
  describe(sidecar, command, child, terminal);
  return await supervise(child, sidecar, appPort !== undefined, signals, stopAsked, terminal, log);
}

function startApp(
  command: readonly string[],
  sidecar: NodeSidecar,
  given: Given,
  terminal: Terminal,
): AppProcess {
  const prefix = terminal.colour ? "\u001b[36m== APP ==\u001b[0m " : "== APP == ";
  const port = given.port("app-port");
  const grpcPort = given.port("dapr-grpc-port");
  return new AppProcess({
    command,
    environment: {
      ...terminal.environment,
      APP_ID: sidecar.appId,
      DAPR_HTTP_PORT: String(sidecar.port),
      ...(port !== undefined && { APP_PORT: String(port) }),
      ...(grpcPort !== undefined && { DAPR_GRPC_PORT: String(grpcPort) }),
      APP_PROTOCOL: given.text("app-protocol") ?? "http",
    },
    out: (line) => terminal.out(prefix + line),
    err: (line) => terminal.err(prefix + line),
  });
}

/** What Dapr's own command line adds to metadata. */
function describe(
  sidecar: NodeSidecar,
  command: readonly string[],
  app: AppProcess,
  terminal: Terminal,
): void {
  const { extended } = sidecar.runtime.sidecar;
  extended.set("appCommand", command.join(" "));
  extended.set("cliPID", String(terminal.pid));
  if (app.pid !== undefined) extended.set("appPID", String(app.pid));
}

async function supervise(
  app: AppProcess,
  sidecar: NodeSidecar,
  serves: boolean,
  signals: Signals,
  stopAsked: Promise<void>,
  terminal: Terminal,
  log: Log,
): Promise<number> {
  try {
    const first = await Promise.race([
      app.ended,
      signals.first.then((signal) => ({ asked: signal })),
      stopAsked.then(() => ({ asked: undefined })),
    ]);
    if ("asked" in first) return await stopApp(app, first.asked, signals, terminal, log);
    const code = exitCode(first);
    if (serves || code !== 0) {
      log.info(
        `the app ended ${first.signal === undefined ? `with exit code ${code}` : `by ${first.signal}`}`,
      );
      return code;
    }
    log.info(`the command ended; the sidecar stays at ${sidecar.url} until Ctrl-C`);
    await Promise.race([signals.first, stopAsked]);
    return 0;
  } catch (error) {
    log.error(error instanceof Error ? error.message : String(error));
    return 127;
  } finally {
    await sidecar.stop();
  }
}

/** The app first, while its sidecar still answers; then the code it ends with. */
async function stopApp(
  app: AppProcess,
  asked: NodeJS.Signals | undefined,
  signals: Signals,
  terminal: Terminal,
  log: Log,
): Promise<number> {
  // Ctrl-C in a terminal has reached the app already; twice would cut its own clean-up short.
  if (!(asked === "SIGINT" && terminal.interactive)) app.kill(asked ?? "SIGTERM");
  const kill = (why: string) => () => {
    log.warn(`the app is killed: ${why}`);
    app.kill("SIGKILL");
  };
  const timer = setTimeout(kill(`it did not end within ${APP_GRACE_MS / 1000} s`), APP_GRACE_MS);
  signals.again(kill("asked twice"));
  const ending = await app.ended;
  clearTimeout(timer);
  // Ended by what was passed on to it, which is what was asked for.
  return ending.code ?? 0;
}

function exitCode({ code, signal }: Ending): number {
  if (code !== undefined) return code;
  return 128 + (signal === undefined ? 0 : constants.signals[signal]);
}

/** The signals that ask this process to end, in their order. */
class Signals {
  readonly first: Promise<NodeJS.Signals>;
  #again: () => void = () => undefined;

  constructor(terminal: Terminal) {
    this.first = new Promise((resolve) => {
      let asked = false;
      terminal.onSignal((signal) => {
        if (asked) this.#again();
        asked = true;
        resolve(signal);
      });
    });
  }

  /** Runs with every signal after the first. */
  again(handler: () => void): void {
    this.#again = handler;
  }
}
