import { toBase64 } from "../base64.ts";
import type { Message } from "../components/pubsub/pubsub.ts";
import { eventIdField } from "../components/pubsub/raw-payload.ts";
import { joinBytes } from "../join-bytes.ts";

export interface BulkEntry {
  readonly entryId: string;
  readonly message: Message;
}

export interface BulkHead {
  readonly id: string;
  readonly pubsub: string;
  readonly topic: string;
  /** Events are base64 of what was published; else the CloudEvents as they came. */
  readonly raw: boolean;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * The body of a bulk delivery. Events that are JSON go into it as they came, but for what only a lenient reader takes (a
 * byte order mark, bytes that are no UTF-8): it would cost the app those beside it.
 */
export function bulkBody(
  { id, pubsub, topic, raw }: BulkHead,
  entries: readonly BulkEntry[],
): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [];
  const text = (part: string) => parts.push(encoder.encode(part));
  const contentType = raw ? "application/octet-stream" : "application/cloudevents+json";
  const rest = {
    id,
    metadata: { pubsubName: pubsub },
    pubsubname: pubsub,
    topic,
    type: "com.dapr.event.sent.bulk",
  };
  text(`{"entries":[`);
  for (const [i, { entryId, message }] of entries.entries()) {
    const metadata = Object.fromEntries([...message.metadata].filter(([name]) => name !== eventIdField));
    text(`${i === 0 ? "" : ","}{"entryId":${JSON.stringify(entryId)},"event":`);
    if (raw) text(`"${toBase64(message.data)}"`);
    else text(decoder.decode(message.data));
    text(`,"metadata":${JSON.stringify(metadata)},"contentType":"${contentType}"}`);
  }
  text(`],${JSON.stringify(rest).slice(1)}`);
  return joinBytes(parts);
}
