import { type ChildProcess, spawn } from "node:child_process";
import type { Readable } from "node:stream";
import { guard } from "./guard.ts";

export interface AppProcessOptions {
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  out(line: string): void;
  err(line: string): void;
}

/** A command that never ran; the exit code is the one that shells give. */
export class NotStartedError extends Error {
  constructor(
    message: string,
    readonly exitCode: 126 | 127,
  ) {
    super(message);
    this.name = "NotStartedError";
  }
}

/** How a process ended: its exit code, or the signal that ended it. */
export interface Ending {
  readonly code: number | undefined;
  readonly signal: NodeJS.Signals | undefined;
}

/** The app's own process: its output line by line, its end, its signals. */
export class AppProcess {
  readonly ended: Promise<Ending>;
  readonly #child: ChildProcess;

  /** Rejects `ended` when the command cannot be started. */
  constructor(options: AppProcessOptions) {
    const [file, ...args] = options.command;
    this.#child = spawn(file as string, args, {
      env: options.environment as NodeJS.ProcessEnv,
      stdio: ["inherit", "pipe", "pipe"],
      // Batch files, which npm's shims are, do not start without it.
      shell: process.platform === "win32",
    });
    // However this process ends, it does not leave the app behind.
    const leave = () => this.#child.kill();
    process.once("exit", leave);
    const callOff = this.#child.pid === undefined ? undefined : guard(this.#child.pid);
    this.#child.once("exit", () => {
      process.off("exit", leave);
      callOff?.();
    });
    const read = Promise.all([
      lines(this.#child.stdout as Readable, options.out),
      lines(this.#child.stderr as Readable, options.err),
    ]);
    this.ended = new Promise((resolve, reject) => {
      this.#child.once("error", (error: NodeJS.ErrnoException) => {
        reject(
          error.code === "ENOENT"
            ? new NotStartedError(`the command ${file} was not found`, 127)
            : new NotStartedError(`the command ${file} could not be started: ${error.message}`, 126),
        );
      });
      this.#child.once("exit", (code, signal) => {
        // A grandchild may hold the pipes open: the lines that are there count, waiting for more does not.
        const settled = new Promise((done) => setTimeout(done, 200));
        void Promise.race([read, settled]).then(() =>
          resolve({ code: code ?? undefined, signal: signal ?? undefined }),
        );
      });
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }
}

/** Longest line held back while its end is awaited. */
const LONGEST = 64 * 1024;

/** Calls back with each line, the last one also without its end. Resolves at the end of the stream. */
export function lines(stream: Readable, each: (line: string) => void): Promise<void> {
  let rest = "";
  stream.setEncoding("utf8");
  return new Promise((resolve) => {
    stream.on("data", (chunk: string) => {
      const parts = (rest + chunk).split(/\r?\n/);
      rest = parts.pop() as string;
      for (const line of parts) each(line);
      if (rest.length > LONGEST) {
        each(rest);
        rest = "";
      }
    });
    stream.on("close", () => {
      if (rest !== "") each(rest);
      resolve();
    });
  });
}
