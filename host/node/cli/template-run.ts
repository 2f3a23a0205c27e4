import { type ChildProcess, spawn } from "node:child_process";
import { constants } from "node:os";
import { join, relative } from "node:path";
import type { Readable } from "node:stream";
import { lines } from "./app-process.ts";
import { logFile } from "./log-file.ts";
import type { LogDestination, TemplateApp } from "./run-template.ts";
import type { Terminal } from "./terminal.ts";

/** How `daprlet run` marks the lines of its app. */
const ofApp = "== APP == ";

export interface TemplateRunOptions {
  readonly app: TemplateApp;
  /** The template, for `daprlet list` and `daprlet stop`. */
  readonly template: string;
  /** Switches for every app, which its own are stronger than. */
  readonly switches: readonly string[];
  /** The start of the names of its files: when it started. */
  readonly stamp: string;
  /** An ANSI colour for its prefixes; undefined: none. */
  readonly colour: number | undefined;
  readonly terminal: Terminal;
}

type Write = (line: string) => void;

/**
 * One app of a template: a `daprlet run` of its own, so that what ends one ends no other. It gets signals from here
 * alone, and stops by itself when this process is gone.
 */
export class TemplateRun {
  readonly appId: string;
  /** Its exit code. */
  readonly ended: Promise<number>;
  /** True once its sidecar listens. */
  up = false;
  readonly #options: TemplateRunOptions;
  readonly #app: Write;
  readonly #sidecar: Write;
  readonly #log: string | undefined;
  #child: ChildProcess | undefined;
  #resolve: (code: number) => void = () => undefined;

  /** Opens its log files. Throws UsageError when they cannot be written. */
  constructor(options: TemplateRunOptions) {
    const { app, terminal } = options;
    this.#options = options;
    this.appId = app.appId;
    this.#app = this.#writer(app.appLog, "app", "APP", terminal.out);
    this.#sidecar = this.#writer(app.sidecarLog, "daprd", "DAPR", terminal.err);
    this.#log = app.sidecarLog === "console" ? undefined : relative(".", this.#file("daprd"));
    this.ended = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  #file(kind: "app" | "daprd"): string {
    const { app, stamp } = this.#options;
    return join(app.folder, ".dapr", "logs", `${app.appId}_${kind}_${stamp}.log`);
  }

  #writer(to: LogDestination, kind: "app" | "daprd", mark: string, console: Write): Write {
    const prefix = this.#coloured(`== ${mark} - ${this.appId} ==`);
    const show: Write = (line) => console(`${prefix} ${line}`);
    if (to === "console") return show;
    const field = kind === "app" ? "appLogDestination" : "daprdLogDestination";
    const write = logFile(this.#file(kind), `set ${field} of ${this.appId} to console`);
    if (to === "file") return write;
    return (line) => {
      show(line);
      write(line);
    };
  }

  #coloured(text: string): string {
    const { colour } = this.#options;
    return colour === undefined ? text : `\u001b[${colour}m${text}\u001b[0m`;
  }

  start(): void {
    const { app, terminal, template, switches } = this.#options;
    const [program, ...first] = terminal.program;
    const words = ["run", ...switches, ...app.switches, `--run-template=${template}`, "--", ...app.command];
    const child = spawn(program as string, [...first, ...words], {
      cwd: app.folder,
      env: { ...terminal.environment, ...app.environment },
      // The channel tells it when this process is gone; a group of its own keeps a terminal's Ctrl-C for this one.
      stdio: ["ignore", "pipe", "pipe", "ipc"],
      detached: true,
    });
    this.#child = child;
    const read = Promise.all([
      lines(child.stdout as Readable, (line) => this.#said(line)),
      lines(child.stderr as Readable, (line) => this.#logged(line)),
    ]);
    child.once("error", (error) => {
      terminal.err(`${this.appId} could not be started: ${error.message}`);
      this.#resolve(1);
    });
    child.once("exit", (code, signal) => {
      // What its app started may hold the pipes open: lines that are there count, waiting for more does not.
      const settled = new Promise((done) => setTimeout(done, 200));
      const ending = code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
      void Promise.race([read, settled]).then(() => this.#resolve(ending));
    });
  }

  #said(line: string): void {
    if (line.startsWith(ofApp)) {
      this.#app(line.slice(ofApp.length));
      return;
    }
    const { out } = this.#options.terminal;
    if (!line.startsWith(`${this.appId} is up: `)) {
      out(line);
      return;
    }
    this.up = true;
    const log = this.#log === undefined ? "" : `; its log: ${this.#log}`;
    out(`${this.#coloured(this.appId)}${line.slice(this.appId.length)}${log}`);
  }

  #logged(line: string): void {
    if (line.startsWith(ofApp)) {
      this.#app(line.slice(ofApp.length));
      return;
    }
    this.#sidecar(line);
    // Why it does not run must not stand in a file alone.
    const fault = /^(?:daprlet|error): (.*)/.exec(line)?.[1];
    if (fault !== undefined && this.#options.app.sidecarLog === "file") {
      this.#options.terminal.err(`${this.#coloured(this.appId)}: ${fault}`);
    }
  }

  kill(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  /** Where to look when it ended by itself. */
  get hint(): string {
    const { app } = this.#options;
    if (app.appLog === "console" && app.sidecarLog === "console") return "";
    return `; see ${relative(".", join(app.folder, ".dapr", "logs"))}`;
  }
}
