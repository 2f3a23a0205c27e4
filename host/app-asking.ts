import type { InputBindings } from "./input-bindings.ts";
import type { Sidecar } from "./sidecar.ts";

/** What the app wants of its sidecar: waited for, and asked. */
export class AppAsking {
  readonly #sidecar: Sidecar;
  readonly #inputBindings: InputBindings;
  readonly #stopping: AbortSignal;
  #state: "away" | "asked" | "ready" = "away";
  #ready: Promise<void> | undefined;

  constructor(sidecar: Sidecar, inputBindings: InputBindings, stopping: AbortSignal) {
    this.#sidecar = sidecar;
    this.#inputBindings = inputBindings;
    this.#stopping = stopping;
  }

  /** False until the app could be reached for the first time. */
  get asked(): boolean {
    return this.#state !== "away";
  }

  /** False while an app is waited for. */
  get settled(): boolean {
    return this.asked || this.#sidecar.app === undefined;
  }

  get answered(): boolean {
    return this.#state === "ready";
  }

  /** Resolves once the app answered and what it wants is in place; at once where there is no app. */
  get ready(): Promise<void> {
    this.#ready ??= this.#await();
    return this.#ready;
  }

  async #await(): Promise<void> {
    const { app, capabilities, configurations } = this.#sidecar;
    // Packages may take events, and without an app be actors.
    if (capabilities !== undefined) await this.ask();
    if (app !== undefined) {
      await app.ready(this.#stopping);
      this.#state = "asked"; // by an update, too, which may take away what is being subscribed to
      this.#inputBindings.meet();
      await this.ask();
      configurations.start();
    }
    this.#state = "ready";
  }

  /**
   * Asks the app anew: for its subscriptions, the events of bindings, the types of actors; reads what packages want besides. An
   * app that is still waited for is asked then; functions are called by bindings meanwhile.
   */
  async ask(): Promise<void> {
    const { app, subscriptions, actors } = this.#sidecar;
    if (!this.settled) return await this.#inputBindings.start();
    const asking = [this.#inputBindings.start(), actors?.start(this.#stopping)];
    await Promise.all(app === undefined ? asking : [subscriptions.start(), ...asking]);
  }
}
