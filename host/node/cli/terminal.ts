/** What the composition root hands to the commands: the process as far as they may touch it. */
export interface Terminal {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly pid: number;
  /** What runs this command line: the program and its first words. */
  readonly program: readonly string[];
  /** True where a person watches: colours, short lines. */
  readonly colour: boolean;
  /** True where Ctrl-C reaches the app by itself, as one of the terminal's foreground processes. */
  readonly interactive: boolean;
  /** Writes one line. */
  out(line: string): void;
  err(line: string): void;
  /** Calls back with each SIGINT, SIGTERM and SIGHUP. */
  onSignal(handler: (signal: NodeJS.Signals) => void): void;
  /** Calls back when the process that started this one and holds a channel to it is gone. */
  onOrphaned(handler: () => void): void;
  /** Ends the process at once. */
  exit(code: number): void;
}
