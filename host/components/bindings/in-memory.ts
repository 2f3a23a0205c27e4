import { ComponentError } from "../../errors/component-error.ts";
import type { Platform } from "../../platform.ts";
import type { ComponentContext } from "../component.ts";
import {
  type BindingHandler,
  type BindingReader,
  type BindingRequest,
  defineBinding,
  type InputBinding,
  type OutputBinding,
} from "./binding.ts";
import { deliverUntilConsumed } from "./redelivery.ts";

/** Beyond so many that wait, another is refused: who sends is told, and memory does not grow. */
const mostWaiting = 10_000;

export const inMemoryBinding = defineBinding({
  type: "bindings.in-memory",
  version: "v1",
  summary: "A queue in memory: what is sent to it comes back as an event. Gone when the sidecar stops.",
  metadata: {},
  features: ["INPUT_BINDING", "OUTPUT_BINDING"],
  open: async (_, context) => new MemoryQueue(context),
});

class MemoryQueue implements InputBinding, OutputBinding {
  readonly operations = ["create"];
  readonly #context: ComponentContext;
  readonly #platform: Platform;
  readonly #readers = new Set<BindingReader>();
  /** In order of arrival. */
  readonly #events = new Set<BindingRequest>();
  /** One reader hands out at a time: the next begins when the one before has ended. */
  #turn: Promise<void> = Promise.resolve();
  #arrived: () => void = () => undefined;

  constructor(context: ComponentContext) {
    this.#context = context;
    this.#platform = context.platform;
  }

  async invoke(request: BindingRequest): Promise<undefined> {
    if (this.#events.size >= mostWaiting) {
      throw new ComponentError(
        "RESOURCE_EXHAUSTED",
        `${mostWaiting} events wait for the app already; send again when it has taken some`,
      );
    }
    this.#events.add(request);
    this.#arrived();
  }

  async read(handler: BindingHandler): Promise<BindingReader> {
    const stop = new AbortController();
    this.#turn = this.#turn.then(() => this.#run(handler, stop.signal)).catch(() => undefined);
    const ended = this.#turn;
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

  async close(): Promise<void> {
    await Promise.all([...this.#readers].map((reader) => reader.close()));
    const left = this.#events.size;
    if (left > 0) this.#context.log.warn(`binding ${this.#context.name} ends with ${left} events in memory`);
  }

  /** In order: an event that is not consumed holds up those behind it. */
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
