import { type Clock, type Log, sleep, withDeadline } from "../platform.ts";

export interface AppHealthOptions {
  /** `/healthz` when left out. */
  readonly path?: string;
  readonly intervalMs?: number;
  readonly timeoutMs?: number;
  /** Consecutive failures until the app counts as unhealthy. */
  readonly threshold?: number;
  onChange?(healthy: boolean): void;
  /** Called after each probe with the milliseconds that it took, and its status: 0 without one. */
  probed?(ms: number, status: number): void;
}

/**
 * Dapr's app health check: unhealthy until the first success, then until `threshold` probes in a row failed. Any 2xx
 * is a success. `probe` answers a status, or throws.
 */
export class AppHealth {
  healthy = false;
  #failures = 0;
  readonly #stop = new AbortController();

  constructor(
    readonly options: AppHealthOptions,
    readonly clock: Clock,
    readonly log: Log,
    readonly probe: (path: string, signal: AbortSignal) => Promise<number>,
  ) {}

  /** Probes until closed. */
  async run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      await this.#once();
      try {
        await sleep(this.clock, this.options.intervalMs ?? 5000, signal);
      } catch {
        return;
      }
    }
  }

  async #once(): Promise<void> {
    const began = this.clock.now();
    const probe = (signal: AbortSignal) => this.probe(this.options.path ?? "/healthz", signal);
    const late = () => new Error("the app did not answer");
    const status = await withDeadline(this.clock, this.options.timeoutMs ?? 500, probe, late).catch(() => 0);
    if (this.#stop.signal.aborted) return;
    this.options.probed?.(Math.max(0, this.clock.now() - began), status);
    const ok = status >= 200 && status < 300;
    this.#failures = ok ? 0 : this.#failures + 1;
    const healthy = ok || (this.healthy && this.#failures < (this.options.threshold ?? 3));
    if (healthy === this.healthy) return;
    this.healthy = healthy;
    this.log.info(healthy ? "the app is healthy" : `the app failed ${this.#failures} health checks in a row`);
    this.options.onChange?.(healthy);
  }

  close(): void {
    this.#stop.abort();
  }
}
