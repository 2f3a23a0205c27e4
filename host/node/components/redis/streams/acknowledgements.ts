/** Gathers what is acknowledged in one turn of the event loop into one command. */
export class Acknowledgements {
  readonly #send: (ids: readonly string[]) => Promise<void>;
  #ids: string[] = [];
  #sending: Promise<void> | undefined;

  constructor(send: (ids: readonly string[]) => Promise<void>) {
    this.#send = send;
  }

  /** Settles as the command does. */
  add(id: string): Promise<void> {
    this.#ids.push(id);
    this.#sending ??= new Promise<void>((resolve) => setImmediate(resolve)).then(() => {
      const ids = this.#ids;
      this.#ids = [];
      this.#sending = undefined;
      return this.#send(ids);
    });
    return this.#sending;
  }
}
