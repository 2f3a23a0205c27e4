import { ComponentError } from "../../errors/component-error.ts";
import type { ComponentContext } from "../component.ts";
import {
  type BindingHandler,
  type BindingReader,
  type BindingRequest,
  defineBinding,
  type InputBinding,
  type OutputBinding,
} from "./binding.ts";
import { EventQueue } from "./event-queue.ts";

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
  readonly #queue: EventQueue;
  readonly #readers = new Set<BindingReader>();
  #handedOn = false;

  constructor(context: ComponentContext) {
    const { platform, predecessor } = context;
    this.#context = context;
    this.#queue =
      predecessor instanceof MemoryQueue ? predecessor.#handOn() : new EventQueue(platform, mostWaiting);
  }

  /** What replaces the component goes on with its events. */
  #handOn(): EventQueue {
    this.#handedOn = true;
    return this.#queue;
  }

  async invoke({ data, metadata }: BindingRequest): Promise<undefined> {
    if (this.#queue.push({ data, metadata })) return;
    throw new ComponentError(
      "RESOURCE_EXHAUSTED",
      `${mostWaiting} events wait for the app already; send again when it has taken some`,
    );
  }

  async read(handler: BindingHandler): Promise<BindingReader> {
    const reader = this.#queue.read(handler);
    this.#readers.add(reader);
    return {
      close: async () => {
        await reader.close();
        this.#readers.delete(reader);
      },
    };
  }

  async close(): Promise<void> {
    await Promise.all([...this.#readers].map((reader) => reader.close()));
    const left = this.#queue.size;
    if (left > 0 && !this.#handedOn)
      this.#context.log.warn(`binding ${this.#context.name} ends with ${left} events in memory`);
  }
}
