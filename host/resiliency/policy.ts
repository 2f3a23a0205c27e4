import type { Core } from "../core/core.ts";
import { ComponentError } from "../errors/component-error.ts";
import { type Platform, sleep } from "../platform.ts";
import type { RetryPolicy } from "../resources/resiliency.ts";
import type { PolicyMeter } from "../telemetry/metrics/meters.ts";
import type { Breaker } from "./breaker.ts";
import { PolicyError } from "./policy-error.ts";

/**
 * How an attempt ended. `settled`: nothing failed that the policy is about, also where the caller made a mistake. `failed`:
 * a failure that no further attempt changes. `again`: one that may have passed by the next.
 */
export type Verdict = "settled" | "failed" | "again";

/** An operation under a policy. */
export interface Operation<T> {
  /** One attempt, 1 the first. The signal aborts when its time is over or the caller goes away. */
  attempt(signal: AbortSignal | undefined, number: number): T | Promise<T>;
  /** Left out: every answer is settled, and errors are judged by their codes. */
  readonly answered?: (answer: T) => Verdict;
  readonly thrown?: (error: unknown) => Verdict;
  /** Lets go of an answer that nobody is given. */
  readonly discard?: (answer: T) => unknown;
  /** An answer that is not complete yet when it comes: it tells when it is, and is cut off when the time is over. */
  readonly lasting?: (answer: T, ended: () => void, signal: AbortSignal) => T;
  /** The caller. */
  readonly signal?: AbortSignal | undefined;
  /** With it, a circuit breaker that lets nothing pass is waited for; until it aborts, which also ends the retries. */
  readonly patience?: AbortSignal;
}

/** Codes of failures that may have passed by the next attempt; the others are the caller's, and say nothing of a target. */
const passing: ReadonlySet<string> = new Set([
  "UNAVAILABLE",
  "DEADLINE_EXCEEDED",
  "RESOURCE_EXHAUSTED",
  "ABORTED",
  "INTERNAL",
  "UNKNOWN",
]);

function errorVerdict(error: unknown): Verdict {
  const { code } = ComponentError.from(error);
  if (code === "DATA_LOSS") return "failed";
  return passing.has(code) ? "again" : "settled";
}

/** At least 0 and below 1. */
export function chance({ random }: Platform): number {
  const [a = 0, b = 0] = random(new Uint8Array(2));
  return (a * 256 + b) / 65_536;
}

type Outcome<T> = { readonly answer: T } | { readonly error: unknown };

export interface PolicyParts {
  /** What it holds for, for messages: `app b`, `component statestore`. */
  readonly target: string;
  readonly timeoutMs: number | undefined;
  readonly retry: RetryPolicy | undefined;
  readonly breaker: Breaker | undefined;
  readonly core: Core;
  readonly platform: Platform;
  readonly meter?: PolicyMeter | undefined;
}

/** The policies of one target: retries around a circuit breaker around a timeout, as in Dapr. */
export class Policy {
  readonly #parts: PolicyParts;

  constructor(parts: PolicyParts) {
    this.#parts = parts;
  }

  get timeoutMs(): number | undefined {
    return this.#parts.timeoutMs;
  }

  get retry(): RetryPolicy | undefined {
    return this.#parts.retry;
  }

  get breaker(): Breaker | undefined {
    return this.#parts.breaker;
  }

  /** Whether an operation may be kept waiting: for a further attempt, or by a breaker. */
  get waits(): boolean {
    return this.retry !== undefined || this.breaker !== undefined;
  }

  /** Whether an operation may be attempted more than once. */
  get repeats(): boolean {
    return this.retry !== undefined && this.retry.maxRetries !== 0;
  }

  /** Answers, or throws, what the last attempt did; PolicyError for what the policy ended itself. */
  async run<T>(operation: Operation<T>): Promise<T> {
    const { platform, breaker, meter } = this.#parts;
    const { clock } = platform;
    const began = clock.now();
    if (meter !== undefined) this.#applied(meter);
    for (let number = 1; ; number++) {
      const entered = await this.#enter(operation);
      const outcome = await this.#attempt(operation, number);
      const verdict = judge(operation, outcome);
      const gone = "error" in outcome && operation.signal?.aborted === true;
      if (entered !== undefined) {
        breaker?.leave(entered, gone ? "withdrawn" : verdict === "settled" ? "success" : "failure");
      }
      const wait = gone || verdict !== "again" ? undefined : this.#wait(number, clock.now() - began);
      if (wait === undefined) {
        if ("error" in outcome) throw outcome.error;
        return outcome.answer;
      }
      if (number === 1) meter?.activated("retry");
      if ("answer" in outcome) operation.discard?.(outcome.answer);
      await sleep(clock, wait, operation.patience ?? operation.signal);
    }
  }

  /** The same without retries: they are made elsewhere. */
  once(): Policy {
    return new Policy({ ...this.#parts, retry: undefined });
  }

  #applied(meter: PolicyMeter): void {
    if (this.timeoutMs !== undefined) meter.applied("timeout");
    if (this.retry !== undefined) meter.applied("retry");
    if (this.breaker !== undefined) meter.applied("circuitbreaker", this.breaker.state);
  }

  /** The verdict on an answer of this status, which counts as a failure. */
  failedWith(status: number): Verdict {
    const codes = this.retry?.httpStatusCodes;
    return codes?.every(([first, last]) => status < first || status > last) ? "failed" : "again";
  }

  #enter<T>({ patience }: Operation<T>): number | undefined | Promise<number> {
    return patience === undefined ? this.breaker?.enter() : this.breaker?.admitted(patience);
  }

  #wait(failures: number, elapsedMs: number): number | undefined {
    if (this.retry === undefined) return undefined;
    const { core, platform } = this.#parts;
    return core.backOff(this.retry, failures, elapsedMs, chance(platform));
  }

  async #attempt<T>(operation: Operation<T>, number: number): Promise<Outcome<T>> {
    try {
      if (this.timeoutMs === undefined) return { answer: await operation.attempt(operation.signal, number) };
      return { answer: await this.#timed(operation, number, this.timeoutMs) };
    } catch (error) {
      return { error };
    }
  }

  /** What comes too late is let go of: the attempt may have had its effect all the same. */
  #timed<T>(operation: Operation<T>, number: number, ms: number): Promise<T> {
    const { signal, lasting, discard } = operation;
    const { target, platform, meter } = this.#parts;
    return new Promise((resolve, reject) => {
      const abort = new AbortController();
      let over = false;
      const end = () => {
        cancel();
        signal?.removeEventListener("abort", leave);
      };
      const leave = () => abort.abort(signal?.reason);
      const cancel = platform.clock.after(ms, () => {
        over = true;
        if (number === 1) meter?.activated("timeout");
        signal?.removeEventListener("abort", leave);
        const late = new PolicyError(
          "DEADLINE_EXCEEDED",
          `${target} did not answer within ${ms} ms, the timeout of its Resiliency; what it was asked for may have been done`,
        );
        reject(late);
        abort.abort(late);
      });
      if (signal?.aborted) leave();
      else signal?.addEventListener("abort", leave, { once: true });
      const answered = (answer: T) => {
        if (over) return discard?.(answer);
        if (lasting !== undefined) return resolve(lasting(answer, end, abort.signal));
        end();
        resolve(answer);
      };
      const failed = (error: unknown) => {
        end();
        reject(error);
      };
      try {
        Promise.resolve(operation.attempt(abort.signal, number)).then(answered, failed);
      } catch (error) {
        failed(error);
      }
    });
  }
}

function judge<T>(operation: Operation<T>, outcome: Outcome<T>): Verdict {
  if ("error" in outcome) return (operation.thrown ?? errorVerdict)(outcome.error);
  return operation.answered?.(outcome.answer) ?? "settled";
}
