import { type AppChannel, AppUnreachableError } from "../channel/app-channel.ts";
import type { MessageHandler } from "../components/pubsub/pubsub.ts";
import { reasonOf } from "../errors/reason-of.ts";
import type { RuntimeRequest, RuntimeResponse } from "../http.ts";
import type { IngressMeter } from "../telemetry/metrics/meters.ts";
import type { AppPresence } from "./app-presence.ts";
import { deliveryHeaders } from "./delivery-headers.ts";
import { DeliveryEnded, type InboundPolicy } from "./inbound-policy.ts";
import type { Intake } from "./intake.ts";
import { type Verdict, verdictOf } from "./verdict.ts";

/** How events of one subscription reach the app. */
export interface Delivery {
  readonly handler: MessageHandler;
  /** From now on no event waits for others to come with it. */
  flush(): void;
}

/** The app and what is known of it. */
export interface DeliveryContext {
  readonly app: AppChannel;
  readonly presence: AppPresence;
  /** Calls to the app that carry an event, while they last: aborting one leaves its events to the broker. */
  readonly underWay: Set<AbortController>;
  readonly meter: IngressMeter | undefined;
  readonly inbound: InboundPolicy;
  /** Aborts when the subscription ends: what waits to be delivered is left to the broker. */
  readonly patience: AbortSignal;
}

/**
 * Calls the app with events. `read` is given the whole answer; an answer that breaks off counts as none. A circuit
 * breaker that is open is waited for: meanwhile the broker hands out no more than its subscription can hold.
 */
export async function call<T>(
  { app, underWay, inbound: { around }, patience }: DeliveryContext,
  request: Omit<RuntimeRequest, "signal">,
  read: (response: RuntimeResponse) => Promise<T>,
  taken: (answer: T) => boolean,
): Promise<T> {
  // One for each call: what a channel attaches to a signal lives as long as the signal.
  const abort = new AbortController();
  const attempt = async (signal = abort.signal) => {
    const response = await app.invoke({ ...request, signal });
    return await read(response).catch((cause) => {
      throw new AppUnreachableError("its answer broke off", { cause, sent: true });
    });
  };
  underWay.add(abort);
  try {
    if (around === undefined) return await attempt();
    return await around.run({
      attempt,
      answered: (answer) => (taken(answer) ? "settled" : "failed"),
      thrown: () => "failed",
      signal: abort.signal,
      patience,
    });
  } catch (error) {
    if (!abort.signal.aborted || error instanceof AppUnreachableError) throw error;
    throw new AppUnreachableError("the call was given up", { cause: error, sent: true });
  } finally {
    underWay.delete(abort);
  }
}

/**
 * Hands the events of one subscription to the app one by one, and settles them by its answer (dapr-http-api §2.1). The
 * handler rejects where the broker is to deliver again; whatever it resolves for has been consumed, given up with a log
 * entry, or is safe in the dead-letter topic. An app that cannot be reached never costs an event, nor dead-letters it.
 */
export function delivery(intake: Intake, context: DeliveryContext): Delivery {
  const { pubsub, subscription } = intake;
  const { presence, meter, inbound } = context;
  return {
    flush() {},
    async handler(message) {
      const admitted = await intake.admit(message);
      if (admitted === undefined) return;
      const { id, envelope, to, traceparent, tracestate } = admitted;
      const headers = deliveryHeaders(pubsub, message.metadata, traceparent, tracestate);
      const began = meter?.begin() ?? 0;
      let answer: readonly [status: number, verdict: Verdict];
      try {
        answer = await call(
          context,
          { method: "POST", ...to, headers, body: envelope },
          async (response) => [response.status, await verdictOf(response)] as const,
          ([, verdict]) => verdict !== "retry",
        );
      } catch (error) {
        intake.called(admitted, 500);
        meter?.settled(began, "retry");
        if (error instanceof DeliveryEnded) throw error;
        if (!(error instanceof AppUnreachableError))
          return intake.refused(message, id, reasonOf(error), "retry");
        const { topic } = subscription;
        presence.lost(`topic ${topic}`, error, { pubsub, id, attempt: message.attempt });
        throw error;
      }
      presence.found();
      const [status, verdict] = answer;
      intake.called(admitted, status);
      meter?.settled(began, verdict);
      if (verdict === "success") return;
      const why = `the app answered ${status}${status < 300 ? ` and ${verdict.toUpperCase()}` : ""}`;
      if (inbound.again(status)) await intake.refused(message, id, why, verdict);
      else await intake.end(message, id, why, verdict);
    },
  };
}
