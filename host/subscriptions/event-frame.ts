import { eventIdField } from "../components/pubsub/raw-payload.ts";
import { isWildcard } from "../components/pubsub/wildcard.ts";
import type { Admitted } from "./intake.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Read by nobody: it tells both ends that the other is there. */
export const heartbeat = encoder.encode(":\n\n");

/**
 * One event as server-sent events have it: `id` is what its verdict names, `data` the CloudEvent. What a broker tells
 * of it stands in a field of our own, `delivery`, which other readers pass over.
 */
export function eventFrame(id: string, subscription: string, { message, envelope }: Admitted): Uint8Array {
  const { topic, attempt, contentType } = message;
  const delivery = {
    subscription,
    topic: isWildcard(subscription) ? topic : subscription,
    attempt,
    contentType,
    metadata: Object.fromEntries([...message.metadata].filter(([name]) => name !== eventIdField)),
  };
  const data = decoder.decode(envelope).replace(/\r\n|\r|\n/g, "\ndata: ");
  return encoder.encode(`id: ${id}\ndelivery: ${JSON.stringify(delivery)}\ndata: ${data}\n\n`);
}
