import type { ChildProcess } from "node:child_process";
import type { Limits } from "../../capability/manifest.ts";
import { type Platform, sleep } from "../../platform.ts";
import type { ContainerEngine } from "./container-engine.ts";

/** From one look whether it answers to the next. */
const LOOK_MS = 100;

/** Of what the engine says of a failure. */
const MAX_SAID = 300;

/** How often one that is being created is removed, before it is given up. */
const REMOVALS = 100;

/** What a process exits with that was killed. */
const KILLED = 137;

/** How engines begin what they say themselves; all else is the container's. */
const ENGINE_SAYS = /^(docker|Error): /;

/** What they say before they fetch an image, and after. */
const FETCHING = /^(Unable to find image|Trying to pull)/m;
const FETCHED = /^(Status: |Writing manifest)/m;

/** What they say where they cannot hold a container to its memory: podman without root on older machines, docker on some kernels. */
const UNLIMITED = /^Resource limits are not supported|not support memory limit capabilities/m;

export interface RunOptions {
  readonly image: string;
  /** Where it listens within. */
  readonly port: number;
  readonly limits: Limits;
}

/** The line that says why: what follows it in an engine's words is advice. */
function reasonIn(said: string): string {
  const lines = said.split("\n").filter((line) => line.trim() !== "" && !/^(Run|See) '/.test(line));
  return (lines.at(-1) ?? "").slice(0, MAX_SAID);
}

function causeOf(code: number | null, signal: string | null, said: string, memory: number): string {
  const why = reasonIn(said);
  // Of the engine's own codes, 125 to 127, and words: the container was none yet.
  if (code !== null && code >= 125 && code <= 127 && ENGINE_SAYS.test(why)) return why;
  if (code === KILLED)
    return `it was killed (${code}), as one is that takes more memory than its ${Math.floor(memory / 2 ** 20)} MiB`;
  const how = code === null ? `its engine's client was ended by ${signal}` : `it exited with ${code}`;
  return why === "" ? how : `${how}: ${why}`;
}

/** One container, from its start to its end. */
export class ContainerRun {
  /** Rejects when it ends, and says why. */
  readonly gone: Promise<never>;
  readonly #name: string;
  readonly #port: number;
  readonly #engine: ContainerEngine;
  readonly #platform: Platform;
  readonly #child: ChildProcess;
  readonly #over = new AbortController();
  #said = "";

  constructor({ image, port, limits }: RunOptions, engine: ContainerEngine, platform: Platform) {
    this.#name = engine.name(platform.uuid());
    this.#port = port;
    this.#engine = engine;
    this.#platform = platform;
    this.#child = engine.run(this.#name, image, port, limits);
    this.#child.stderr?.setEncoding("utf8").on("data", (chunk: string) => {
      this.#said = (this.#said + chunk).slice(-10 * MAX_SAID);
    });
    this.gone = new Promise<never>((_, reject) => {
      const over = (error: Error) => {
        reject(error);
        this.#over.abort(error);
      };
      this.#child.on("error", over);
      this.#child.on("close", (code, signal) =>
        over(new Error(causeOf(code, signal, this.#said, limits.memory))),
      );
    });
    this.gone.catch(() => undefined);
  }

  /** Whether its engine said that it may take as much memory as it likes. */
  get unlimited(): boolean {
    return UNLIMITED.test(this.#said);
  }

  /** Where it answers, as soon as it does, whatever it says. Rejects when it ends before. */
  async answering(until?: AbortSignal): Promise<string> {
    const over = this.#over.signal;
    const signal = until === undefined ? over : AbortSignal.any([over, until]);
    for (;;) {
      signal.throwIfAborted();
      const base = await this.#engine.address(this.#name, this.#port);
      if (base !== undefined) {
        const answer = await this.#platform
          .fetch(`${base}/`, { redirect: "manual", signal })
          .catch(() => undefined);
        await answer?.body?.cancel();
        if (answer !== undefined) return base;
      }
      await sleep(this.#platform.clock, LOOK_MS, signal);
    }
  }

  /** Ends it, and resolves when nothing of it is there. */
  async remove(): Promise<void> {
    // docker goes on creating what a client has asked for that is killed: it has to be there to be removed.
    for (let left = REMOVALS; left > 0 && !this.#over.signal.aborted && !this.#fetches; left--)
      if (await this.#engine.remove(this.#name)) break;
    this.#child.kill("SIGKILL");
    await this.gone.catch(() => undefined);
    await this.#engine.remove(this.#name);
  }

  get #fetches(): boolean {
    return FETCHING.test(this.#said) && !FETCHED.test(this.#said);
  }
}
