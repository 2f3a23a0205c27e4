import { startSidecar } from "../start-sidecar.ts";
import { checkFlags, type Given, UsageError } from "./arguments.ts";
import { componentModules } from "./component-modules.ts";
import { keepYoung } from "./keep-young.ts";
import { commandLog, sidecarOptions } from "./sidecar-options.ts";
import type { Terminal } from "./terminal.ts";

const WAIT_MS = 60_000;

/** `daprlet daprd`: daprd's job, its switches and its log, without an app process. Answers the exit code. */
export async function daprd(given: Given, terminal: Terminal): Promise<number> {
  const began = performance.now();
  const port = given.port("dapr-http-port") ?? 3500;
  if (given.on("wait")) return await waitForSidecar(port);
  if (given.has("run-file")) throw new UsageError("--run-file: a template is for `daprlet run`");
  const appId = given.text("app-id");
  if (appId === undefined || appId === "") throw new UsageError("app id: use --app-id to name the app");
  const log = commandLog(given, appId, "logfmt", false, terminal.out);
  const later = checkFlags(given);
  if (later !== undefined) log.warn(later);
  const asked = new Promise<NodeJS.Signals>((resolve) => {
    terminal.onSignal((signal) => {
      // A terminal that is closed hangs up as well; what was started from it ends with it.
      if (signal !== "SIGHUP" || terminal.interactive) return resolve(signal);
      log.info("received SIGHUP: the resources are read again");
      // A start that fails ends this process by itself.
      starting.then((sidecar) => sidecar.reload()).catch(() => undefined);
    });
  });
  const relay = given.text("relay");
  if (relay !== undefined && /^\d+$/.test(relay)) {
    throw new UsageError("--relay takes the URL of a relay here; `daprlet relay` starts one");
  }
  const startedAt = Date.now();
  const options = sidecarOptions(given, appId, relay, terminal, log);
  const status = () => ({ appPort: options.appPort, pid: terminal.pid, startedAt });
  const starting = componentModules(given).then((modules) =>
    startSidecar({ ...options, ...modules, port, status }),
  );
  const sidecar = await starting;
  keepYoung();
  const elapsed = Math.round(performance.now() - began);
  log.info(`HTTP server is running on port ${sidecar.port}`);
  // Tools that start daprd look for this sentence.
  log.info(`dapr initialized. Status: Running. Init Elapsed ${elapsed}ms`);
  const signal = await Promise.race([asked, sidecar.stopped]);
  if (signal !== undefined) log.info(`received ${signal}: shutting down`);
  const inTime = await sidecar.stop();
  log.info("stopped");
  return inTime ? 0 : 1;
}

/** `--wait`: until the sidecar at the port can serve its app. */
async function waitForSidecar(port: number): Promise<number> {
  const end = performance.now() + WAIT_MS;
  while (performance.now() < end) {
    const ready = await fetch(`http://127.0.0.1:${port}/v1.0/healthz/outbound`).then(
      (response) => response.ok,
      () => false,
    );
    if (ready) return 0;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`no sidecar was ready at port ${port} within ${WAIT_MS / 1000} s`);
}
