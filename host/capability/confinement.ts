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
}

/** One instance of a module, apart from everything. One call at a time. */
export interface Guest {
  /**
   * Checks, and hands a message to the guest: `handle` begins a call, `resume` goes on with one, `check` calls nobody. Rejects
   * with a GuestFault; the guest is to be ended then.
   */
  call(entry: string, message: Uint8Array, checks: readonly SchemaCheck[]): Promise<Step>;
  /** At once, whatever it is doing; a call under way rejects, or never settles. */
  end(): void;
}

/** Where guests run, so that a host can end them: worker threads, or workers that pages lend. */
export interface Confinement {
  /**
   * Starts an instance with memory of its own. What its start function and `_initialize` do happens in here, so the caller
   * puts a deadline on it. Rejects with a GuestFault, or with a ComponentError where there is no place to run.
   */
  start(program: Program, limits: Limits, signal: AbortSignal): Promise<Guest>;
  close(): Promise<void>;
}
