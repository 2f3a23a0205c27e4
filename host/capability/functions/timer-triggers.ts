import type { BindingHandler } from "../../components/bindings/binding.ts";
import { parseSchedule } from "../../components/bindings/cron/schedule.ts";
import { CronBinding } from "../../components/bindings/cron.ts";
import { reasonOf } from "../../errors/reason-of.ts";
import type { Platform } from "../../platform.ts";

/** A schedule that calls a function. */
export interface TimedFunction {
  readonly key: string;
  /** For messages. */
  readonly what: string;
  readonly schedule: string;
  readonly handle: BindingHandler;
}

/** Timers of functions: each as a cron binding is, and for as long as its package is loaded. */
export class TimerTriggers {
  readonly #platform: Platform;
  readonly #running = new Map<string, Promise<CronBinding | undefined>>();

  constructor(platform: Platform) {
    this.#platform = platform;
  }

  /** Runs these, and no others any more. */
  become(wanted: readonly TimedFunction[]): void {
    const keys = new Set(wanted.map(({ key }) => key));
    for (const [key, running] of this.#running) {
      if (keys.has(key)) continue;
      this.#running.delete(key);
      void running.then((cron) => cron?.close());
    }
    for (const timed of wanted)
      if (!this.#running.has(timed.key)) this.#running.set(timed.key, this.#run(timed));
  }

  async close(): Promise<void> {
    const all = [...this.#running.values()];
    this.#running.clear();
    await Promise.all(all.map(async (running) => await (await running)?.close()));
  }

  async #run({ what, schedule, handle }: TimedFunction): Promise<CronBinding | undefined> {
    const platform = this.#platform;
    try {
      const cron = new CronBinding(await parseSchedule(schedule, platform.clock.now()), platform);
      await cron.read(handle);
      return cron;
    } catch (error) {
      platform.log.error(`${what} does not run: ${reasonOf(error)}`);
      return undefined;
    }
  }
}
