import { type AppChannel, AppUnreachableError } from "./channel/app-channel.ts";
import type { BindingReader, InputBinding } from "./components/bindings/binding.ts";
import { directionOf } from "./components/bindings/direction.ts";
import type { OpenedBinding } from "./components/open-component.ts";
import { backOffMs } from "./components/pubsub/back-off.ts";
import { reasonOf } from "./errors/reason-of.ts";
import { bindingDelivery, routeOf } from "./input-bindings/delivery.ts";
import { wantsEvents } from "./input-bindings/probe.ts";
import { withFunctions } from "./input-bindings/with-functions.ts";
import { sleep, withTimeout } from "./platform.ts";
import type { Sidecar } from "./sidecar.ts";
import { AppPresence } from "./subscriptions/app-presence.ts";
import { DeliveryEnded } from "./subscriptions/inbound-policy.ts";

interface Reading {
  readonly opened: OpenedBinding;
  readonly reader: BindingReader;
  readonly patience: AbortController;
  /** Whether its events go to the app, and not to functions of packages alone. */
  readonly byApp: boolean;
}

/** How long the cancellation of deliveries may take. */
const cancelMs = 1_000;
/** Between two attempts to reach the app, or to open a reader. */
const again = { initialMs: 200, maxMs: 30_000 };

/** The events of input bindings: read for as long as the app wants them. */
export class InputBindings {
  readonly #sidecar: () => Sidecar;
  /** Until the app could be reached functions of packages have the events. */
  #met = false;
  readonly #reading = new Map<string, Reading>();
  readonly #ending = new Set<Promise<void>>();
  /** Calls to the app that carry an event. */
  readonly #underWay = new Set<AbortController>();
  readonly #closing = new AbortController();
  /** Ends the latest start, which a newer one supersedes wherever it waits. */
  #current = new AbortController();
  #turn: Promise<void> = Promise.resolve();
  #watching = false;
  #paused = false;
  readonly #presence = new AppPresence(
    () => this.#sidecar(),
    () => this.start(),
    this.#closing.signal,
  );

  constructor(sidecar: () => Sidecar) {
    this.#sidecar = sidecar;
  }

  /** The app is there: the next start asks it. */
  meet(): void {
    this.#met = true;
  }

  /**
   * Asks the app which bindings it wants, and reads those. Called again after the app came back or the components
   * changed, it asks anew: what is read already goes on, what is gone or refused ends. Resolves at the first attempt;
   * where the app or a source cannot be reached, others follow in the background.
   */
  start(): Promise<void> {
    if (!this.#watching) this.#watch();
    if (this.#closing.signal.aborted || this.#paused) return Promise.resolve();
    this.#current.abort();
    const current = new AbortController();
    this.#current = current;
    this.#turn = this.#turn
      .then(() => this.#restart(current.signal))
      .catch((error: unknown) => {
        if (!current.signal.aborted) this.#sidecar().log.error(`input bindings: ${reasonOf(error)}`);
      });
    return this.#turn;
  }

  /** While the app's health checks fail nothing is read. */
  #watch(): void {
    this.#watching = true;
    this.#sidecar().app?.watch?.((healthy) => {
      this.#paused = !healthy;
      if (healthy) return void this.start();
      this.#current.abort();
      for (const name of [...this.#reading.keys()]) this.#end(name);
    });
  }

  async #restart(signal: AbortSignal): Promise<void> {
    const sidecar = this.#sidecar();
    const { capabilities, components, log } = sidecar;
    const app = this.#met ? sidecar.app : undefined;
    const byPackages = capabilities?.bindings ?? [];
    if ((app === undefined && byPackages.length === 0 && this.#reading.size === 0) || signal.aborted) return;
    const wanted = [...components.bindings.values()].filter(
      ({ component, resource }) =>
        component.read !== undefined &&
        directionOf(resource).input !== "never" &&
        (app !== undefined || byPackages.includes(resource.name)),
    );
    for (const [name, { opened }] of this.#reading) if (!wanted.includes(opened)) this.#end(name);
    const before = new Set(this.#reading.keys());
    await Promise.all(wanted.map((opened) => this.#attempt(app, opened, signal)));
    const begun = [...this.#reading.keys()].filter((name) => !before.has(name));
    if (begun.length > 0) log.info(`the events of ${begun.join(", ")} are read`);
  }

  /** Resolves after the first attempt; the others follow in the background. */
  async #attempt(
    app: AppChannel | undefined,
    opened: OpenedBinding,
    signal: AbortSignal,
    failures = 0,
  ): Promise<void> {
    try {
      await this.#read(app, opened, signal);
    } catch (error) {
      if (signal.aborted) return;
      const { platform, log } = this.#sidecar();
      const { name } = opened.resource;
      const tell = error instanceof AppUnreachableError || failures > 0 ? log.debug : log.error;
      tell.call(log, `binding ${name} is not read yet; trying again: ${reasonOf(error)}`);
      void sleep(platform.clock, backOffMs(again, failures + 1, platform), signal).then(
        () => this.#attempt(app, opened, signal, failures + 1),
        () => undefined,
      );
    }
  }

  /** Whether the app takes the events of a binding. */
  async #wants(app: AppChannel, { resource }: OpenedBinding, signal: AbortSignal): Promise<boolean> {
    const sidecar = this.#sidecar();
    if (directionOf(resource).input !== "ask") return true;
    const wants = await wantsEvents(app, routeOf(resource), sidecar, signal);
    if (!wants) {
      sidecar.once(
        `the app has not subscribed to binding ${resource.name}: it answers OPTIONS ${routeOf(resource).path} with neither 2xx nor 405 (metadata field direction: input spares the question)`,
      );
    }
    return wants;
  }

  async #read(app: AppChannel | undefined, opened: OpenedBinding, signal: AbortSignal): Promise<void> {
    const sidecar = this.#sidecar();
    const { capabilities } = sidecar;
    const { resource, component } = opened;
    const { name } = resource;
    const to = app !== undefined && (await this.#wants(app, opened, signal)) ? app : undefined;
    if (to === undefined && capabilities?.takes(name) === undefined) return this.#end(name);
    if (signal.aborted) return;
    const reading = this.#reading.get(name);
    if (reading !== undefined) {
      if (reading.byApp === (to !== undefined)) return;
      this.#end(name);
    }
    const patience = new AbortController();
    const delivery =
      to && bindingDelivery(sidecar, to, opened, this.#underWay, this.#presence, patience.signal);
    const handler = withFunctions(name, delivery, capabilities);
    const opening = (component as InputBinding).read(handler);
    const { initTimeoutMs } = resource;
    const reader = await withTimeout(sidecar.platform.clock, initTimeoutMs, opening, () => {
      // Nobody waits for it any more: what opens after all must not stay open.
      opening.then((late) => this.#close(name, late, patience)).catch(() => undefined);
      return new Error(`its source did not open within ${initTimeoutMs} ms`);
    });
    if (!signal.aborted) this.#reading.set(name, { opened, reader, patience, byApp: to !== undefined });
    else this.#close(name, reader, patience);
  }

  #end(name: string): void {
    const reading = this.#reading.get(name);
    if (reading === undefined) return;
    this.#reading.delete(name);
    this.#close(name, reading.reader, reading.patience);
  }

  #close(name: string, reader: BindingReader, patience: AbortController): void {
    patience.abort(new DeliveryEnded());
    const ending = reader.close().catch((error: unknown) => {
      this.#sidecar().log.warn(`binding ${name} did not close: ${reasonOf(error)}`);
    });
    this.#ending.add(ending);
    void ending.then(() => this.#ending.delete(ending));
  }

  /** No new deliveries; those under way are awaited for so long and then cancelled, which leaves them to their source. */
  async close(drainMs: number): Promise<void> {
    this.#closing.abort();
    this.#current.abort();
    for (const name of [...this.#reading.keys()]) this.#end(name);
    const { clock } = this.#sidecar().platform;
    const ended = this.#turn.then(() => Promise.all(this.#ending)).then(() => true);
    const late = async (ms: number) => {
      const stop = new AbortController();
      const timer = sleep(clock, ms, stop.signal).then(
        () => false,
        () => false,
      );
      return await Promise.race([ended, timer]).finally(() => stop.abort());
    };
    if (await late(drainMs)) return;
    for (const call of this.#underWay) call.abort();
    await late(cancelMs);
  }
}
