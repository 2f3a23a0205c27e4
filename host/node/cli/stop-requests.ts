import type { Terminal } from "./terminal.ts";

/** What asks this process to end: signals, the API, `daprlet stop`. */
export class StopRequests {
  /** The first one: a signal, or undefined when the sidecar was asked. */
  readonly first: Promise<NodeJS.Signals | undefined>;
  #asked = false;
  #again: () => void = () => undefined;
  #resolve: (signal: NodeJS.Signals | undefined) => void = () => undefined;

  constructor(terminal: Terminal) {
    this.first = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    terminal.onSignal((signal) => this.ask(signal));
  }

  ask(signal: NodeJS.Signals | undefined): void {
    if (this.#asked) this.#again();
    this.#asked = true;
    this.#resolve(signal);
  }

  /** Runs with every request after the first. */
  again(handler: () => void): void {
    this.#again = handler;
  }
}
