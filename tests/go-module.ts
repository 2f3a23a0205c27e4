import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { onPath } from "./hosts/daprd.ts";

const run = promisify(execFile);

/** For Go without a network: what it has is in its cache. */
export const offlineGo = {
  ...process.env,
  GOFLAGS: "-mod=mod",
  GOPROXY: "off",
  GOSUMDB: "off",
};

/** The folder of a Go module that is in the cache; undefined: it is not, or there is no Go. */
export async function goModule(module: string, version: string): Promise<string | undefined> {
  if (!onPath("go")) return undefined;
  const found = await run("go", ["mod", "download", "-json", `${module}@${version}`], {
    env: offlineGo,
  }).catch(() => undefined);
  return found && (JSON.parse(found.stdout) as { Dir?: string }).Dir;
}
