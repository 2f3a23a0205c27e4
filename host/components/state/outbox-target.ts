import { ComponentError } from "../../errors/component-error.ts";
import type { ComponentResource } from "../../resources/component.ts";

/** Where the transactions of a store are told to: the metadata `outboxPublishPubsub` and `outboxPublishTopic`. */
export interface OutboxTarget {
  readonly pubsub: string;
  readonly topic: string;
}

/** Where a store's transactions are published; undefined where they are not. Throws a ComponentError for half a target. */
export function outboxTarget(
  { name, origin }: ComponentResource,
  metadata: ReadonlyMap<string, string>,
  features: readonly string[],
): OutboxTarget | undefined {
  const given = new Map([...metadata].map(([field, value]) => [field.toLowerCase(), value]));
  const pubsub = given.get("outboxpublishpubsub") ?? "";
  const topic = given.get("outboxpublishtopic") ?? "";
  if (pubsub === "" && topic === "") return undefined;
  const refuse = (cause: string) =>
    new ComponentError("INVALID_ARGUMENT", `component ${name} (${origin}): outbox: ${cause}`);
  if (pubsub === "" || topic === "") {
    throw refuse("nothing would be published; give both outboxPublishPubsub and outboxPublishTopic");
  }
  if (!features.includes("TRANSACTIONAL") || !features.includes("ETAG")) {
    throw refuse("it needs a store with transactions and ETags, and this one has not both");
  }
  return { pubsub, topic };
}
