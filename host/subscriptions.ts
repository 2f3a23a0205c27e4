import { backOffMs } from "./components/pubsub/back-off.ts";
import type { Subscription } from "./components/pubsub/pubsub.ts";
import { ComponentError } from "./errors/component-error.ts";
import { reasonOf } from "./errors/reason-of.ts";
import { sleep, untilAborted } from "./platform.ts";
import type { Sidecar } from "./sidecar.ts";
import { AppPresence } from "./subscriptions/app-presence.ts";
import type { AppSubscription } from "./subscriptions/app-subscription.ts";
import { bulkDelivery } from "./subscriptions/bulk-delivery.ts";
import { delivery } from "./subscriptions/delivery.ts";
import { DeliveryEnded, inboundPolicy } from "./subscriptions/inbound-policy.ts";
import { Intake } from "./subscriptions/intake.ts";
import { readSubscriptions } from "./subscriptions/read-subscriptions.ts";
import {
  declaredSubscriptions,
  type RoutedSubscription,
  routedSubscriptions,
} from "./subscriptions/routed-subscriptions.ts";
import type { Rules } from "./subscriptions/rules/rules.ts";
import { infoOf, type SubscriptionInfo } from "./subscriptions/subscription-info.ts";
import { usableSubscriptions } from "./subscriptions/usable-subscriptions.ts";

interface Open {
  readonly info: SubscriptionInfo;
  readonly subscription: Subscription;
  /** From now on no event waits here: neither for others, nor for a circuit breaker. */
  hurry(): void;
}

/** How long the cancellation of deliveries may take. */
const cancelMs = 1_000;
/** Between two attempts to subscribe where the broker refused. */
const resubscribe = { initialMs: 500, maxMs: 30_000 };

/** The app's subscriptions, declared and its own: read once the app is ready, delivered until closed. */
export class Subscriptions {
  #open: Open[] = [];
  /** What the app last said, for when it cannot say it again. */
  #own: readonly RoutedSubscription[] = [];
  #wanted: readonly RoutedSubscription[] = [];
  /** Ends the attempts to subscribe that belong to the latest start. */
  #starting = new AbortController();
  /** Ends the latest start, which a newer one supersedes wherever it waits. */
  #current = new AbortController();
  /** Starts run one after the other. */
  #turn: Promise<void> = Promise.resolve();
  /** What the latest start answered: a start that was superseded has come about when this one has. */
  #latest: Promise<void> = Promise.resolve();
  /** Subscriptions of earlier starts whose last deliveries are still under way. */
  readonly #ending = new Set<Promise<void>>();
  #closed = false;
  #watching = false;
  #paused = false;
  readonly #closing = new AbortController();
  readonly #presence = new AppPresence(
    () => this.sidecar(),
    () => this.start(),
    this.#closing.signal,
  );
  /** Calls to the app that carry an event. */
  readonly #underWay = new Set<AbortController>();

  constructor(
    readonly sidecar: () => Sidecar,
    /** What the host was given, if any. */
    readonly namespace: string | undefined,
    readonly rules: Rules | undefined,
  ) {}

  list(): readonly SubscriptionInfo[] {
    return this.#paused ? this.#wanted.map(infoOf) : this.#open.map(({ info }) => info);
  }

  /** While the app's health checks fail nothing is taken from a broker: what waits there is for other instances, too. */
  #watch(): void {
    this.#watching = true;
    this.sidecar().app?.watch?.((healthy) => {
      this.#paused = !healthy;
      if (healthy) return void this.start();
      this.#current.abort();
      this.#endAll();
    });
  }

  /**
   * Asks the app (`GET /dapr/subscribe`) and subscribes to what it says and the resources declare. Called again after
   * the app came back or the resources changed, it starts afresh: deliveries under way end as they would have, what was
   * to be delivered again is due at once. Resolves at the first attempt to subscribe; what the broker refuses is tried
   * again until it is accepted.
   */
  start(): Promise<void> {
    if (!this.#watching) this.#watch();
    if (this.#closed || this.#paused) return Promise.resolve();
    this.#current.abort();
    const current = new AbortController();
    this.#current = current;
    // An app or a broker that never answers must not hold up the start that follows.
    const turn = this.#turn.then(() => untilAborted(this.#restart(current.signal), current.signal));
    this.#turn = turn.catch(() => undefined);
    this.#latest = turn.catch((error) => {
      if (!current.signal.aborted) throw error;
      return this.#closed || this.#paused ? undefined : this.#latest;
    });
    return this.#latest;
  }

  async #restart(signal: AbortSignal): Promise<void> {
    const sidecar = this.sidecar();
    const { app } = sidecar;
    if (app === undefined || signal.aborted) return;
    const read = sidecar.asking.subscriptions === false ? [] : await readSubscriptions(app, sidecar, signal);
    if (signal.aborted) return;
    const routed = (found: readonly AppSubscription[]) => routedSubscriptions(found, this.rules, sidecar);
    const declared = await routed(declaredSubscriptions(sidecar, this.namespace));
    const own = read && (await routed(read));
    if (signal.aborted) return;
    // One rule that is invalid spoils the whole of the app's answer, as in Dapr.
    if (own !== undefined && own.length === read?.length) this.#own = own;
    const wanted = usableSubscriptions(declared, this.#own, sidecar);
    if (this.#wanted.length > 0 && wanted.length === 0) {
      sidecar.log.warn("the app subscribes to nothing any more; its events wait with their brokers");
    }
    this.#wanted = wanted;
    this.#endAll();
    const starting = new AbortController();
    this.#starting = starting;
    await Promise.all(this.#wanted.map((subscription) => this.#subscribe(subscription, starting.signal)));
    const topics = this.#open.map(({ info }) => `${info.pubsubname}/${info.topic}`);
    if (topics.length > 0) sidecar.log.info(`the app is subscribed to ${topics.join(", ")}`);
  }

  /** Resolves after the first attempt; the others follow in the background. */
  async #subscribe(subscription: RoutedSubscription, signal: AbortSignal, failures = 0): Promise<void> {
    const sidecar = this.sidecar();
    const { app, components, platform, log } = sidecar;
    const { pubsubname, topic, metadata } = subscription;
    const opened = components.pubsub.get(pubsubname);
    if (app === undefined || opened === undefined) return;
    const { component, access } = opened;
    const inbound = inboundPolicy(sidecar, pubsubname);
    const { backOff } = inbound;
    const intake = new Intake(sidecar, subscription, opened, inbound.retries);
    const ending = new AbortController();
    const meter = sidecar.meters?.ingress(pubsubname, topic);
    const patience = ending.signal;
    const context = { app, presence: this.#presence, underWay: this.#underWay, meter, inbound, patience };
    const { bulk } = subscription;
    const { handler, flush } =
      bulk === undefined ? delivery(intake, context) : bulkDelivery(intake, context, platform);
    const asked = {
      ...(bulk !== undefined && { concurrency: bulk.maxMessages }),
      ...(backOff !== undefined && { backOff }),
    };
    try {
      const open = await component.subscribe(
        { topic: access.brokerTopic(topic), consumerId: access.consumerId, metadata, ...asked },
        handler,
      );
      const hurry = () => {
        flush();
        ending.abort(new DeliveryEnded());
      };
      const now: Open = { info: infoOf(subscription), subscription: open, hurry };
      if (signal.aborted) this.#end(now);
      else this.#open.push(now);
    } catch (error) {
      if (signal.aborted) return;
      const cause = reasonOf(error);
      const what = `could not subscribe to topic ${topic} of pub/sub ${pubsubname}`;
      // No broker learns it by being asked again.
      if (error instanceof ComponentError && error.code === "UNIMPLEMENTED") {
        log.error(`${what}: ${cause}`);
        return;
      }
      log.error(`${what}; trying again: ${cause}`);
      const wait = backOffMs(resubscribe, failures + 1, platform);
      void sleep(platform.clock, wait, signal).then(
        () => this.#subscribe(subscription, signal, failures + 1),
        () => undefined,
      );
    }
  }

  #end({ subscription, hurry }: Open): void {
    const closing = subscription.close();
    hurry();
    const ending = closing.catch((error) => {
      const cause = reasonOf(error);
      this.sidecar().log.warn(`a subscription did not close: ${cause}`);
    });
    this.#ending.add(ending);
    void ending.then(() => this.#ending.delete(ending));
  }

  #endAll(): void {
    this.#starting.abort();
    for (const open of this.#open) this.#end(open);
    this.#open = [];
  }

  /** No new deliveries; those under way are awaited for so long and then cancelled, which leaves them to the broker. */
  async close(drainMs: number): Promise<void> {
    this.#closed = true;
    this.#closing.abort();
    this.#current.abort();
    this.#endAll();
    if (this.#ending.size === 0) return;
    const { clock } = this.sidecar().platform;
    const ended = Promise.all(this.#ending).then(() => true);
    const late = (ms: number) => {
      let cancel = () => {};
      const timer = new Promise<false>((resolve) => {
        cancel = clock.after(ms, () => resolve(false));
      });
      return Promise.race([ended, timer]).finally(() => cancel());
    };
    if (await late(drainMs)) return;
    for (const call of this.#underWay) call.abort();
    if (!(await late(cancelMs))) {
      this.sidecar().log.warn(`${this.#ending.size} subscriptions had deliveries under way that did not end`);
    }
  }
}
