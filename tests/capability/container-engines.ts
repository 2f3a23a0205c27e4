import { execFileSync, spawnSync } from "node:child_process";
import {
  accessSync,
  chmodSync,
  constants,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";

/** An engine that tests run containers by. */
export interface TestEngine {
  readonly name: string;
  /** Why it is none here. */
  readonly missing: string | undefined;
  /** Of the server that answers as `container-server` does. */
  readonly image: string;
  /** One that cannot be run. */
  readonly broken: string;
  /** Makes the images. Why it cannot run them, whoever asks; undefined: it can. */
  prepare(): string | undefined;
  /** Of a process for which it is the only one: what is linked is in the folder. */
  environment(folder: string): Readonly<Record<string, string>>;
  /** The names of the image's containers, those that do not run as well. */
  names(): readonly string[];
  /** What its client answers; left out where it is a stand-in. */
  say?(...args: readonly string[]): string;
  remove(): void;
}

const realPath = process.env.PATH ?? "";

export function programOf(name: string): string | undefined {
  return realPath
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

/** Links programs into a folder, as far as they are here. */
function linked(folder: string, programs: readonly string[]): string {
  mkdirSync(folder, { recursive: true });
  for (const name of programs) {
    const file = programOf(name);
    if (file !== undefined) symlinkSync(file, join(folder, name));
  }
  return folder;
}

/** A stand-in of docker, whose containers are processes; it keeps them in a folder. */
export function fakeEngine(folder: string): TestEngine {
  const containers = join(folder, "containers");
  return {
    name: "a stand-in of docker",
    missing: undefined,
    image: "example/detect:1.2",
    broken: "absent/detect",
    prepare: () => void mkdirSync(containers, { recursive: true }),
    environment(of) {
      const bin = linked(join(of, "bin"), ["node"]);
      cpSync(join(import.meta.dirname, "fake-docker.mjs"), join(bin, "docker"));
      chmodSync(join(bin, "docker"), 0o755);
      return { PATH: bin, FAKE_DOCKER: containers };
    },
    names: () => readdirSync(containers).flatMap((name) => (name.endsWith(".json") ? name.slice(0, -5) : [])),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** What podman looks for on the PATH. */
const helpers = [
  "conmon",
  "crun",
  "runc",
  "newuidmap",
  "newgidmap",
  "slirp4netns",
  "pasta",
  "fuse-overlayfs",
  "iptables",
  "nft",
];

/** Whether the engine behind a client answers, without starting anything. */
function missingEngine(client: string, question: string): string | undefined {
  if (programOf(client) === undefined) return `${client} is not on the PATH`;
  if (programOf("go") === undefined) return "go, which makes its image, is not on the PATH";
  const { status, stderr } = spawnSync(client, [question], { encoding: "utf8", timeout: 10_000 });
  return status === 0
    ? undefined
    : `${client} does not answer: ${stderr?.trim().split("\n").at(-1) ?? "it is late"}`;
}

/** docker or podman, with an image of this process from scratch. */
export function realEngine(client: string, question: string): TestEngine {
  const image = `localhost/daprlet-test/server:${process.pid}`;
  const broken = `localhost/daprlet-test/broken:${process.pid}`;
  const say = (...args: readonly string[]) =>
    execFileSync(client, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  const names = () =>
    say("ps", "--all", "--filter", `ancestor=${image}`, "--format", "{{.Names}}").split("\n").filter(Boolean);
  return {
    name: client,
    missing: missingEngine(client, question),
    image,
    broken,
    prepare() {
      const source = join(import.meta.dirname, "container-server");
      const folder = mkdtempSync(join(tmpdir(), "daprlet-image-"));
      try {
        const env = { ...process.env, CGO_ENABLED: "0" };
        execFileSync("go", ["build", "-ldflags=-s -w", "-o", join(folder, "server"), "."], {
          cwd: source,
          env,
        });
        cpSync(join(source, "Dockerfile"), join(folder, "Dockerfile"));
        say("build", "--quiet", "--tag", image, folder);
        rmSync(join(folder, "server"));
        cpSync(join(source, "go.mod"), join(folder, "server"));
        say("build", "--quiet", "--tag", broken, folder);
        say("run", "--rm", image, "once");
        return undefined;
      } catch (error) {
        return `${client} runs no container: ${(error as { stderr?: string }).stderr ?? error}`;
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
    environment(of) {
      const bin = linked(join(of, "bin"), [client, ...helpers]);
      return { PATH: [bin, "/usr/sbin", "/sbin"].join(delimiter) };
    },
    names,
    say,
    remove() {
      for (const name of names()) say("rm", "--force", "--volumes", name);
      say("rmi", "--force", image, broken);
    },
  };
}

export const engines: readonly TestEngine[] = [
  fakeEngine(join(tmpdir(), `daprlet-fake-docker-${process.pid}`)),
  realEngine("docker", "version"),
  realEngine("podman", "info"),
];
