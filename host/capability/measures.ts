import type { CapabilityMeter } from "../telemetry/metrics/meters.ts";
import type { Fault } from "./guest-fault.ts";

/** What is counted of one package since it was loaded, and told to a meter where there is one. */
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
  readonly #name: string;
  readonly #meter: () => CapabilityMeter | undefined;
  #totalMs = 0;
  #slowestMs = 0;

  constructor(name: string, meter: () => CapabilityMeter | undefined) {
    this.#name = name;
    this.#meter = meter;
  }

  took(ms: number): void {
    this.answered += 1;
    this.#totalMs += ms;
    this.#slowestMs = Math.max(this.#slowestMs, ms);
    this.#meter()?.called(this.#name, "answered", ms);
  }

  /** Undefined: it is the host that had no room, or closed. */
  failed(fault: Fault | undefined, ms: number): void {
    if (fault !== undefined) this.faults.set(fault, (this.faults.get(fault) ?? 0) + 1);
    this.#meter()?.called(this.#name, fault ?? "unavailable", ms);
  }

  /** It asked something of its host, by a name that the host knows. */
  asked(call: string, result: "answered" | "failed" | "refused"): void {
    if (result === "refused") this.refusedCalls += 1;
    this.#meter()?.asked(this.#name, call, result);
  }

  fellBack(cause: string): void {
    this.fallbacks += 1;
    this.#lastFallback = cause;
    this.#meter()?.fellBack(this.#name);
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
