import type { Platform } from "../../platform.ts";
import type { BindingEvent, BindingHandler, BindingReader } from "./binding.ts";
import { deliverUntilConsumed } from "./redelivery.ts";

/**
 * Events of one input binding in memory, handed over in order of arrival: one that is not consumed holds up those
 * behind it.
 */
export class EventQueue {
  readonly #platform: Platform;
  readonly #most: number;
  readonly #events = new Set<BindingEvent>();
  readonly #readers = new Set<BindingReader>();
  /** One reader hands out at a time: the next begins when the one before has ended. */
  #turn: Promise<void> = Promise.resolve();
  #arrived: () => void = () => undefined;

  /** `most`: how many may wait. */
  constructor(platform: Platform, most: number) {
    this.#platform = platform;
    this.#most = most;
  }

  get size(): number {
    return this.#events.size;
  }

  /** False, and nothing done, where no more may wait. */
  push(event: BindingEvent): boolean {
    if (this.#events.size >= this.#most) return false;
    this.#events.add(event);
    this.#arrived();
    return true;
  }

  read(handler: BindingHandler): BindingReader {
    const stop = new AbortController();
    const ended = this.#turn.then(() => this.#run(handler, stop.signal)).catch(() => undefined);
    this.#turn = ended;
    const reader: BindingReader = {
      close: async () => {
        stop.abort();
        this.#arrived();
        await ended;
        this.#readers.delete(reader);
      },
    };
    this.#readers.add(reader);
    return reader;
  }

  /** Ends the readers; awaits what is under way. */
  async close(): Promise<void> {
    await Promise.all([...this.#readers].map((reader) => reader.close()));
  }

  async #run(handler: BindingHandler, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const [event] = this.#events;
      if (event === undefined) {
        await new Promise<void>((resolve) => {
          this.#arrived = resolve;
        });
        continue;
      }
      await deliverUntilConsumed(handler, event, this.#platform, signal);
      this.#events.delete(event);
    }
  }
}
