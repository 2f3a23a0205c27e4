import type { OpenedStore } from "../components/open-component.ts";
import type { OutboxTarget } from "../components/state/outbox-target.ts";
import { ComponentError } from "../errors/component-error.ts";
import type { Sidecar } from "../sidecar.ts";
import { Outbox } from "./outbox.ts";

const encoder = new TextEncoder();
const none: ReadonlyMap<string, string> = new Map();

/** The outboxes of a sidecar's open stores. */
export class Outboxes {
  readonly #open = new Map<OpenedStore, Outbox>();
  #closed = false;

  constructor(readonly sidecar: () => Sidecar) {}

  /** The outbox of a store that has a target. */
  of(opened: OpenedStore): Outbox {
    let outbox = this.#open.get(opened);
    if (outbox === undefined) {
      const { appId, platform, log } = this.sidecar();
      const publish = this.#publish.bind(this);
      outbox = new Outbox(opened, { appId, store: opened.resource.name, platform, log, publish });
      this.#open.set(opened, outbox);
      // The last transactions of a sidecar that stops are kept, and published by the next one.
      if (this.#closed) void outbox.close();
    }
    return outbox;
  }

  /** What earlier instances left in the open stores is published from now on; outboxes of stores that closed end. */
  async refresh(): Promise<void> {
    if (this.#closed) return;
    const { components, log } = this.sidecar();
    const current = new Set<OpenedStore>();
    for (const opened of components.state.values()) {
      if (opened.outbox === undefined) continue;
      current.add(opened);
      this.of(opened);
      const { pubsub } = opened.outbox;
      if (components.pubsub.has(pubsub)) continue;
      log.error(
        `transactions on ${opened.resource.name} are refused: its outbox publishes to pub/sub ${pubsub}, which is not loaded`,
      );
    }
    await this.#end([...this.#open.keys()].filter((store) => !current.has(store)));
  }

  close(): Promise<void> {
    this.#closed = true;
    return this.#end([...this.#open.keys()]);
  }

  async #end(stores: readonly OpenedStore[]): Promise<void> {
    await Promise.all(
      stores.map(async (store) => {
        const outbox = this.#open.get(store);
        this.#open.delete(store);
        await outbox?.close();
      }),
    );
  }

  async #publish({ pubsub, topic }: OutboxTarget, event: string, requestId: string): Promise<void> {
    const opened = this.sidecar().components.pubsub.get(pubsub);
    if (opened === undefined) throw new ComponentError("UNAVAILABLE", `pub/sub ${pubsub} is not loaded`);
    await opened.component.publish({
      topic: opened.access.brokerTopic(topic),
      data: encoder.encode(event),
      contentType: "application/cloudevents+json",
      metadata: none,
      requestId,
    });
  }
}
