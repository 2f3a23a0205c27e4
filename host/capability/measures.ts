import type { Fault } from "./guest-fault.ts";

/** What is counted of one package since it was loaded. */
export class Measures {
  calls = 0;
  /** Calls that were answered, be it with an error of the guest's own. */
  answered = 0;
  /** Host calls that were not granted. */
  refusedCalls = 0;
  /** Calls that went on to an offer's next source. */
  fallbacks = 0;
  #lastFallback: string | undefined;
  readonly faults = new Map<Fault, number>();
  #totalMs = 0;
  #slowestMs = 0;

  took(ms: number): void {
    this.answered += 1;
    this.#totalMs += ms;
    this.#slowestMs = Math.max(this.#slowestMs, ms);
  }

  failed(fault: Fault): void {
    this.faults.set(fault, (this.faults.get(fault) ?? 0) + 1);
  }

  fellBack(cause: string): void {
    this.fallbacks += 1;
    this.#lastFallback = cause;
  }

  shown(): Readonly<Record<string, unknown>> {
    const { calls, answered, refusedCalls, fallbacks, faults } = this;
    const rounded = (ms: number) => Math.round(ms * 1000) / 1000;
    return {
      calls,
      answered,
      refusedCalls,
      fallbacks,
      ...(this.#lastFallback !== undefined && { lastFallback: this.#lastFallback }),
      faults: Object.fromEntries(faults),
      meanMs: answered === 0 ? 0 : rounded(this.#totalMs / answered),
      slowestMs: rounded(this.#slowestMs),
    };
  }
}
