import { existsSync } from "node:fs";
import { Worker } from "node:worker_threads";
import { type Remote, transfer, wrap } from "comlink";
import nodeEndpoint from "comlink/dist/esm/node-adapter";
import type { Confinement, Guest, Program, Step } from "../../capability/confinement.ts";
import { GuestFault } from "../../capability/guest-fault.ts";
import type { GuestPort, Told } from "../../capability/guest-port.ts";
import { guestStart } from "../../capability/guest-start.ts";
import type { Limits } from "../../capability/manifest.ts";
import type { SchemaCheck } from "../../capability/read-request.ts";
import { ComponentError } from "../../errors/component-error.ts";
import { reasonOf } from "../../errors/reason-of.ts";
import { HostLine, lineMemory } from "./thread-line.ts";

/** Beside the build's files for Node, or in `dist/` when the sources run under a test runner. */
const places = ["./guest-worker.js", "../../../dist/node/guest-worker.js"];

function workerFile(): URL {
  const file = places.map((place) => new URL(place, import.meta.url)).find((url) => existsSync(url));
  if (file === undefined)
    throw new Error("guest-worker.js is missing beside the package's files; run `npm run build`");
  return file;
}

/** What JavaScript in the thread may take: the guest has none of its own. */
const resourceLimits = { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 16, stackSizeMb: 4 };

function settled<T>(told: Told<T>): Promise<T> {
  if ("value" in told) return Promise.resolve(told.value);
  return Promise.reject(new GuestFault(told.fault, told.message, told.lines));
}

/** An instance in a thread of its own. */
class ThreadGuest implements Guest {
  readonly #worker: Worker;
  readonly #port: Remote<GuestPort>;
  readonly #line: HostLine;
  /** Whether the thread is at its line, where its port's messages find it only once it has left. */
  #lined = false;
  /** Takes the answer that the line is too small, or the host too late, for. */
  #answered: ((told: Told<Step>) => void) | undefined;
  /** Of the one call under way. */
  #fail: ((error: GuestFault) => void) | undefined;
  #gone: GuestFault | undefined;

  constructor() {
    const memory = lineMemory();
    this.#line = new HostLine(memory);
    // Nothing of this process is its own: no environment, no arguments, no standard streams.
    this.#worker = new Worker(workerFile(), {
      env: {},
      argv: [],
      execArgv: [],
      stdin: false,
      resourceLimits,
      workerData: memory,
      name: "capability",
    });
    // One that idles keeps no process alive.
    this.#worker.unref();
    this.#worker.on("error", (error) => this.#lost(error.message));
    this.#worker.on("exit", () => this.#lost("its worker ended"));
    this.#worker.on("message", ({ told }: { told?: Told<Step> }) => told && this.#answered?.(told));
    this.#port = wrap<GuestPort>(nodeEndpoint(this.#worker));
  }

  /** Resolves once the thread takes orders: nothing of a guest has run until then. */
  async ready(): Promise<void> {
    await this.#told(this.#byPort((port) => port.ready()));
  }

  async start(program: Program, limits: Limits): Promise<void> {
    const from = guestStart(program, limits, "module");
    await this.#told(this.#byPort((port) => port.start(from)));
  }

  call(entry: string, message: Uint8Array, checks: readonly SchemaCheck[]): Promise<Step> {
    if (this.#gone !== undefined) return Promise.reject(this.#gone);
    const told = this.#line.ask(entry, message, checks);
    if (told === undefined) {
      const moved = () => transfer(message, [message.buffer as ArrayBuffer]);
      return this.#told(this.#byPort((port) => port.call(entry, moved(), checks)));
    }
    if (told !== "later") return settled(told);
    return this.#told(
      new Promise((resolve) => {
        this.#answered = resolve;
      }),
    );
  }

  end(): void {
    this.#gone ??= new GuestFault("deadline", "it was ended");
    this.#fail?.(this.#gone);
    void this.#worker.terminate();
  }

  #byPort<T>(ask: (port: Remote<GuestPort>) => Promise<Told<T>>): Promise<Told<T>> {
    if (this.#lined) this.#line.leave();
    this.#lined = true;
    return ask(this.#port);
  }

  #lost(cause: string): void {
    this.#gone ??= new GuestFault("trap", cause);
    this.#fail?.(this.#gone);
  }

  #told<T>(telling: Promise<Told<T>>): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#gone !== undefined) return reject(this.#gone);
      this.#fail = reject;
      // Only while it is asked something does it keep the process alive.
      this.#worker.ref();
      telling.then((told) => {
        this.#fail = undefined;
        this.#worker.unref();
        resolve(settled(told));
      }, reject);
    });
  }
}

/**
 * Guests of a Node process: each instance in a worker thread. One is kept in reserve, since a thread takes longer to start
 * than most calls last; it keeps no process alive.
 */
export function workerThreads(): Confinement {
  let reserve: ThreadGuest | undefined;
  let closed = false;
  const ahead = () => {
    if (!closed) reserve ??= new ThreadGuest();
  };
  return {
    async open() {
      const guest = reserve ?? new ThreadGuest();
      reserve = undefined;
      try {
        await guest.ready();
      } catch (error) {
        throw new ComponentError("UNAVAILABLE", `no worker thread could be started: ${reasonOf(error)}`);
      }
      ahead();
      return guest;
    },
    ahead,
    async close() {
      closed = true;
      reserve?.end();
    },
  };
}
