import type { ComponentChange } from "./components/components.ts";
import type { BackOff } from "./components/pubsub/back-off.ts";
import type { Message, Subscription } from "./components/pubsub/pubsub.ts";
import { ApiError } from "./errors/api-error.ts";
import { reasonOf } from "./errors/reason-of.ts";
import { withTimeout } from "./platform.ts";
import type { Policy } from "./resiliency/policy.ts";
import { PolicyError } from "./resiliency/policy-error.ts";
import type { Sidecar } from "./sidecar.ts";
import { EventStream } from "./subscriptions/event-stream.ts";
import { DeliveryEnded, inboundPolicy } from "./subscriptions/inbound-policy.ts";
import { Intake } from "./subscriptions/intake.ts";
import type { RoutedSubscription } from "./subscriptions/routed-subscriptions.ts";
import { infoOf, type SubscriptionInfo } from "./subscriptions/subscription-info.ts";
import type { Verdict } from "./subscriptions/verdict.ts";

/** What the reader of a stream asks for with one topic. */
export interface StreamedTopic {
  readonly topic: string;
  readonly deadLetterTopic: string;
  readonly metadata: ReadonlyMap<string, string>;
  readonly raw: boolean;
  /** Whose events they are to be; undefined: this app's own, which are shared with it then. */
  readonly consumer: string | undefined;
  readonly concurrency: number | undefined;
  readonly backOff: BackOff | undefined;
  /** How long an event may wait for its verdict. */
  readonly ackTimeoutMs: number;
}

interface Joined {
  readonly info: SubscriptionInfo;
  /** What it is governed by. */
  readonly policy: Policy | undefined;
  /** Ends with its last event's verdict. */
  close(): Promise<void>;
}

/** What the events of one topic go through. */
interface Way {
  readonly intake: Intake;
  readonly ackTimeoutMs: number;
  readonly around: Policy | undefined;
  /** Aborts when the topic is left: what waits for a circuit breaker goes back to the broker. */
  readonly patience: AbortSignal;
  /** Aborts when the stream ends. */
  readonly signal: AbortSignal;
}

interface OpenStream {
  readonly stream: EventStream;
  readonly ending: AbortController;
  readonly topics: Map<string, Joined>;
}

/** How long the last verdicts are waited for where a stream is ended by an update. */
const DRAIN_MS = 5_000;

/**
 * Subscriptions of those who have no address to be called at: they read a stream and say by further calls what became
 * of each event. Not in Dapr's HTTP API; what its gRPC API calls streaming subscriptions.
 */
export class EventStreams {
  readonly #open = new Map<string, OpenStream>();
  #closed = false;

  constructor(readonly sidecar: () => Sidecar) {}

  list(): readonly SubscriptionInfo[] {
    return [...this.#open.values()].flatMap(({ topics }) => [...topics.values()].map(({ info }) => info));
  }

  /** A stream without a topic yet. Throws once the sidecar stops. */
  open(pubsub: string): EventStream {
    if (this.#closed) throw new ApiError("ERR_RUNTIME_UNAVAILABLE", { cause: "it is stopping" });
    const { platform } = this.sidecar();
    const topics = new Map<string, Joined>();
    const ending = new AbortController();
    platform.shared?.(ending.signal);
    const stream = new EventStream(pubsub, platform, ({ id, pending }) => {
      // Before its events fail, so that they go to others at once and not after this one's back-off.
      for (const joined of topics.values()) void joined.close();
      ending.abort(new DeliveryEnded());
      this.#open.delete(id);
      this.sidecar().log.debug("a stream of events ended", { pubsub, withoutVerdict: pending });
    });
    this.#open.set(stream.id, { stream, topics, ending });
    return stream;
  }

  find(pubsub: string, id: string): EventStream | undefined {
    const stream = this.#open.get(id)?.stream;
    return stream?.pubsub === pubsub ? stream : undefined;
  }

  /** In place of the stream's earlier subscription to the topic, if any. Throws what the broker throws. */
  async subscribe(stream: EventStream, wanted: StreamedTopic): Promise<void> {
    const { topic, metadata, raw, deadLetterTopic, concurrency, ackTimeoutMs } = wanted;
    const sidecar = this.sidecar();
    const opened = sidecar.components.pubsub.get(stream.pubsub);
    const open = this.#open.get(stream.id);
    if (opened === undefined || open === undefined) throw new Error("the stream has ended");
    const { topics, ending } = open;
    const subscription: RoutedSubscription = {
      type: "STREAMING",
      called: `a stream's subscription to topic ${topic}`,
      pubsubname: stream.pubsub,
      topic,
      metadata,
      rules: [{ path: "/" }],
      routing: { route: () => "/" },
      deadLetterTopic,
      raw,
      bulk: undefined,
    };
    const { retries, backOff = wanted.backOff, around } = inboundPolicy(sidecar, stream.pubsub);
    const intake = new Intake(sidecar, subscription, opened, retries);
    const leaving = new AbortController();
    sidecar.platform.shared?.(leaving.signal);
    const way = { intake, ackTimeoutMs, around, patience: leaving.signal, signal: ending.signal };
    const { access, component } = opened;
    const opening = component.subscribe(
      {
        topic: access.brokerTopic(topic),
        consumerId: consumerOf(access.consumerId, wanted.consumer),
        metadata,
        ...(concurrency !== undefined && { concurrency }),
        ...(backOff !== undefined && { backOff }),
      },
      (message) => this.#deliver(stream, way, message),
    );
    const close = once(() => {
      leaving.abort(new DeliveryEnded());
      return this.#close(opening);
    });
    const policy = sidecar.resiliency.inbound(stream.pubsub, "pubsub");
    const joined = { info: infoOf(subscription), policy, close };
    void topics.get(topic)?.close();
    topics.set(topic, joined);
    try {
      await opening;
    } catch (error) {
      if (topics.get(topic) === joined) topics.delete(topic);
      throw error;
    }
  }

  /** No more of its events; those that are with the reader can still be settled. */
  unsubscribe(stream: EventStream, topic: string): void {
    const topics = this.#open.get(stream.id)?.topics;
    void topics?.get(topic)?.close();
    topics?.delete(topic);
  }

  /** False where no event of that id waits for a verdict. */
  settle(pubsub: string, id: string, verdict: Verdict): boolean {
    return this.find(pubsub, id.slice(0, id.lastIndexOf(".")))?.settle(id, verdict) ?? false;
  }

  /** Ends the streams of the pub/subs that changed, once their last verdicts are there: their readers come again. */
  async moved(changes: readonly ComponentChange[]): Promise<void> {
    const changed = new Set(changes.filter(({ action }) => action !== "kept").map(({ name }) => name));
    await this.#drainAll(({ stream }) => changed.has(stream.pubsub));
  }

  /** The same for those of the pub/subs that other policies hold for now. */
  async governed(): Promise<void> {
    const { resiliency } = this.sidecar();
    await this.#drainAll(({ stream, topics }) => {
      const now = resiliency.inbound(stream.pubsub, "pubsub");
      return [...topics.values()].some(({ policy }) => !sameTerms(policy, now));
    });
  }

  /** Ends them all; the last verdicts are waited for so long. */
  async close(drainMs: number): Promise<void> {
    this.#closed = true;
    await this.#drainAll(() => true, drainMs);
  }

  async #drainAll(which: (open: OpenStream) => boolean, drainMs = DRAIN_MS): Promise<void> {
    await Promise.all([...this.#open.values()].filter(which).map((open) => this.#drain(open, drainMs)));
  }

  async #drain({ stream, topics }: OpenStream, drainMs: number): Promise<void> {
    const closing = Promise.all([...topics.values()].map((joined) => joined.close())).then(() => undefined);
    const late = () => new Error("late");
    await withTimeout(this.sidecar().platform.clock, drainMs, closing, late).catch(() => undefined);
    stream.end();
  }

  async #close(opening: Promise<Subscription>): Promise<void> {
    const subscription = await opening.catch(() => undefined);
    await subscription?.close().catch((error) => {
      this.sidecar().log.warn(`a stream's subscription did not close: ${reasonOf(error)}`);
    });
  }

  /** Rejects where the broker is to deliver it again. A reader that goes away or is late never costs an event. */
  async #deliver(stream: EventStream, way: Way, message: Message): Promise<void> {
    const { intake, ackTimeoutMs, around, patience, signal } = way;
    const admitted = await intake.admit(message);
    if (admitted === undefined) return;
    const { topic } = intake.subscription;
    const attempt = (ending?: AbortSignal) => stream.deliver(topic, admitted, ackTimeoutMs, ending);
    let verdict: Verdict;
    try {
      if (around === undefined) verdict = await attempt();
      else verdict = await around.run({ attempt, answered, thrown: () => "failed", signal, patience });
    } catch (error) {
      intake.called(admitted, 500);
      if (error instanceof PolicyError)
        return await intake.refused(message, admitted.id, reasonOf(error), "retry");
      const fields = { pubsub: stream.pubsub, topic, id: admitted.id, attempt: message.attempt };
      this.sidecar().log.debug(`an event will be delivered again: ${reasonOf(error)}`, fields);
      throw error;
    }
    intake.called(admitted, verdict === "success" ? 200 : 500);
    if (verdict === "success") return;
    await intake.refused(message, admitted.id, `its reader answered ${verdict.toUpperCase()}`, verdict);
  }
}

const answered = (verdict: Verdict) => (verdict === "retry" ? "failed" : "settled");

function sameTerms(a: Policy | undefined, b: Policy | undefined): boolean {
  return (
    a?.timeoutMs === b?.timeoutMs &&
    a?.breaker === b?.breaker &&
    JSON.stringify(a?.retry) === JSON.stringify(b?.retry)
  );
}

/**
 * As which consumer the broker knows the reader. Another name than the app's own stays below it: no caller takes the
 * events of an app that is not behind this sidecar.
 */
function consumerOf(own: string, consumer: string | undefined): string {
  return consumer === undefined || consumer === own ? own : `${own}||${consumer}`;
}

function once(close: () => Promise<void>): () => Promise<void> {
  let closing: Promise<void> | undefined;
  return () => {
    closing ??= close();
    return closing;
  };
}
