import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { join, resolve } from "node:path";

/** What the programs of `quickstarts/` import, pinned. */
const packages = ["dapr==1.19.0", "requests==2.32.5", "flask==3.1.2"];

/** Why the Python programs cannot run here, or undefined. */
export const pythonMissing =
  spawnSync("python3", ["-c", "import venv"]).status === 0
    ? undefined
    : "python3 with venv is not on this machine: the Python programs are left out";

/** The interpreter of an environment of the tests' own, made once and kept beside the packages of npm. */
export function pythonWith(name: string, wanted: readonly string[]): string {
  const folder = resolve(import.meta.dirname, `../../node_modules/.cache/daprlet-python-${name}`);
  const python = join(folder, "bin/python");
  const made = join(folder, `made-${wanted.join("-").replaceAll("=", "")}`);
  if (existsSync(made)) return python;
  mkdirSync(folder, { recursive: true });
  execFileSync("python3", ["-m", "venv", folder]);
  execFileSync(python, ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", ...wanted]);
  mkdirSync(made);
  return python;
}

export const pythonWithDapr = () => pythonWith("dapr", packages);
