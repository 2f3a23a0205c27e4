import { type ChildProcess, execFile, spawn } from "node:child_process";
import { accessSync, constants, readFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { delimiter, resolve } from "node:path";
import { promisify } from "node:util";
import type { Limits } from "../../capability/manifest.ts";

const run = promisify(execFile);

/** Those that understand the same commands, the usual one first. */
const programs = ["docker", "podman"];

/** How long a command may take that has nothing to fetch. */
const COMMAND_MS = 30_000;

/** Of this much time of a processor, in microseconds, a container gets its part. */
const CPU_PERIOD = 100_000;

/** What our containers are found by; its value is the machine, since an engine may be another's as well. */
const LABEL = "dev.daprlet.host";

/** What stands in a container's name: who started it, as long as that one lives. */
const NAME = /^daprlet-(\d+)-(\d+)-[0-9a-f-]+$/;

/** When a process began, in ticks since the machine did; 0 where nothing tells. Undefined: there is no such process. */
function beginOf(pid: number): number | undefined {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return undefined;
  }
  try {
    // The name in front of it is in brackets, and may hold anything.
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19]);
  } catch {
    return 0;
  }
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** What a container is run with: no privileges, nothing to write to but memory, reached by this machine alone. */
export function runArguments(name: string, image: string, port: number, limits: Limits): readonly string[] {
  const memory = String(limits.memory);
  return [
    ...["run", "--rm", "--name", name, "--label", `${LABEL}=${hostname()}`],
    ...["--publish", `127.0.0.1::${port}`, "--env", `PORT=${port}`],
    // docker's own default, and not podman's: without a capability it could not listen on 80 otherwise.
    ...["--sysctl", "net.ipv4.ip_unprivileged_port_start=0"],
    ...["--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--read-only", "--tmpfs", "/tmp"],
    ...["--memory", memory, "--memory-swap", memory, "--pids-limit", "256"],
    // Not --cpus, which docker refuses where it has fewer: its machine may be another one than this.
    ...["--cpu-period", String(CPU_PERIOD), "--cpu-quota", String(CPU_PERIOD * limits.concurrency)],
    ...["--log-driver", "json-file", "--log-opt", "max-size=1m", "--no-healthcheck"],
    // podman's rm would wait ten seconds for a program that does not listen to SIGTERM, as the first of a container may not.
    ...["--stop-timeout", "0"],
    image,
  ];
}

/** docker, or podman, of this machine. */
export class ContainerEngine {
  readonly #program: string;

  private constructor(program: string) {
    this.#program = program;
  }

  /** Those on the PATH, the usual one first. */
  static found(path = process.env.PATH ?? ""): readonly ContainerEngine[] {
    const folders = path.split(delimiter).filter((one) => one !== "");
    return programs.flatMap((name) => {
      const file = process.platform === "win32" ? `${name}.exe` : name;
      const found = folders.map((folder) => resolve(folder, file)).find(isProgram);
      return found === undefined ? [] : new ContainerEngine(found);
    });
  }

  /** Whether it could run something: a client may be here whose engine is not. */
  async answers(): Promise<boolean> {
    return await this.#said("version").then(
      () => true,
      () => false,
    );
  }

  /** A name of which the next sidecar can tell that its owner is gone. */
  name(uuid: string): string {
    return `daprlet-${process.pid}-${beginOf(process.pid) ?? 0}-${uuid}`;
  }

  /** Runs a container for as long as the process that is answered; an image that is not here is fetched first. */
  run(name: string, image: string, port: number, limits: Limits): ChildProcess {
    // In a group of its own: Ctrl-C in a terminal is for the sidecar, which ends it.
    return spawn(this.#program, runArguments(name, image, port, limits), {
      stdio: ["ignore", "ignore", "pipe"],
      // podman leaves a file there when a container takes too much memory.
      cwd: tmpdir(),
      detached: true,
    });
  }

  /** Where a port of it is on this machine; undefined: it is not published yet. */
  async address(name: string, port: number): Promise<string | undefined> {
    const said = await this.#said("port", name, `${port}/tcp`).catch(() => "");
    const published = /^127\.0\.0\.1:(\d+)$/m.exec(said)?.[1];
    return published === undefined ? undefined : `http://127.0.0.1:${published}`;
  }

  /** Whatever it does, and its image's volumes. False: there is none, or not yet. */
  async remove(name: string): Promise<boolean> {
    const said = await this.#said("rm", "--force", "--volumes", name).catch(() => "");
    return said.trim() !== "";
  }

  /** Removes what sidecars of this machine left that were killed. */
  async sweep(): Promise<void> {
    const filter = `label=${LABEL}=${hostname()}`;
    const said = await this.#said("ps", "--all", "--filter", filter, "--format", "{{.Names}}").catch(
      () => "",
    );
    const left = said.split("\n").filter((name) => {
      const [, pid, began] = NAME.exec(name) ?? [];
      return pid !== undefined && beginOf(Number(pid)) !== Number(began);
    });
    await Promise.all(left.map((name) => this.remove(name)));
  }

  async #said(...args: readonly string[]): Promise<string> {
    return (await run(this.#program, args, { timeout: COMMAND_MS })).stdout;
  }
}
