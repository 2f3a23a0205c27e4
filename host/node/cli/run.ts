import { constants } from "node:os";
import type { Log } from "../../platform.ts";
import { type NodeSidecar, startSidecar } from "../start-sidecar.ts";
import { generatedAppId } from "./app-id.ts";
import { AppProcess, type Ending, NotStartedError } from "./app-process.ts";
import { checkFlags, type Given, UsageError } from "./arguments.ts";
import { componentModules } from "./component-modules.ts";
import { keepYoung } from "./keep-young.ts";
import { otherInstances } from "./other-instances.ts";
import { commandLog, sidecarOptions } from "./sidecar-options.ts";
import { StopRequests } from "./stop-requests.ts";
import type { Terminal } from "./terminal.ts";

/** How long an app may take to end after it was asked to, before it is killed. */
const APP_GRACE_MS = 10_000;

/** One `daprlet run`. */
interface Session {
  readonly given: Given;
  readonly command: readonly string[];
  readonly appId: string;
  readonly stops: StopRequests;
  readonly terminal: Terminal;
  readonly log: Log;
}

/** `daprlet run`: a sidecar, and the app's command beside it. Answers the exit code. */
export async function run(given: Given, command: readonly string[], terminal: Terminal): Promise<number> {
  const appId = given.text("app-id") ?? generatedAppId(command);
  const log = commandLog(given, appId, "readable", terminal.colour, terminal.err);
  const later = checkFlags(given);
  if (later !== undefined) log.warn(later);
  const stops = new StopRequests(terminal);
  if (given.has("run-template")) terminal.onOrphaned(() => stops.ask("SIGTERM"));
  const session = { given, command, appId, stops, terminal, log };
  const target = given.text("relay");
  if (target === undefined) return await runSidecar(session, undefined);
  const { relayFor } = await import("./relay.ts");
  const token = given.text("relay-token") ?? terminal.environment.DAPRLET_RELAY_TOKEN;
  const relay = await relayFor(target, token, log);
  try {
    return await runSidecar(session, relay.url);
  } finally {
    await relay.own?.close();
  }
}

async function runSidecar(session: Session, relay: string | undefined): Promise<number> {
  const { given, command, appId, stops, terminal, log } = session;
  const options = sidecarOptions(given, appId, relay, terminal, log);
  const { appPort, appWasm } = options;
  if (appWasm !== undefined && command.length > 0)
    throw new UsageError("--app-wasm is the app: leave the command out");
  const startedAt = Date.now();
  const runTemplatePath = given.text("run-template");
  let appPid: number | undefined;
  const sidecar = await startSidecar({
    ...options,
    ...(await componentModules(given)),
    preferredPort: 3500,
    onStopRequest: () => stops.ask(undefined),
    status: () => ({
      appPort,
      pid: terminal.pid,
      appPid,
      startedAt,
      command: command.join(" "),
      runTemplatePath,
    }),
  });
  keepYoung();
  let inTime = true;
  let code = 0;
  try {
    const port = appPort === undefined ? "" : `, its app on port ${appPort}`;
    const app = appWasm === undefined ? port : `, its app is ${appWasm.module}`;
    terminal.out(`${appId} is up: its sidecar is at ${sidecar.url}${app}`);
    const { namespace } = sidecar.runtime.sidecar;
    otherInstances(appId, namespace, terminal).then(
      (sentence) => sentence && log.warn(sentence),
      () => undefined,
    );
    if (command.length === 0) await stops.first;
    else {
      const child = startApp(session, sidecar);
      appPid = child.pid;
      // What Dapr's own command line adds to metadata.
      const { extended } = sidecar.runtime.sidecar;
      extended.set("appCommand", command.join(" "));
      extended.set("cliPID", String(terminal.pid));
      if (appPid !== undefined) extended.set("appPID", String(appPid));
      code = await supervise(child, session, sidecar.url, appPort !== undefined);
    }
  } finally {
    inTime = await sidecar.stop();
  }
  return inTime ? code : code || 1;
}

function startApp({ given, command, terminal }: Session, sidecar: NodeSidecar): AppProcess {
  const prefix = terminal.colour ? "\u001b[36m== APP ==\u001b[0m " : "== APP == ";
  const port = given.port("app-port");
  const grpcPort = given.port("dapr-grpc-port");
  return new AppProcess({
    command,
    environment: {
      ...terminal.environment,
      APP_ID: sidecar.appId,
      DAPR_HTTP_PORT: String(sidecar.port),
      // Dapr's SDKs take the port for one in the clear.
      ...(sidecar.url.startsWith("https:") && { DAPR_HTTP_ENDPOINT: sidecar.url }),
      ...(port !== undefined && { APP_PORT: String(port) }),
      ...(grpcPort !== undefined && { DAPR_GRPC_PORT: String(grpcPort) }),
      ...(sidecar.metricsPort !== undefined && { DAPR_METRICS_PORT: String(sidecar.metricsPort) }),
      APP_PROTOCOL: given.text("app-protocol") ?? "http",
    },
    out: (line) => terminal.out(prefix + line),
    err: (line) => terminal.err(prefix + line),
  });
}

/** Until the app has ended, or was asked to. `serves`: without the app the sidecar has nothing to do. */
async function supervise(app: AppProcess, session: Session, url: string, serves: boolean): Promise<number> {
  const { stops, log } = session;
  try {
    const first = await Promise.race([app.ended, stops.first.then((signal) => ({ asked: signal }))]);
    if ("asked" in first) return await stopApp(app, first.asked, session);
    const code = exitCode(first);
    if (serves || code !== 0) {
      log.info(
        `the app ended ${first.signal === undefined ? `with exit code ${code}` : `by ${first.signal}`}`,
      );
      return code;
    }
    log.info(`the command ended; the sidecar stays at ${url} until Ctrl-C`);
    await stops.first;
    return 0;
  } catch (error) {
    if (!(error instanceof NotStartedError)) throw error;
    log.error(error.message);
    return error.exitCode;
  }
}

/** The app first, while its sidecar still answers; then the code it ends with. */
async function stopApp(
  app: AppProcess,
  asked: NodeJS.Signals | undefined,
  { stops, terminal, log }: Session,
): Promise<number> {
  // Ctrl-C in a terminal has reached the app already; twice would cut its own clean-up short.
  if (!(asked === "SIGINT" && terminal.interactive)) app.kill(asked ?? "SIGTERM");
  const kill = (why: string) => () => {
    log.warn(`the app is killed: ${why}`);
    app.kill("SIGKILL");
  };
  const timer = setTimeout(kill(`it did not end within ${APP_GRACE_MS / 1000} s`), APP_GRACE_MS);
  stops.again(kill("asked twice"));
  const ending = await app.ended;
  clearTimeout(timer);
  // Ended by what was passed on to it, which is what was asked for; killed, it was cut off.
  return ending.signal === "SIGKILL" ? exitCode(ending) : (ending.code ?? 0);
}

function exitCode({ code, signal }: Ending): number {
  if (code !== undefined) return code;
  return 128 + (signal === undefined ? 0 : constants.signals[signal]);
}
