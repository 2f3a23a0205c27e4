import { AppUnreachableError } from "../channel/app-channel.ts";
import { backOffMs } from "../components/pubsub/back-off.ts";
import { reasonOf } from "../errors/reason-of.ts";
import { type LogFields, sleep } from "../platform.ts";
import type { Sidecar } from "../sidecar.ts";

/** Between returns of an app that goes away again and again. */
const backOff = { initialMs: 1_000, maxMs: 30_000 };
/** An app that stayed for so long begins anew. */
const settledMs = 60_000;

/**
 * Whether the app is there, as the last delivery found it. While it is away, its channel is asked when it returns,
 * where the channel can tell: what waits for it is due then, and not only after its back-off.
 */
export class AppPresence {
  #away = false;
  #watching = false;
  #returns = 0;
  #returnedAt = Number.NEGATIVE_INFINITY;

  /** `start` asks it anew what it wants; for subscriptions that makes due what waits. */
  constructor(
    readonly sidecar: () => Sidecar,
    readonly start: () => Promise<void>,
    readonly closing: AbortSignal,
  ) {}

  /** An event did not reach it, or its answer broke off: news once, however many events wait. */
  lost(source: string, error: unknown, fields: LogFields): void {
    const { log } = this.sidecar();
    const why = reasonOf(error);
    const sentence = `the app cannot be reached with an event of ${source}, which waits: ${why}`;
    if (this.#away) log.debug(sentence, fields);
    else log.warn(sentence, fields);
    this.#away = true;
    // A call that broke off may have found it alive: only the event's own back-off keeps that from going in circles.
    if (!(error instanceof AppUnreachableError) || error.sent || this.#watching) return;
    this.#watching = true;
    this.#watch()
      .catch((cause: unknown) => {
        if (!this.closing.aborted) log.warn(`the app's return was not noticed: ${String(cause)}`);
      })
      .finally(() => {
        this.#watching = false;
      });
  }

  /** An event reached it. */
  found(): void {
    if (!this.#away) return;
    this.#away = false;
    this.sidecar().log.info("the app takes events again");
  }

  async #watch(): Promise<void> {
    const { app, platform } = this.sidecar();
    if (app?.returned === undefined) return;
    const { clock } = platform;
    if (clock.now() - this.#returnedAt > settledMs) this.#returns = 0;
    if (this.#returns > 0) await sleep(clock, backOffMs(backOff, this.#returns, platform), this.closing);
    await app.returned(this.closing);
    this.#returns++;
    this.#returnedAt = clock.now();
    await this.start();
  }
}
