import { unwrap } from "idb";
import type { JobContext } from "./event-jobs.ts";
import type { StoredTopic } from "./pubsub-layout.ts";

/** The topics that one transaction touches, with exact counts of their events. */
export class EventTopics {
  readonly #transaction: JobContext["transaction"];
  readonly #topics = new Map<string, Promise<{ next: number; count: number }>>();

  constructor(transaction: JobContext["transaction"]) {
    this.#transaction = transaction;
  }

  /** To be changed in place. */
  topic(name: string): Promise<{ next: number; count: number }> {
    let topic = this.#topics.get(name);
    if (topic === undefined) {
      topic = this.#transaction
        .objectStore("topics")
        .get(name)
        .then((stored) => ({ next: stored?.next ?? 1, count: stored?.count ?? 0 }));
      this.#topics.set(name, topic);
    }
    return topic;
  }

  /** Deletes events that exist. */
  async remove(name: string, places: readonly number[]): Promise<void> {
    const events = unwrap(this.#transaction.objectStore("events"));
    for (const place of places) events.delete([name, place]);
    (await this.topic(name)).count -= places.length;
  }

  /** Writes down what changed; the last thing done in the transaction. */
  async save(): Promise<void> {
    const topics = unwrap(this.#transaction.objectStore("topics"));
    for (const [name, topic] of this.#topics) topics.put((await topic) satisfies StoredTopic, name);
  }
}
