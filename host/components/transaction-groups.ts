interface Waiting<Job, Result> {
  readonly job: Job;
  readonly strict: boolean;
  resolve(result: Result): void;
  reject(error: unknown): void;
}

/** The most jobs of one transaction, so that the first of them does not wait for a flood behind it. */
const LARGEST_GROUP = 512;

/**
 * Group commit: jobs that wait together share one transaction. The first starts one, and those that arrive while it is under way
 * form the next. Each is answered after its transaction completed. Order of arrival is the order of effect.
 */
export class TransactionGroups<Job, Result> {
  readonly #transact: (jobs: readonly Job[], strict: boolean) => Promise<readonly Result[]>;
  readonly #divisible: (error: unknown) => boolean;
  #waiting: Waiting<Job, Result>[] = [];
  #running: Promise<void> | undefined;

  /**
   * `transact` answers one result a job, in order, once its transaction completed. `divisible` errors (a quota) may be the
   * fault of one job of the group: then each runs alone, so that it fails alone.
   */
  constructor(
    transact: (jobs: readonly Job[], strict: boolean) => Promise<readonly Result[]>,
    divisible: (error: unknown) => boolean,
  ) {
    this.#transact = transact;
    this.#divisible = divisible;
  }

  /** `strict` (of a write): on the disk before the answer, not only in the operating system's hands. */
  submit(job: Job, strict: boolean): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ job, strict, resolve, reject });
      this.#running ??= this.#run();
    });
  }

  /** Resolves when nothing waits and nothing is under way. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  async #run(): Promise<void> {
    // One turn, so that what the same task submits next is in the first group.
    await undefined;
    while (this.#waiting.length > 0) {
      const group = this.#waiting.splice(0, LARGEST_GROUP);
      const error = await this.#settle(group);
      if (error === undefined) continue;
      if (group.length > 1 && this.#divisible(error)) {
        for (const one of group) {
          const own = await this.#settle([one]);
          if (own !== undefined) one.reject(own);
        }
      } else {
        for (const one of group) one.reject(error);
      }
    }
    this.#running = undefined;
  }

  /** The error that kept the group from being committed, if one did. */
  async #settle(group: readonly Waiting<Job, Result>[]): Promise<unknown> {
    try {
      const results = await this.#transact(
        group.map(({ job }) => job),
        group.some(({ strict }) => strict),
      );
      for (const [i, one] of group.entries()) one.resolve(results[i] as Result);
      return undefined;
    } catch (error) {
      return error ?? new Error("the transaction failed");
    }
  }
}
