import type { AdmittedModule } from "./admission.ts";
import type { Limits } from "./manifest.ts";
import type { SchemaCheck } from "./read-request.ts";

export type LogLevel = "debug" | "info" | "warn" | "error";

/** A line that a guest logged. */
export interface GuestLine {
  readonly level: LogLevel;
  readonly text: string;
}

/** What a guest's function answered with, and logged meanwhile. */
export interface Step {
  readonly bytes: Uint8Array;
  readonly lines: readonly GuestLine[];
  /** What a check of the request found: the guest was not called then. */
  readonly refused?: string | undefined;
}

/** What an instance is made of. */
export interface Program {
  /** Left out: requests are checked for somebody else, who answers them. */
  readonly module?: AdmittedModule | undefined;
  /** What requests are checked by. They are the package's own, and as little to be trusted. */
  readonly schemas: readonly object[];
  /** Of a module of http-wasm. */
  readonly settings?: HttpWasmSettings | undefined;
}

/** What all instances of an http-wasm guest are given. */
export interface HttpWasmSettings {
  /** What `get_config` answers: anything that guest and user agreed on. */
  readonly config: Uint8Array;
  /** Time moves by a millisecond each time that it is looked at, and chance is none. */
  readonly strict: boolean;
  /** The least that is logged of what it says. */
  readonly level?: LogLevel | undefined;
}

/** A place for one instance of a guest, apart from everything. One call at a time. */
export interface Guest {
  /**
   * Instantiates the program: its start function and `_initialize` run in here, so the caller puts a deadline on it. Once, and
   * before all calls. Rejects with a GuestFault.
   */
  start(program: Program, limits: Limits): Promise<void>;
  /**
   * Checks, and hands a message to the guest: `handle` begins a call, `resume` goes on with one, `check` calls nobody. Rejects
   * with a GuestFault; the guest is to be ended then.
   */
  call(entry: string, message: Uint8Array, checks: readonly SchemaCheck[]): Promise<Step>;
  /** At once, whatever it is doing; what is under way rejects, or never settles. */
  end(): void;
}

/** Where guests run, so that a host can end them: worker threads, or workers that pages lend. */
export interface Confinement {
  /** A place in which nothing of a guest runs yet. Rejects with a ComponentError where there is none. */
  open(): Promise<Guest>;
  /** Has one ready before it is asked for, in the background; left out where that would cost somebody who may never want it. */
  ahead?(): void;
  close(): Promise<void>;
}
