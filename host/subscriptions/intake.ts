import { appRoute } from "../channel/app-route.ts";
import type { OpenedPubSub } from "../components/open-component.ts";
import type { Message } from "../components/pubsub/pubsub.ts";
import { eventIdField } from "../components/pubsub/raw-payload.ts";
import { isWildcard } from "../components/pubsub/wildcard.ts";
import { reasonOf } from "../errors/reason-of.ts";
import type { Sidecar } from "../sidecar.ts";
import { spanStatus } from "../telemetry/span-status.ts";
import type { Hop } from "../telemetry/tracing.ts";
import { carried, wellFormedTraceparent } from "../traceparent.ts";
import type { RoutedSubscription } from "./routed-subscriptions.ts";
import { envelopeOf } from "./rules/envelope-of.ts";
import type { Verdict } from "./verdict.ts";

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

/** An event that is for the app. */
export interface Admitted {
  readonly message: Message;
  readonly id: string;
  /** As a CloudEvent: what came, or around what came raw. */
  readonly envelope: Uint8Array;
  readonly to: ReturnType<typeof appRoute>;
  /** Empty without one that is well-formed. */
  readonly traceparent: string;
  readonly tracestate: string;
  /** Undefined where nothing is traced. */
  readonly hop: Hop | undefined;
}

/** The events of one subscription before and after the app: which of them are for it, and how those end. */
export class Intake {
  readonly #sidecar: Sidecar;
  readonly #subscription: RoutedSubscription;
  readonly #opened: OpenedPubSub;
  readonly #retries: number;
  readonly #targets: ReadonlyMap<string, ReturnType<typeof appRoute>>;

  /** `retries`: how often the broker is asked again for what the app refused, before that ends; 0 without a policy. */
  constructor(sidecar: Sidecar, subscription: RoutedSubscription, opened: OpenedPubSub, retries: number) {
    this.#retries = retries;
    this.#sidecar = sidecar;
    this.#subscription = subscription;
    this.#opened = opened;
    this.#targets = new Map(subscription.rules.map(({ path }) => [path, appRoute(path)]));
  }

  get subscription(): RoutedSubscription {
    return this.#subscription;
  }

  get pubsub(): string {
    return this.#opened.resource.name;
  }

  /** Undefined for an event that has been dealt with. Rejects where the broker is to deliver it again. */
  async admit(message: Message): Promise<Admitted | undefined> {
    const { raw, routing, deadLetterTopic, topic } = this.#subscription;
    const { clock, log } = this.#sidecar.platform;
    // A wildcard does not open what its app may not subscribe to by name.
    if (isWildcard(topic) && !this.#opened.access.maySubscribe(message.topic)) return undefined;
    const refuse = async (id: string, why: string, otherwise: Verdict) => {
      await this.end(message, id, why, otherwise);
      return undefined;
    };
    const event = raw ? {} : decoded(message.data);
    if (event === undefined) {
      return refuse("", "it is no CloudEvent; was it published with rawPayload?", "retry");
    }
    const id = textOf(event.id);
    if (Date.parse(textOf(event.expiration)) <= clock.now()) return refuse(id, "it has expired", "drop");
    const envelope = raw ? this.#wrapped(message) : message.data;
    let route: string | undefined;
    try {
      route = routing.route(() => envelopeOf(raw ? decoded(envelope) : event));
    } catch (error) {
      return refuse(id, reasonOf(error), "retry");
    }
    const to = route === undefined ? undefined : this.#targets.get(route);
    if (to === undefined) {
      const why = "no rule of the subscription matches it";
      if (deadLetterTopic !== "") return refuse(id, why, "drop");
      log.debug(`an event is passed over: ${why}`, { pubsub: this.pubsub, topic, id });
      return undefined;
    }
    const trace = textOf(event.traceparent);
    const traceparent = wellFormedTraceparent.test(trace) ? trace : "";
    const tracestate = traceparent === "" ? "" : textOf(event.tracestate);
    const hop = this.#sidecar.tracer.tracing?.begin(carried(traceparent, tracestate, message.metadata));
    if (hop === undefined) return { message, id, envelope, to, traceparent, tracestate, hop };
    return { message, id, envelope, to, traceparent: hop.traceparent, tracestate: hop.tracestate, hop };
  }

  /** The app was called with the event: what it answered, or 500 where it did not. */
  called({ hop, message }: Admitted, status: number): void {
    const { topic } = this.#subscription;
    hop?.end(() => ({
      name: `pubsub/${isWildcard(topic) ? message.topic : topic}`,
      kind: "client",
      attributes: [
        ["messaging.system", "pubsub"],
        ["messaging.destination.name", isWildcard(topic) ? message.topic : topic],
      ],
      status: spanStatus(status, this.#sidecar.strict),
    }));
  }

  #wrapped({ topic: own, data, metadata }: Message): Uint8Array {
    const { core, platform } = this.#sidecar;
    const { topic } = this.#subscription;
    return core.frame(
      {
        // The same at every attempt, so that the app can tell a repetition.
        id: metadata.get(eventIdField) ?? (textOf(decoded(data)?.id) || platform.uuid()),
        source: "Dapr",
        type: "com.dapr.event.sent",
        time: `${new Date(platform.clock.now()).toISOString().slice(0, 19)}Z`,
        datacontenttype: "application/octet-stream",
        topic: isWildcard(topic) ? own : topic,
        pubsubname: this.pubsub,
        traceparent: "",
        tracestate: "",
      },
      data,
    );
  }

  /** As {@link end}, for what the app itself did not take: it comes again first, as often as the policy says. */
  async refused(message: Message, id: string, why: string, verdict: Verdict): Promise<void> {
    if (verdict !== "retry" || message.attempt > this.#retries) return this.end(message, id, why, verdict);
    const { topic } = this.#subscription;
    const fields = { pubsub: this.pubsub, topic, id, attempt: message.attempt };
    this.#sidecar.platform.log.debug(`an event will be delivered again by its policy: ${why}`, fields);
    throw new Error(why);
  }

  /**
   * Ends an event that the app did not take: as a dead letter where there is a topic for it, else as `otherwise`.
   * Rejects where the broker is to deliver it again.
   */
  async end(message: Message, id: string, why: string, otherwise: Verdict): Promise<void> {
    const { topic, deadLetterTopic } = this.#subscription;
    const { log } = this.#sidecar.platform;
    const fields = { pubsub: this.pubsub, topic, id, attempt: message.attempt };
    // The first failure is news; the repetitions of one that goes on failing are not.
    const loud = message.attempt === 1 || otherwise === "drop";
    const tell = (sentence: string) => (loud ? log.warn(sentence, fields) : log.debug(sentence, fields));
    if (deadLetterTopic === "") {
      if (otherwise === "drop") return tell(`an event is dropped: ${why}`);
      tell(`an event will be delivered again: ${why}`);
      throw new Error(why);
    }
    try {
      await this.#deadLetter(message);
    } catch (error) {
      const cause = reasonOf(error);
      tell(`an event will be delivered again: it could not be put on topic ${deadLetterTopic}: ${cause}`);
      throw error;
    }
    tell(`an event went to the dead-letter topic ${deadLetterTopic}: ${why}`);
  }

  /** The payload as it came, under another topic. Rejects when it could not be put there. */
  async #deadLetter({ data, contentType, metadata }: Message): Promise<void> {
    const { deadLetterTopic } = this.#subscription;
    const { component, access } = this.#opened;
    if (!access.mayPublish(deadLetterTopic)) {
      throw new Error(`topic ${deadLetterTopic} is not allowed for app id ${this.#sidecar.appId}`);
    }
    const topic = access.brokerTopic(deadLetterTopic);
    await component.publish({ topic, data, contentType, metadata, requestId: undefined });
  }
}
