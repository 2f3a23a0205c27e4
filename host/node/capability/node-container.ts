import type { Container, ContainerStatus } from "../../capability/containers.ts";
import { reasonOf } from "../../errors/reason-of.ts";
import { type Platform, withDeadline } from "../../platform.ts";
import type { ContainerEngine } from "./container-engine.ts";
import { ContainerRun, type RunOptions } from "./container-run.ts";

/** How long it may take to answer at first, its image's way here included. */
const START_MS = 180_000;

/** One that could not be started is not tried again so soon. */
const PAUSE_MS = 5_000;

/** What containers are run with. */
interface ContainerHost {
  engine(): Promise<ContainerEngine>;
  readonly platform: Platform;
  /** What killed sidecars left is gone. */
  readonly swept: Promise<void>;
  /** Those that are to be ended with the sidecar. */
  readonly started: Set<NodeContainer>;
}

/** A container of this machine's engine: started by its first call, and again by the next one when it has died. */
export class NodeContainer implements Container {
  readonly image: string;
  readonly #options: RunOptions;
  readonly #host: ContainerHost;
  #run: ContainerRun | undefined;
  #address: Promise<string> | undefined;
  #answers = false;
  #started = 0;
  #failed: { readonly cause: string; readonly at: number } | undefined;
  #ended: Promise<void> | undefined;
  /** Resolves once it has answered since a call failed, or is gone. */
  #looked: Promise<void> | undefined;

  constructor(options: RunOptions, host: ContainerHost) {
    this.image = options.image;
    this.#options = options;
    this.#host = host;
  }

  get status(): ContainerStatus {
    const status = this.#address === undefined ? "stopped" : this.#answers ? "running" : "starting";
    const cause = status === "stopped" ? this.#failed?.cause : undefined;
    return { status, started: this.#started, ...(cause !== undefined && { cause }) };
  }

  async address(): Promise<string> {
    if (this.#looked !== undefined) await this.#looked;
    if (this.#ended !== undefined) throw new Error(`container ${this.image} has been ended`);
    if (this.#address !== undefined) return await this.#address;
    const failed = this.#failed;
    if (failed !== undefined && this.#host.platform.clock.now() - failed.at < PAUSE_MS)
      throw new Error(failed.cause);
    const starting = this.#start();
    this.#address = starting;
    return await starting;
  }

  failed(error: unknown): boolean {
    const run = this.#run;
    if (run !== undefined && this.#answers) this.#looked ??= this.#look(run);
    return (
      error instanceof Error && (error.cause as NodeJS.ErrnoException | undefined)?.code === "ECONNREFUSED"
    );
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
      const run = await this.#begin();
      const late = () =>
        new Error(`it did not answer on port ${this.#options.port} within ${START_MS / 1_000} s`);
      const base = await withDeadline(
        this.#host.platform.clock,
        START_MS,
        (signal) => run.answering(signal),
        late,
      );
      this.#answers = true;
      this.#failed = undefined;
      this.#host.platform.log.info(`container ${this.image} answers`);
      if (run.unlimited)
        this.#host.platform.log.warn(
          `container ${this.image} has no limit of memory: its engine has none here`,
        );
      return base;
    } catch (error) {
      const cause = `container ${this.image} cannot be started: ${reasonOf(error)}`;
      this.#failed = { cause, at: this.#host.platform.clock.now() };
      this.#address = undefined;
      await this.#remove(this.#run);
      throw new Error(cause, { cause: error });
    }
  }

  async #begin(): Promise<ContainerRun> {
    const engine = await this.#host.engine();
    if (this.#ended !== undefined) throw new Error("the sidecar stops");
    const run = new ContainerRun(this.#options, engine, this.#host.platform);
    this.#run = run;
    this.#started += 1;
    run.gone.catch((error: unknown) => this.#died(run, error));
    return run;
  }

  /** Its engine takes up to a second to tell that it died, and calls would go where it was until then. */
  async #look(run: ContainerRun): Promise<void> {
    await run.answering().catch(() => undefined);
    this.#looked = undefined;
  }

  /** What had answered, and does not any more. */
  #died(run: ContainerRun, error: unknown): void {
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

  async #remove(run: ContainerRun | undefined): Promise<void> {
    if (run === undefined) return;
    if (this.#run === run) this.#run = undefined;
    await run.remove();
  }
}
