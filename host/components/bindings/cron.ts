import { ComponentError } from "../../errors/component-error.ts";
import { reasonOf } from "../../errors/reason-of.ts";
import { type Platform, sleep } from "../../platform.ts";
import type { ComponentContext } from "../component.ts";
import { text } from "../metadata-schema.ts";
import { type BindingHandler, type BindingReader, defineBinding, type InputBinding } from "./binding.ts";
import { parseSchedule, type Schedule } from "./cron/schedule.ts";
import { deliverUntilConsumed } from "./redelivery.ts";

/** A timer's longest wait: a machine that slept is late by no more, and no delay overflows. */
const longestWaitMs = 60_000;
const nothing = new Uint8Array(0);

export const cronBinding = defineBinding({
  type: "bindings.cron",
  version: "v1",
  summary: "Calls the app on a schedule.",
  metadata: {
    schedule: text.required("Five or six fields, `@daily` and its like, or `@every 1h30m`."),
  },
  features: ["INPUT_BINDING"],
  async open({ schedule }, { name, platform }: ComponentContext) {
    try {
      return new CronBinding(await parseSchedule(schedule, platform.clock.now()), platform);
    } catch (error) {
      throw new ComponentError(
        "INVALID_ARGUMENT",
        `component ${name}: metadata field schedule: ${reasonOf(error)}`,
      );
    }
  },
});

/**
 * One event a period, and one at a time: what fell due while the machine slept, or while the app did not take the event
 * before, is one event.
 */
export class CronBinding implements InputBinding {
  readonly #schedule: Schedule;
  readonly #platform: Platform;
  readonly #readers = new Set<BindingReader>();

  constructor(schedule: Schedule, platform: Platform) {
    this.#schedule = schedule;
    this.#platform = platform;
  }

  async read(handler: BindingHandler): Promise<BindingReader> {
    const stop = new AbortController();
    const ended = this.#run(handler, stop.signal).catch(() => undefined);
    const reader: BindingReader = {
      close: async () => {
        stop.abort();
        await ended;
        this.#readers.delete(reader);
      },
    };
    this.#readers.add(reader);
    return reader;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#readers].map((reader) => reader.close()));
  }

  async #run(handler: BindingHandler, signal: AbortSignal): Promise<void> {
    const { clock } = this.#platform;
    for (;;) {
      const due = this.#schedule(clock.now());
      if (due === undefined) return;
      for (let left = due - clock.now(); left > 0; left = due - clock.now()) {
        await sleep(clock, Math.min(left, longestWaitMs), signal);
      }
      const readTimeUTC = new Date(clock.now()).toISOString().replace("T", " ").replace("Z", " +0000 UTC");
      const event = {
        data: nothing,
        metadata: new Map([
          ["readTimeUTC", readTimeUTC],
          ["timeZone", "Local"],
        ]),
      };
      await deliverUntilConsumed(handler, event, this.#platform, signal);
    }
  }
}
