import {
  type BindingEvent,
  type BindingHandler,
  defineBinding,
  type InputBinding,
  type OutputBinding,
} from "../../host/components/bindings/binding.ts";
import { deliverUntilConsumed } from "../../host/components/bindings/redelivery.ts";
import { text } from "../../host/components/metadata-schema.ts";
import type { Platform } from "../../host/platform.ts";

/** What the test puts in and gets out, by component name. */
export class Source {
  readonly invoked: { readonly name: string; readonly operation: string; readonly data: string }[] = [];
  readonly handlers = new Map<
    string,
    { handler: BindingHandler; stop: AbortController; platform: Platform }
  >();
  readonly closed: string[] = [];
  /** Names of bindings that fail when they are invoked. */
  readonly broken = new Set<string>();

  /** Resolves with the app's answer once the event is consumed. */
  async send(name: string, data: string, metadata: Readonly<Record<string, string>> = {}): Promise<string> {
    const reader = this.handlers.get(name);
    if (reader === undefined) throw new Error(`nobody reads ${name}`);
    const event: BindingEvent = {
      data: new TextEncoder().encode(data),
      metadata: new Map(Object.entries(metadata)),
    };
    const { handler, platform, stop } = reader;
    return new TextDecoder().decode(await deliverUntilConsumed(handler, event, platform, stop.signal));
  }

  /** `bindings.source`: input and output in one, held by the test. */
  readonly definition = defineBinding({
    type: "bindings.source",
    version: "v1",
    summary: "Held by the test.",
    metadata: { label: text("Whatever.") },
    features: ["INPUT_BINDING", "OUTPUT_BINDING"],
    open: async (_, { name, platform }) => new SourceBinding(this, name, platform),
  });
}

class SourceBinding implements InputBinding, OutputBinding {
  readonly operations = ["create"];

  constructor(
    readonly source: Source,
    readonly name: string,
    readonly platform: Platform,
  ) {}

  async invoke({ operation, data }: Parameters<OutputBinding["invoke"]>[0]) {
    if (this.source.broken.has(this.name)) throw new Error(`${this.name} is broken`);
    this.source.invoked.push({ name: this.name, operation, data: new TextDecoder().decode(data) });
    return undefined;
  }

  async read(handler: BindingHandler) {
    const stop = new AbortController();
    const own = { handler, stop, platform: this.platform };
    this.source.handlers.set(this.name, own);
    return {
      close: async () => {
        stop.abort();
        this.source.closed.push(this.name);
        if (this.source.handlers.get(this.name) === own) this.source.handlers.delete(this.name);
      },
    };
  }

  async close() {}
}
