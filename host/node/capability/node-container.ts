import type { ChildProcess } from "node:child_process";
import type { Container, ContainerStatus } from "../../capability/containers.ts";
import type { Limits } from "../../capability/manifest.ts";
import { reasonOf } from "../../errors/reason-of.ts";
import { type Platform, sleep, withDeadline } from "../../platform.ts";
import type { ContainerEngine } from "./container-engine.ts";

/** How long it may take to answer at first, its image's way here included. */
const START_MS = 180_000;

/** From one look whether it answers to the next. */
const LOOK_MS = 100;

/** One that could not be started is not tried again so soon. */
const PAUSE_MS = 5_000;

/** What docker and podman exit with where they cannot run a container. */
const ENGINE_FAILED = 125;

/** Of what the engine says of a failure. */
const MAX_SAID = 300;

/** The line of an engine's words that says why: what follows it is advice. */
function reasonIn(said: string): string {
  const lines = said.split("\n").filter((line) => line.trim() !== "" && !/^(Run|See) '/.test(line));
  return (lines.at(-1) ?? "").slice(0, MAX_SAID);
}

interface Run {
  readonly name: string;
  readonly child: ChildProcess;
  /** Rejects when it ends. */
  readonly gone: Promise<never>;
}

/** What containers are run with. */
interface ContainerHost {
  readonly engine: ContainerEngine;
  readonly platform: Platform;
  /** What killed sidecars left is gone. */
  readonly swept: Promise<void>;
  /** Those that are to be ended with the sidecar. */
  readonly started: Set<NodeContainer>;
}

/** A container of this machine's engine: started by its first call, and again by the next one when it has died. */
export class NodeContainer implements Container {
  readonly image: string;
  readonly #port: number;
  readonly #limits: Limits;
  readonly #host: ContainerHost;
  #run: Run | undefined;
  #address: Promise<string> | undefined;
  #answers = false;
  #started = 0;
  #failed: { readonly cause: string; readonly at: number } | undefined;
  #ended: Promise<void> | undefined;

  constructor(
    { image, port, limits }: { readonly image: string; readonly port: number; readonly limits: Limits },
    host: ContainerHost,
  ) {
    this.image = image;
    this.#port = port;
    this.#limits = limits;
    this.#host = host;
  }

  get status(): ContainerStatus {
    const status = this.#address === undefined ? "stopped" : this.#answers ? "running" : "starting";
    const cause = status === "stopped" ? this.#failed?.cause : undefined;
    return { status, started: this.#started, ...(cause !== undefined && { cause }) };
  }

  async address(): Promise<string> {
    if (this.#ended !== undefined) throw new Error(`container ${this.image} has been ended`);
    if (this.#address !== undefined) return await this.#address;
    const failed = this.#failed;
    if (failed !== undefined && this.#host.platform.clock.now() - failed.at < PAUSE_MS)
      throw new Error(failed.cause);
    const starting = this.#start();
    this.#address = starting;
    return await starting;
  }

  end(): void {
    void this.ended();
  }

  /** Ends it, and resolves when nothing of it is there. */
  ended(): Promise<void> {
    this.#ended ??= this.#remove(this.#run).then(() => void this.#host.started.delete(this));
    return this.#ended;
  }

  async #start(): Promise<string> {
    try {
      this.#host.started.add(this);
      await this.#host.swept;
      if (this.#ended !== undefined) throw new Error("the sidecar stops");
      const run = this.#begin();
      const late = () => new Error(`it did not answer on port ${this.#port} within ${START_MS / 1_000} s`);
      const base = await withDeadline(
        this.#host.platform.clock,
        START_MS,
        (signal) => Promise.race([this.#answering(run.name, signal), run.gone]),
        late,
      );
      this.#answers = true;
      this.#failed = undefined;
      this.#host.platform.log.info(`container ${this.image} answers`);
      return base;
    } catch (error) {
      const cause = `container ${this.image} cannot be started: ${reasonOf(error)}`;
      this.#failed = { cause, at: this.#host.platform.clock.now() };
      this.#address = undefined;
      await this.#remove(this.#run);
      throw new Error(cause, { cause: error });
    }
  }

  #begin(): Run {
    const name = this.#host.engine.name(this.#host.platform.uuid());
    const child = this.#host.engine.run(name, this.image, this.#port, this.#limits);
    let said = "";
    child.stderr?.setEncoding("utf8").on("data", (chunk: string) => {
      said = (said + chunk).slice(-10 * MAX_SAID);
    });
    const gone = new Promise<never>((_, reject) => {
      child.on("error", (error) => reject(error));
      child.on("close", (code, signal) => {
        const how = code === null ? `it was ended by ${signal}` : `it exited with ${code}`;
        const why = reasonIn(said);
        // The engine's own code, and words, where it is not the container that failed.
        reject(new Error(code === ENGINE_FAILED && why !== "" ? why : [how, why].filter(Boolean).join(": ")));
      });
    });
    const run = { name, child, gone };
    this.#run = run;
    this.#started += 1;
    gone.catch((error: unknown) => this.#died(run, error));
    return run;
  }

  /** Where it answers, as soon as it does, whatever it says. */
  async #answering(name: string, signal: AbortSignal): Promise<string> {
    for (;;) {
      const base = await this.#host.engine.address(name, this.#port);
      if (base !== undefined) {
        const answer = await this.#host.platform
          .fetch(`${base}/`, { redirect: "manual", signal })
          .catch(() => undefined);
        await answer?.body?.cancel();
        if (answer !== undefined) return base;
      }
      await sleep(this.#host.platform.clock, LOOK_MS, signal);
    }
  }

  /** What had answered, and does not any more. */
  #died(run: Run, error: unknown): void {
    if (this.#run !== run || !this.#answers || this.#ended !== undefined) return;
    this.#failed = {
      cause: `container ${this.image} has ended: ${reasonOf(error)}`,
      at: Number.NEGATIVE_INFINITY,
    };
    this.#address = undefined;
    this.#answers = false;
    this.#host.platform.log.warn(`container ${this.image} has ended, and is started again by its next call`);
    void this.#remove(run);
  }

  async #remove(run: Run | undefined): Promise<void> {
    if (run === undefined) return;
    if (this.#run === run) this.#run = undefined;
    // What it fetches is not wanted any more; a container that it runs is removed by its name.
    run.child.kill("SIGKILL");
    await run.gone.catch(() => undefined);
    await this.#host.engine.remove(run.name);
  }
}
