import { access, constants } from "node:fs/promises";
import { delimiter, join } from "node:path";

/** How to get it. It is one file without dependencies. */
const remedy =
  "a gateway runs under wasmtime (https://wasmtime.dev), which is not on the path: install it with `curl https://wasmtime.dev/install.sh -sSf | bash`, `brew install wasmtime` or `winget install wasmtime`, or name it with DAPRLET_WASMTIME";

async function isProgram(path: string): Promise<boolean> {
  return await access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Where wasmtime is: what the environment names, the path, or where its installer puts it. Throws with how to install it. */
export async function findWasmtime(environment: Environment): Promise<string> {
  const named = environment.DAPRLET_WASMTIME;
  if (named !== undefined && named !== "") {
    if (await isProgram(named)) return named;
    throw new Error(`DAPRLET_WASMTIME is ${named}, which is no program`);
  }
  const home = environment.WASMTIME_HOME || (environment.HOME && join(environment.HOME, ".wasmtime"));
  const folders = [...(environment.PATH ?? "").split(delimiter), ...(home ? [join(home, "bin")] : [])];
  const name = process.platform === "win32" ? "wasmtime.exe" : "wasmtime";
  for (const folder of folders) {
    const path = join(folder, name);
    if (folder !== "" && (await isProgram(path))) return path;
  }
  throw new Error(remedy);
}
