import {
  type BindingHandler,
  type BindingReader,
  type BindingRequest,
  defineBinding,
  type InputBinding,
  type OutputBinding,
} from "../../host/components/bindings/binding.ts";
import { EventQueue } from "../../host/components/bindings/event-queue.ts";
import type { ComponentContext } from "../../host/components/component.ts";
import { text } from "../../host/components/metadata-schema.ts";

/** Nobody on a channel can be held back: what comes on top of so many that wait for the app is lost, and said. */
const mostWaiting = 1_000;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

export const broadcastChannelBinding = defineBinding({
  type: "bindings.broadcastchannel",
  version: "v1",
  summary:
    "A BroadcastChannel of the origin: what scripts say there are events, and `create` says something.",
  metadata: { channel: text("The channel's name; the component's own when left out.") },
  features: ["INPUT_BINDING", "OUTPUT_BINDING"],
  open: async ({ channel }, context) => new Channel(channel || context.name, context),
});

/** Its own messages do not come back to it: a BroadcastChannel never hears itself. */
class Channel implements InputBinding, OutputBinding {
  readonly operations = ["create"];
  readonly #channel: BroadcastChannel;
  readonly #queue: EventQueue;
  readonly #context: ComponentContext;

  constructor(channel: string, context: ComponentContext) {
    this.#context = context;
    this.#queue = new EventQueue(context.platform, mostWaiting);
    this.#channel = new BroadcastChannel(channel);
  }

  async invoke({ data }: BindingRequest): Promise<undefined> {
    this.#channel.postMessage(JSON.parse(decoder.decode(data)));
  }

  async read(handler: BindingHandler): Promise<BindingReader> {
    this.#channel.onmessage = ({ data }) => this.#heard(data);
    return this.#queue.read(handler);
  }

  async close(): Promise<void> {
    this.#channel.close();
    await this.#queue.close();
  }

  #heard(message: unknown): void {
    const { name, log } = this.#context;
    let json: string | undefined;
    try {
      json = JSON.stringify(message);
    } catch {
      // Cycles and big integers.
    }
    if (json === undefined) log.warn(`binding ${name} heard a message that is no JSON; it is left out`);
    else if (!this.#queue.push({ data: encoder.encode(json), metadata: new Map() })) {
      log.error(`binding ${name} lost a message: ${mostWaiting} wait for the app already`);
    }
  }
}
