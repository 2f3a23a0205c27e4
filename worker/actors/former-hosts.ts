/** Pages that may be at work by the tables of a worker before this one: until all of them have come again, or are over. */
export class FormerHosts {
  /** Of this worker: greater than that of every one before. */
  readonly startedAt: number;
  /** Resolves once none of them is missing. */
  readonly known: Promise<void>;
  readonly #missing = new Set<string>();
  #allKnown: () => void = () => undefined;

  constructor(startedAt: number) {
    this.startedAt = startedAt;
    this.known = new Promise((resolve) => {
      this.#allKnown = resolve;
    });
  }

  get size(): number {
    return this.#missing.size;
  }

  expect(clientIds: Iterable<string>): void {
    for (const id of clientIds) this.#missing.add(id);
  }

  arrived(clientId: string): void {
    if (this.#missing.delete(clientId) && this.#missing.size === 0) this.#allKnown();
  }
}
