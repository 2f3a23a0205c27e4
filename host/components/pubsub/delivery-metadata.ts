import { ComponentError } from "../../errors/component-error.ts";
import { duration, integer } from "../metadata-schema.ts";
import type { BackOff } from "./back-off.ts";
import type { SubscribeRequest } from "./event.ts";

/** Metadata of every broker that hands out events itself. */
export const deliveryMetadata = {
  concurrency: integer("Most events of one subscription that are with the app at the same time.", 10),
  redeliverInterval: duration(
    "Wait before an event that failed is delivered again; doubles each time.",
    1_000,
  ),
  maxRedeliverInterval: duration(
    "Longest wait between two deliveries of an event that keeps failing.",
    30_000,
  ),
};

export interface DeliveryOptions {
  readonly concurrency: number;
  readonly backOff: BackOff;
}

/** With what a subscription asks for: as many events at once, if that is more, and its own waits. */
export function optionsFor(
  { concurrency = 0, backOff }: SubscribeRequest,
  options: DeliveryOptions,
): DeliveryOptions {
  return {
    concurrency: Math.max(concurrency, options.concurrency),
    backOff: backOff ?? options.backOff,
  };
}

/** Throws a ComponentError that names the component and the field when a number makes no sense. */
export function deliveryOptions(
  component: string,
  metadata: {
    readonly concurrency: number | undefined;
    readonly redeliverInterval: number | undefined;
    readonly maxRedeliverInterval: number | undefined;
  },
): DeliveryOptions {
  const { concurrency = 10, redeliverInterval = 1_000, maxRedeliverInterval = 30_000 } = metadata;
  const refuse = (field: string, expected: string) => {
    throw new ComponentError(
      "INVALID_ARGUMENT",
      `component ${component}: metadata field ${field}: expected ${expected}`,
    );
  };
  if (concurrency < 1) refuse("concurrency", "a number of at least 1");
  if (redeliverInterval <= 0) refuse("redeliverInterval", "a duration above zero");
  if (maxRedeliverInterval < redeliverInterval) {
    refuse("maxRedeliverInterval", "a duration of at least redeliverInterval");
  }
  return { concurrency, backOff: { initialMs: redeliverInterval, maxMs: maxRedeliverInterval } };
}
