import type { ComponentContext } from "../../host/components/component.ts";
import { backOffMs } from "../../host/components/pubsub/back-off.ts";
import type { DeliveryOptions } from "../../host/components/pubsub/delivery-metadata.ts";
import type { MessageHandler, SubscribeRequest, Subscription } from "../../host/components/pubsub/pubsub.ts";
import { ComponentError } from "../../host/errors/component-error.ts";
import { LEASE_MS } from "./event-delivery.ts";
import type { Handed } from "./event-jobs.ts";
import type { EventLog } from "./event-log.ts";

/** Without a word from anybody is looked for events so often: a word may be lost while a page is frozen. */
const POLL_MS = 15_000;
/** The wait after storage failed. */
const RETRY_MS = 1_000;

export interface BrowserSubscriptionOptions {
  readonly request: SubscribeRequest;
  readonly handler: MessageHandler;
  readonly log: EventLog;
  readonly delivery: DeliveryOptions;
  readonly context: ComponentContext;
  /** Names this subscription among all that compete. */
  readonly member: string;
  /** Tells the others of this consumer that something is to be had. */
  released(): void;
  closed(): void;
}

/** Takes events for one handler as long as fewer than `concurrency` are under way, and keeps hold of those that are. */
export class BrowserSubscription implements Subscription {
  readonly #options: BrowserSubscriptionOptions;
  /** Events that the handler has. */
  readonly #inHand = new Set<Handed>();
  /** Deliveries whose end is not written down yet. */
  readonly #open = new Set<Promise<void>>();
  #taking: Promise<void> | undefined;
  #wanted = false;
  #givingWay = false;
  #cancelTake: (() => void) | undefined;
  #cancelRenewal: (() => void) | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: BrowserSubscriptionOptions) {
    this.#options = options;
  }

  get topic(): string {
    return this.#options.request.topic;
  }

  /** Resolves once events of this topic are kept for the consumer; then they begin to be handed out. */
  async open(): Promise<this> {
    const { log, member } = this.#options;
    await log.submit({ kind: "join", ...this.#consumer, member });
    this.wake();
    return this;
  }

  /** There may be something to take. */
  wake(): void {
    // Who gives way does so for its time: else a stream of wakes would put it off for ever.
    if (!this.#givingWay) this.#take(false);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  get #consumer(): { readonly topic: string; readonly consumer: string } {
    const { topic, consumerId } = this.#options.request;
    return { topic, consumer: consumerId };
  }

  #take(insist: boolean): void {
    if (this.#closing !== undefined) return;
    if (this.#taking !== undefined) {
      this.#wanted = true;
      return;
    }
    if (this.#free <= 0) return;
    this.#wanted = false;
    this.#cancelTake?.();
    this.#cancelTake = undefined;
    this.#taking = this.#takeSome(insist);
  }

  get #free(): number {
    return this.#options.delivery.concurrency - this.#inHand.size;
  }

  async #takeSome(insist: boolean): Promise<void> {
    const { log, member, context } = this.#options;
    let wait = RETRY_MS;
    try {
      const taken = await log.take({
        kind: "take",
        ...this.#consumer,
        member,
        limit: () => this.#free,
        insist,
      });
      wait = Math.min(taken.wait ?? POLL_MS, POLL_MS);
      this.#givingWay = taken.gaveWay;
      for (const handed of taken.handed) this.#begin(handed);
    } catch (error) {
      context.log.warn(`topic ${this.topic} could not be read and is tried again`, {
        cause: ComponentError.from(error).message,
      });
    } finally {
      this.#taking = undefined;
    }
    if (this.#closing !== undefined) return;
    if (this.#wanted && !this.#givingWay) {
      this.#take(false);
      return;
    }
    this.#cancelTake = context.platform.clock.after(wait, () => {
      const insisting = this.#givingWay;
      this.#givingWay = false;
      this.#take(insisting);
    });
  }

  #begin(handed: Handed): void {
    this.#inHand.add(handed);
    const delivery = this.#deliver(handed).finally(() => this.#open.delete(delivery));
    this.#open.add(delivery);
    this.#renewLater();
  }

  async #deliver(handed: Handed): Promise<void> {
    const { log, context, released } = this.#options;
    const { place, token } = handed;
    const consumed = await this.#consumes(handed);
    this.#inHand.delete(handed);
    const leaving = this.#closing !== undefined;
    const settling = log.submit({
      kind: "settle",
      ...this.#consumer,
      place,
      token,
      again: consumed ? undefined : this.#again(handed),
    });
    // Asked for now, the next taking shares the transaction of this end.
    this.wake();
    try {
      await settling;
      if (!consumed && leaving) released();
    } catch (error) {
      context.log.warn(
        `the end of a delivery of topic ${this.topic} could not be written; it will come again`,
        {
          cause: ComponentError.from(error).message,
        },
      );
    }
  }

  async #consumes({ event, attempt }: Handed): Promise<boolean> {
    // Events taken while the subscription was closing are for somebody else.
    if (this.#closing !== undefined) return false;
    const { data, contentType, metadata } = event;
    try {
      await this.#options.handler({
        topic: this.topic,
        data,
        contentType,
        metadata: new Map(metadata),
        attempt,
      });
      return true;
    } catch {
      return false;
    }
  }

  /** At once when this subscription leaves: another one, or the next, has not failed yet. */
  #again({ failures }: Handed): { readonly at: number; readonly failures: number } {
    const { platform } = this.#options.context;
    const now = platform.clock.now();
    if (this.#closing !== undefined) return { at: now, failures: 0 };
    const ms = backOffMs(this.#options.delivery.backOff, failures + 1, platform);
    return { at: now + ms, failures: failures + 1 };
  }

  #renewLater(): void {
    this.#cancelRenewal ??= this.#options.context.platform.clock.after(LEASE_MS / 3, () => {
      this.#cancelRenewal = undefined;
      if (this.#inHand.size === 0) return;
      this.#options.log
        .submit({ kind: "renew", ...this.#consumer, held: [...this.#inHand] })
        .catch((error: unknown) => {
          this.#options.context.log.debug(`hold of events of topic ${this.topic} was not renewed`, {
            cause: String(error),
          });
        });
      this.#renewLater();
    });
  }

  async #close(): Promise<void> {
    const { log, member, closed } = this.#options;
    this.#cancelTake?.();
    // Let `#closing` be set: what is taken from here on is given back.
    await undefined;
    await this.#taking;
    while (this.#open.size > 0) await Promise.all(this.#open);
    this.#cancelRenewal?.();
    await log.submit({ kind: "leave", ...this.#consumer, member });
    closed();
  }
}
