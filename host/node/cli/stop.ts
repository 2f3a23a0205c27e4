import { runtimeFolder } from "../machine/runtime-folder.ts";
import { type RunningSidecar, runningSidecars } from "../machine/sidecars.ts";
import { UsageError } from "./arguments.ts";
import { templatePath } from "./run-template.ts";
import type { Terminal } from "./terminal.ts";

/** How long a sidecar and its app may take to end. */
const STOP_MS = 15_000;

export interface StopFlags {
  readonly appId: readonly string[];
  readonly runFile?: string;
  /** Seconds. */
  readonly timeout?: string;
}

/** `daprlet stop`: asks the sidecars of these apps to end, and waits until they have. Answers the exit code. */
export async function stop(ids: readonly string[], flags: StopFlags, terminal: Terminal): Promise<number> {
  const { runFile } = flags;
  const appIds = [...flags.appId, ...ids];
  const waitMs = flags.timeout === undefined ? STOP_MS : Number(flags.timeout) * 1000;
  if (!(waitMs >= 0)) throw new UsageError(`--timeout takes seconds, not ${flags.timeout}`);
  if (appIds.length === 0 && runFile === undefined) {
    throw new UsageError("name an app with --app-id, or a template with --run-file");
  }
  const folder = runtimeFolder(terminal.environment);
  let code = 0;
  const end = async (asked: readonly RunningSidecar[], what: string): Promise<boolean> => {
    await Promise.all(asked.map((sidecar) => sidecar.stop()));
    const gone = await untilGone(folder, new Set(asked.map((sidecar) => sidecar.instance)), waitMs);
    if (gone) terminal.out(`${what} stopped`);
    else terminal.err(`${what} did not end within ${waitMs / 1000} s`);
    return gone;
  };
  if (runFile !== undefined) {
    const path = templatePath(runFile);
    const running = await runningSidecars(folder);
    const asked = running.filter(({ status }) => status.runTemplatePath === path);
    if (asked.length === 0) {
      terminal.err(`no app of ${runFile} is running`);
      code = 1;
    } else if (!(await end(asked, asked.map(({ appId }) => appId).join(", ")))) code = 1;
  }
  for (const appId of appIds) {
    const asked = (await runningSidecars(folder)).filter((sidecar) => sidecar.appId === appId);
    if (asked.length === 0) {
      terminal.err(`no sidecar of ${appId} is running`);
      code = 1;
    } else if (!(await end(asked, appId))) code = 1;
  }
  return code;
}

async function untilGone(folder: string, instances: ReadonlySet<string>, waitMs: number): Promise<boolean> {
  const end = performance.now() + waitMs;
  for (;;) {
    const left = await runningSidecars(folder);
    if (!left.some((sidecar) => instances.has(sidecar.instance))) return true;
    if (performance.now() >= end) return false;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
