import { type AppChannel, AppUnreachableError } from "../channel/app-channel.ts";
import { appRoute } from "../channel/app-route.ts";
import type { OpenedPubSub } from "../components/open-component.ts";
import type { Message, MessageHandler } from "../components/pubsub/pubsub.ts";
import { eventIdField } from "../components/pubsub/raw-payload.ts";
import { reasonOf } from "../errors/reason-of.ts";
import type { RuntimeResponse } from "../http.ts";
import type { Sidecar } from "../sidecar.ts";
import { wellFormedTraceparent } from "../traceparent.ts";
import type { AppPresence } from "./app-presence.ts";
import type { AppSubscription } from "./app-subscription.ts";
import { deliveryHeaders } from "./delivery-headers.ts";
import type { Routing } from "./routing.ts";
import { envelopeOf } from "./rules/envelope-of.ts";
import { type Verdict, verdictOf } from "./verdict.ts";

const decoder = new TextDecoder();

/** What the delivery must know of an event; undefined when the bytes are no JSON object. */
interface Event {
  readonly id?: unknown;
  readonly expiration?: unknown;
  readonly traceparent?: unknown;
  readonly tracestate?: unknown;
}

function decoded(data: Uint8Array): Event | undefined {
  try {
    const value: unknown = JSON.parse(decoder.decode(data));
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

const textOf = (value: unknown): string => (typeof value === "string" ? value : "");

/** With its rules compiled. */
export interface RoutedSubscription extends AppSubscription {
  readonly routing: Routing;
}

/**
 * Hands the events of one subscription to the app and settles them by its answer (dapr-http-api §2.1). The handler
 * rejects where the broker is to deliver again; whatever it resolves for has been consumed, given up with a log entry,
 * or is safe in the dead-letter topic. An app that cannot be reached never costs an event, nor dead-letters it.
 * Each call to the app is in `underWay` while it lasts: aborting it there leaves its event to the broker.
 */
export function delivery(
  sidecar: Sidecar,
  app: AppChannel,
  subscription: RoutedSubscription,
  opened: OpenedPubSub,
  underWay: Set<AbortController>,
  presence: AppPresence,
): MessageHandler {
  const { topic, raw, deadLetterTopic, routing } = subscription;
  const { component, access } = opened;
  const { log, platform, core } = sidecar;
  const pubsub = opened.resource.name;
  const targets = new Map(subscription.rules.map(({ path }) => [path, appRoute(path)]));

  function wrapped({ data, metadata }: Message): Uint8Array {
    return core.frame(
      {
        // The same at every attempt, so that the app can tell a repetition.
        id: metadata.get(eventIdField) ?? (textOf(decoded(data)?.id) || platform.uuid()),
        source: "Dapr",
        type: "com.dapr.event.sent",
        time: `${new Date(platform.clock.now()).toISOString().slice(0, 19)}Z`,
        datacontenttype: "application/octet-stream",
        topic,
        pubsubname: pubsub,
        traceparent: "",
        tracestate: "",
      },
      data,
    );
  }

  /** The payload as it came, under another topic. Rejects when it could not be put there. */
  async function deadLetter({ data, contentType, metadata }: Message): Promise<void> {
    if (!access.mayPublish(deadLetterTopic)) {
      throw new Error(`topic ${deadLetterTopic} is not allowed for app id ${sidecar.appId}`);
    }
    await component.publish({
      topic: access.brokerTopic(deadLetterTopic),
      data,
      contentType,
      metadata,
      requestId: undefined,
    });
  }

  /** Ends an event that the app did not take: as a dead letter where there is a topic for it, else as `otherwise`. */
  async function end(message: Message, id: string, why: string, otherwise: Verdict): Promise<void> {
    const fields = { pubsub, topic, id, attempt: message.attempt };
    // The first failure is news; the repetitions of one that goes on failing are not.
    const loud = message.attempt === 1 || otherwise === "drop";
    const tell = (sentence: string) => (loud ? log.warn(sentence, fields) : log.debug(sentence, fields));
    if (deadLetterTopic === "") {
      if (otherwise === "drop") return tell(`an event is dropped: ${why}`);
      tell(`an event will be delivered again: ${why}`);
      throw new Error(why);
    }
    try {
      await deadLetter(message);
    } catch (error) {
      const cause = reasonOf(error);
      tell(`an event will be delivered again: it could not be put on topic ${deadLetterTopic}: ${cause}`);
      throw error;
    }
    tell(`an event went to the dead-letter topic ${deadLetterTopic}: ${why}`);
  }

  return async (message) => {
    const { data, metadata, attempt } = message;
    const event: Event | undefined = raw ? {} : decoded(data);
    if (event === undefined) {
      return end(message, "", "it is no CloudEvent; was it published with rawPayload?", "retry");
    }
    const id = textOf(event.id);
    if (Date.parse(textOf(event.expiration)) <= platform.clock.now()) {
      return end(message, id, "it has expired", "drop");
    }
    const body = raw ? wrapped(message) : data;
    let route: string | undefined;
    try {
      route = routing.route(() => envelopeOf(raw ? decoded(body) : event));
    } catch (error) {
      return end(message, id, reasonOf(error), "retry");
    }
    if (route === undefined && deadLetterTopic === "") {
      log.debug("an event is passed over: no rule of the subscription matches it", { pubsub, topic, id });
      return;
    }
    const to = route === undefined ? undefined : targets.get(route);
    if (to === undefined) return end(message, id, "no rule of the subscription matches it", "drop");
    const trace = textOf(event.traceparent);
    const traceparent = wellFormedTraceparent.test(trace) ? trace : "";
    const tracestate = traceparent === "" ? "" : textOf(event.tracestate);
    let response: RuntimeResponse;
    let verdict: Verdict;
    // One for each call: what a channel attaches to a signal lives as long as the signal.
    const call = new AbortController();
    underWay.add(call);
    try {
      response = await app.invoke({
        method: "POST",
        ...to,
        headers: deliveryHeaders(pubsub, metadata, traceparent, tracestate),
        body,
        signal: call.signal,
      });
      verdict = await verdictOf(response).catch((cause) => {
        throw new AppUnreachableError("its answer broke off", { cause, sent: true });
      });
    } catch (error) {
      if (!(error instanceof AppUnreachableError) && !call.signal.aborted) {
        return await end(message, id, reasonOf(error), "retry");
      }
      presence.lost(`topic ${topic}`, error, { pubsub, id, attempt });
      throw error;
    } finally {
      underWay.delete(call);
    }
    presence.found();
    if (verdict === "success") return;
    const why = `the app answered ${response.status}${response.status < 300 ? ` and ${verdict.toUpperCase()}` : ""}`;
    return end(message, id, why, verdict);
  };
}
