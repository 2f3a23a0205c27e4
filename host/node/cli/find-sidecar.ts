import { runtimeFolder } from "../machine/runtime-folder.ts";
import { type RunningSidecar, runningSidecars } from "../machine/sidecars.ts";
import type { Terminal } from "./terminal.ts";

/**
 * The running sidecar of an app; without an id the only one there is. Throws with the remedy when there is none, or
 * when it is not clear which.
 */
export async function findSidecar(
  { environment }: Terminal,
  appId: string | undefined,
  flag: string,
): Promise<RunningSidecar> {
  const running = await runningSidecars(runtimeFolder(environment));
  const ids = [...new Set(running.map((sidecar) => sidecar.appId))];
  if (running.length === 0) throw new Error("no sidecar is running; start one with `daprlet run`");
  if (appId === undefined) {
    const [only] = running;
    if (only !== undefined && ids.length === 1) return only;
    throw new Error(`several apps are running: ${ids.join(", ")}; name one with ${flag}`);
  }
  const found = running.find((sidecar) => sidecar.appId === appId);
  if (found === undefined) throw new Error(`no sidecar of ${appId} is running; there is ${ids.join(", ")}`);
  return found;
}
