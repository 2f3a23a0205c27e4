import { type Platform, sleep } from "../../platform.ts";
import { backOffMs } from "../pubsub/back-off.ts";
import type { BindingEvent, BindingHandler } from "./binding.ts";

/** Between two attempts to hand over one event. */
const backOff = { initialMs: 500, maxMs: 30_000 };

/** Hands over an event until it is consumed, and answers what the app said. Rejects when the signal aborts first. */
export async function deliverUntilConsumed(
  handler: BindingHandler,
  event: BindingEvent,
  platform: Platform,
  signal: AbortSignal,
): Promise<Uint8Array | undefined> {
  for (let failures = 1; ; failures++) {
    signal.throwIfAborted();
    try {
      return await handler(event);
    } catch {
      await sleep(platform.clock, backOffMs(backOff, failures, platform), signal);
    }
  }
}
