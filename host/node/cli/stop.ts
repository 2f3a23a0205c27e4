import { runtimeFolder } from "../machine/runtime-folder.ts";
import { runningSidecars } from "../machine/sidecars.ts";
import { UsageError } from "./arguments.ts";
import type { Terminal } from "./terminal.ts";

/** How long a sidecar and its app may take to end. */
const STOP_MS = 15_000;

/** `daprlet stop`: asks the sidecars of these apps to end, and waits until they have. Answers the exit code. */
export async function stop(appIds: readonly string[], terminal: Terminal): Promise<number> {
  if (appIds.length === 0) throw new UsageError("name an app with --app-id");
  const folder = runtimeFolder(terminal.environment);
  let code = 0;
  for (const appId of appIds) {
    const asked = (await runningSidecars(folder)).filter((sidecar) => sidecar.appId === appId);
    if (asked.length === 0) {
      terminal.err(`no sidecar of ${appId} is running`);
      code = 1;
      continue;
    }
    await Promise.all(asked.map((sidecar) => sidecar.stop()));
    const gone = await untilGone(folder, new Set(asked.map((sidecar) => sidecar.instance)));
    if (gone) terminal.out(`${appId} stopped`);
    else {
      terminal.err(`${appId} did not end within ${STOP_MS / 1000} s`);
      code = 1;
    }
  }
  return code;
}

async function untilGone(folder: string, instances: ReadonlySet<string>): Promise<boolean> {
  const end = performance.now() + STOP_MS;
  while (performance.now() < end) {
    const left = await runningSidecars(folder);
    if (!left.some((sidecar) => instances.has(sidecar.instance))) return true;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return false;
}
