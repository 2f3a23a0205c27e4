import { appFolder, instancesIn, runtimeFolder } from "../machine/runtime-folder.ts";
import { runningSidecars } from "../machine/sidecars.ts";
import type { Terminal } from "./terminal.ts";

/** A sentence where another sidecar of this app runs already, which may not be what was meant; undefined: none does. */
export async function otherInstances(
  appId: string,
  namespace: string,
  { environment, pid }: Terminal,
): Promise<string | undefined> {
  const folder = runtimeFolder(environment);
  // The own one is there; sidecars are asked only where there is one more, which may be dead.
  if ((await instancesIn(appFolder(folder, namespace, appId))).length < 2) return undefined;
  const others = (await runningSidecars(folder)).filter(
    (one) => one.appId === appId && one.namespace === namespace && one.status.pid !== pid,
  );
  if (others.length === 0) return undefined;
  const pids = others.map(({ status }) => status.pid).join(", ");
  return `${appId} runs already (pid ${pids}): its calls and events are shared with this one; \`daprlet stop ${appId}\` stops all`;
}
